"""Pairs: a source and its target."""
