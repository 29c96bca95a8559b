"""The tagger: a text in, a decision on each of its symbols out."""
