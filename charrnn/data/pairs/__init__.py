"""Pairs of texts, a source and its target: read from tables, encoded to disk, cut into batches."""
