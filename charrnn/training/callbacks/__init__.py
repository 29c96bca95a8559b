"""Callbacks of the trainer, one module each."""
