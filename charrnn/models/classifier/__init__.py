"""The classifier: a text in, one label out."""
