"""Translations by an encoder–decoder: the target that a model makes of a source. Numpy only."""
