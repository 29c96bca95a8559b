"""Charts, heatmaps and alignments, in the terminal and as files."""
