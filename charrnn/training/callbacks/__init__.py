"""What happens around the steps of a run: one module a callback."""
