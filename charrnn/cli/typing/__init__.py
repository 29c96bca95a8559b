"""The commands that help while a person types: suggest and write."""
