"""Magpie: a chat model writes the user's turn by itself, when it is shown its own chat template."""
