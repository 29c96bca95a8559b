"""What helps while a person types: suggestions, corrections, and states kept along a text."""
