"""Numbers and names in a sentence."""

from collections.abc import Iterable


def number_of(count: int, thing: str) -> str:
    """1 character, 2,000 characters."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def some(names: Iterable[str], most: int = 3) -> str:
    """The first names, and whether there are more: a, b, c, …"""
    names = list(names)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
