"""Generate text with a trained model, in numpy, without torch."""
