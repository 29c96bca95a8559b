"""Captions: of a picture."""
