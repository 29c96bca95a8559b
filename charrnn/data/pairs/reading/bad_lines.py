"""Lines that are no pair: counted, and the first of them named."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from charrnn._text import number_of, some
from charrnn.errors import CorpusError

_NUM_NAMED = 3  # of each problem
_MANY = 1000  # bad lines: if none is allowed, no more are looked for


class NotPairsError(CorpusError):
    """Files that are there, but do not hold pairs as they should."""


class Problem(NamedTuple):
    """Why a line is no pair, and what to do about it besides leaving it out."""

    what: str
    remedy: str = "mend it"
    fields: tuple[str, ...] = ()  # the settings that the remedy names


@dataclass
class BadLines:
    """The bad lines of some files, by what is wrong with them."""

    are_skipped: bool
    counts: Counter[Problem] = field(default_factory=Counter)
    _places: dict[Problem, list[str]] = field(default_factory=dict)
    _first: tuple[str, Problem, str] | None = None

    @property
    def num(self) -> int:
        """How many there are."""
        return self.counts.total()

    def add(self, label: str, line: int, problem: Problem, *, seen: str = "") -> None:
        """Note a bad line, and what was seen in it. Raises the error of `require_none` once there
        are very many.
        """
        self.counts[problem] += 1
        places = self._places.setdefault(problem, [])
        if len(places) <= _NUM_NAMED:  # one more, for the dots
            places.append(f"{label} line {line}")
        if self._first is None:
            self._first = f"{label}, line {line}", problem, f" ({seen})" if seen else ""
        if self.num == _MANY and not self.are_skipped:
            raise self._error(f"{_MANY:,} bad lines or more")

    def require_none(self) -> None:
        """Raise `NotPairsError` for the first bad line, with their number, unless bad lines are
        skipped.
        """
        if self.num and not self.are_skipped:
            raise self._error(number_of(self.num, "bad line"))

    def first_problem(self) -> str:
        """Return where the first bad line is and what is wrong with it; "" without any."""
        if self._first is None:
            return ""
        place, problem, seen = self._first
        return f"{place}: {problem.what}{seen}"

    def _error(self, how_many: str) -> NotPairsError:
        assert self._first is not None
        place, problem, seen = self._first
        among = "" if self.num == 1 else f", the first of {how_many}"
        return NotPairsError(
            f"{place}{among}: {problem.what}{seen}",
            f"{problem.remedy}, or leave such lines out with errors skip",
            *problem.fields,
            "errors",
        )

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each kind of problem, with the first few lines."""
        for problem, count in self.counts.items():
            lines = some(self._places[problem], _NUM_NAMED)
            yield f"skipped {number_of(count, 'line')} ({problem.what}): {lines}"
