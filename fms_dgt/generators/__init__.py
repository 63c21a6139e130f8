"""Generators: one module a model backend. They know the nouns and nothing of each other."""
