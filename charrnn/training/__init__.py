"""Train a network: the loop, the optimiser, the clock, and what happens around them."""
