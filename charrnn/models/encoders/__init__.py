"""Encoders: a source in, a vector for each of its symbols out."""
