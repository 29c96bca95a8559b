"""What the choices of sizes share: tables by size or time, and what decided."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

_Row = TypeVar("_Row", bound=tuple[Any, ...])


def row(table: Sequence[_Row], number: float) -> _Row:
    """Return the first row whose first entry is at most `number`; the last row begins at 0."""
    return next(each for each in table if number >= each[0])


def time_for(epochs: float) -> str:
    """Return how many epochs there is time for, in two digits: it is only known roughly."""
    rounded = f"{epochs:.2g}" if epochs < 100 else f"{epochs:,.0f}"
    return f"enough time for {rounded} epoch{'' if rounded == '1' else 's'}"


def reason(given: Mapping[str, Any], examples: str, device: str, epochs: float | None) -> str:
    """Return what decided the sizes: a number of "pairs", for instance, or the time for epochs."""
    if "hidden_size" in given:
        return "as given"
    if epochs is None:
        return f"for {examples} on {device}"
    return time_for(epochs)
