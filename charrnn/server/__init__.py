"""Loaded models behind HTTP: the completions interface that clients of language models speak."""
