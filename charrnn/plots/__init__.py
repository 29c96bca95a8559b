"""Line charts and heat maps, in the terminal and as files."""
