"""Pairs of a picture and its caption: what they have besides texts."""
