"""Analyses of a trained model: scores, baselines, neurons, context, copies of the corpus."""
