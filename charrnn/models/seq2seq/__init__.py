"""The encoder–decoder: a source in, a target out."""
