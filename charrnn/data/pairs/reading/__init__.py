"""Files of pairs, read once: checked, counted, and put aside on the disk."""
