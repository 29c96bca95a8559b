"""Labels: of a text, and a text of a given one."""
