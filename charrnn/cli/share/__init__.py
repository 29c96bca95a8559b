"""The commands that take a voice elsewhere."""
