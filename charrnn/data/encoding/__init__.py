"""Text on disk → ids on disk: two passes over a corpus of any size, shared among the cores."""
