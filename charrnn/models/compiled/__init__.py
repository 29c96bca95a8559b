"""The step of a language model in C, and what lays the weights out for it."""
