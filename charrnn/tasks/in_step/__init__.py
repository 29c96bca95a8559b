"""In step: a decision on each symbol of a text."""
