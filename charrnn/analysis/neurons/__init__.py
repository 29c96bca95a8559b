"""What the units of a model follow: features of a text, labels of texts."""
