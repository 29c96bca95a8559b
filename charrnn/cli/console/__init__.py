"""What a person sees: notes, progress, tables, generated text, all safe for a terminal.

What was asked for goes to stdout: text, tables, JSON; all else to stderr. Nothing from a model or a
corpus reaches a terminal as anything but visible characters.
"""
