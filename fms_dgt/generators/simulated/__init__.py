"""Answers without a model, made from the request alone."""
