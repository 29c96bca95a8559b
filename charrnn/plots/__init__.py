"""Line charts and heatmaps, in the terminal and as files."""
