"""The commands that keep track of runs."""
