"""Models of pairs to compare with, trained by `python -m rivals` (see `__main__.py`)."""
