"""What commands that know several tasks do with runs of pairs and of labels."""
