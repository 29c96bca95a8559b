"""Which samples are wanted: whole ones, new ones, distinct ones, those that match a pattern."""

import re
from collections import Counter, deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from charrnn.errors import UsageError

PATIENCE = 20_000  # samples refused in a row before the search is given up
WORTH = 100  # of those that were said before, a new one makes up for so many
_NUM_RECENT = 100  # that passed, which tell how many still do

_TOO_LONG, _NO_MATCH, _COPY = "longer than --length", "without a match", "copying the corpus"
_SAID_BEFORE, _NOT_ONE = "said before", "more than one record"
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
    copies: Callable[[str], bool] | None = None  # whether too much of a text is not new
    unique: bool = False
    whole: bool = False  # not cut off at its length
    end: str = ""  # what a record ends with, and so never has within
    patience: int | None = None  # `PATIENCE` by default
    refused: Counter[str] = field(default_factory=Counter)
    tried: int = 0  # since the search began
    in_a_row: int = 0  # refused since the last one passed
    _stale: int = 0  # said before, less what new ones make up for
    _recent: deque[int] = field(default_factory=lambda: deque(maxlen=_NUM_RECENT))
    _seen: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Another search begins, with all its patience."""
        self.tried = self.in_a_row = self._stale = 0
        self._recent.clear()

    def passes(self, prompt: str, said: str, *, is_whole: bool) -> bool:
        """Whether a sample is wanted: a prompt and what was said after it."""
        self.tried += 1
        reason = self._reason(prompt + said, said, is_whole)
        if reason is None:
            self.in_a_row = 0
            self._stale = max(0, self._stale - WORTH)
            self._recent.append(self.tried)
            return True
        self.refused[reason] += 1
        self.in_a_row += 1
        self._stale += reason == _SAID_BEFORE
        return False

    def _reason(self, text: str, said: str, is_whole: bool) -> str | None:
        if self.whole and not is_whole:
            return _TOO_LONG
        if self.end and self.end in text:
            return _NOT_ONE
        if self.match is not None and not self.match.search(text):
            return _NO_MATCH
        if text in self.known:
            return "in the corpus"
        if self.copies is not None and self.copies(said):
            return _COPY
        if self.unique:
            if text in self._seen:
                return _SAID_BEFORE
            self._seen.add(text)
        return None

    @property
    def has_given_up(self) -> bool:
        """Whether so many were refused that there may be no more to find."""
        return max(self.in_a_row, self._stale) >= self.limit

    @property
    def limit(self) -> int:
        """How many are refused in a row before the search is given up."""
        return PATIENCE if self.patience is None else self.patience

    @property
    def why(self) -> str:
        """Why the search was given up."""
        if self.in_a_row >= self.limit:
            return f"the last {self.in_a_row:,} were refused"
        return f"hardly one in {WORTH} of the last {self.limit:,} was new"

    def tries_left(self, num_left: int) -> int | None:
        """How many more samples it may take to find so many, by how many of late were tried for
        each that passed; None where none passed yet.
        """
        if not self._recent:
            return None
        since = self.tried - self._recent[0] if len(self._recent) == _NUM_RECENT else self.tried
        return round(num_left * since / len(self._recent))

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
    """Compile a regular expression. Raises `UsageError` where it is not valid."""
    try:
        return re.compile(typed)
    except re.error as error:
        raise UsageError(
            f"--match {typed!r} is not a valid regular expression: {error}", "see: pydoc re"
        ) from error
