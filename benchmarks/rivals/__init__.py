"""Models to compare with: of pairs (`python -m rivals`, see `__main__.py`), and of labels."""
