"""Data builders: one folder each, with its code, its defaults and its prompts."""
