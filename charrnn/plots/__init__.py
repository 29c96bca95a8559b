"""Charts, heatmaps, alignments and unrolled networks, in the terminal and as files."""
