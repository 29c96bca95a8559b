"""Which samples are wanted: whole ones, new ones, distinct ones, those that match a pattern."""

import re
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from charrnn.errors import UsageError

PATIENCE = 20_000  # samples refused in a row before the search is given up

_TOO_LONG, _NO_MATCH, _COPY = "longer than --length", "without a match", "copying the corpus"
_ADVICE = {
    _TOO_LONG: "a greater --length lets them end",
    _NO_MATCH: "a --match that more samples fit, or a --prompt that begins as it does, finds more",
    _COPY: "a greater N or a higher --temp finds more",
}


@dataclass
class Sieve:
    """Lets samples pass, and counts why the others did not."""

    match: re.Pattern[str] | None = None  # found anywhere in the sample
    known: Container[str] = ()  # what is not new
    copies: Callable[[str], bool] | None = None  # whether too much of a sample is not new
    unique: bool = False
    whole: bool = False  # not cut off at its length
    patience: int | None = None  # `PATIENCE` by default
    refused: Counter[str] = field(default_factory=Counter)
    in_a_row: int = 0  # refused since the last one passed
    _seen: set[str] = field(default_factory=set)

    def passes(self, text: str, *, is_whole: bool) -> bool:
        """Whether a sample is wanted."""
        reason = self._reason(text, is_whole)
        if reason is None:
            self.in_a_row = 0
            return True
        self.refused[reason] += 1
        self.in_a_row += 1
        return False

    def _reason(self, text: str, is_whole: bool) -> str | None:
        if self.whole and not is_whole:
            return _TOO_LONG
        if self.match is not None and not self.match.search(text):
            return _NO_MATCH
        if text in self.known:
            return "in the corpus"
        if self.copies is not None and self.copies(text):
            return _COPY
        if self.unique:
            if text in self._seen:
                return "said before"
            self._seen.add(text)
        return None

    @property
    def has_given_up(self) -> bool:
        """Whether so many were refused in a row that there may be no more to find."""
        return self.in_a_row >= self.limit

    @property
    def limit(self) -> int:
        """How many are refused in a row before the search is given up."""
        return PATIENCE if self.patience is None else self.patience

    @property
    def advice(self) -> str:
        """What lets more pass, by why most did not."""
        reason = max(self.refused, key=lambda reason: self.refused[reason], default="")
        return _ADVICE.get(reason, "a higher --temp finds more")

    def summary(self, num_passed: int) -> str:
        """How many passed, and why the others did not."""
        reasons = [f"{count:,} {reason}" for reason, count in self.refused.most_common()]
        return f"{num_passed:,} written; refused: {', '.join(reasons) or 'none'}"


def pattern(typed: str) -> re.Pattern[str]:
    """The regular expression. Raises `UsageError` where it is none."""
    try:
        return re.compile(typed)
    except re.error as error:
        raise UsageError(
            f"--match {typed!r} is no regular expression: {error}", "see: pydoc re"
        ) from error
