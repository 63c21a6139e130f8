"""Evol-Instruct: instructions, or answers, that get harder or better from generation to generation."""
