"""The command line: commands, flags, and all that a person sees."""
