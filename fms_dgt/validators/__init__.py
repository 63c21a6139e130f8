"""Validators: what measures a row, by a model or by plain code."""
