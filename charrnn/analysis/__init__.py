"""What a trained model does: how well it expects a text, what its units follow, what it copies."""
