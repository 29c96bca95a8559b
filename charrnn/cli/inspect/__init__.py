"""The commands that look inside a model: which units follow what, how far back it looks."""
