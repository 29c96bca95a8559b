"""The sample filter: keeps samples that are whole, new, distinct, or that match a pattern."""

import re
from collections import Counter, deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from charrnn.errors import ExhaustedError, SettingError

PATIENCE = 20_000  # rejections in a row before the search stops
REPEATS = 100  # one new sample outweighs so many repeated ones
_NUM_RECENT = 100  # of the accepted, to estimate how many samples are still to be tried

_TOO_LONG, _NO_MATCH, _COPY = (
    "longer than the length limit",
    "without a match",
    "copying the corpus",
)
_IN_CORPUS, _REPEATED, _SEVERAL = "in the corpus", "repeated", "with more than one record"
_HINTS = {  # a hint, and the settings that it names
    _TOO_LONG: ("a greater length lets them end", "length"),
    _NO_MATCH: ("loosen match, or start with a prompt", "match", "prompt"),
    _COPY: (
        "a greater novel_chars or a higher temperature finds more",
        "novel_chars",
        "temperature",
    ),
}
_DEFAULT_HINT = ("a higher temperature finds more", "temperature")


@dataclass
class SampleFilter:
    """Accepts samples, and counts why it rejected the others."""

    match: re.Pattern[str] | None = None  # searched anywhere in the sample
    known: Container[str] = ()  # texts that are not new
    copies: Callable[[str], bool] | None = None  # whether a text copies too much
    unique: bool = False
    whole: bool = False  # reject samples that were cut off at their length
    end: str = ""  # what ends a record: a sample that holds it is more than one
    patience: int = field(default_factory=lambda: PATIENCE)
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    num_tried: int = 0  # since the search began
    num_in_a_row: int = 0  # rejected since the last accepted one
    _staleness: int = 0  # repeated samples, less what new ones outweigh
    _recent: deque[int] = field(default_factory=lambda: deque(maxlen=_NUM_RECENT))
    _seen: set[str] = field(default_factory=set)

    def start_search(self) -> None:
        """Begin another search, with all patience."""
        self.num_tried = self.num_in_a_row = self._staleness = 0
        self._recent.clear()

    def accepts(self, prompt: str, text: str, *, is_whole: bool) -> bool:
        """Whether to keep a sample: a prompt and the text after it."""
        self.num_tried += 1
        reason = self._reason(prompt + text, text, is_whole)
        if reason is None:
            self.num_in_a_row = 0
            self._staleness = max(0, self._staleness - REPEATS)
            self._recent.append(self.num_tried)
            return True
        self.rejected[reason] += 1
        self.num_in_a_row += 1
        self._staleness += reason == _REPEATED
        return False

    def _reason(self, whole_text: str, text: str, is_whole: bool) -> str | None:
        """Return why a sample is rejected, or None."""
        if self.whole and not is_whole:
            return _TOO_LONG
        if self.end and self.end in whole_text:
            return _SEVERAL
        if self.match is not None and not self.match.search(whole_text):
            return _NO_MATCH
        if whole_text in self.known:
            return _IN_CORPUS
        if self.copies is not None and self.copies(text):
            return _COPY
        if self.unique:
            if whole_text in self._seen:
                return _REPEATED
            self._seen.add(whole_text)
        return None

    @property
    def is_exhausted(self) -> bool:
        """Whether so many samples were rejected that the search should stop."""
        return max(self.num_in_a_row, self._staleness) >= self.patience

    @property
    def why_exhausted(self) -> str:
        """Return why the search stopped."""
        if self.num_in_a_row >= self.patience:
            return f"the last {self.num_in_a_row:,} were rejected, most often {self._main_reason}"
        return f"fewer than 1 in {REPEATS} of the last {self.patience:,} were new"

    def exhausted(self, num_found: int, num_wanted: int | None, *, why: str) -> ExhaustedError:
        """Return the error of a search that stopped; `num_wanted` is None for one without end."""
        found = f"{num_found:,}" if num_found else "none"
        of = "" if num_wanted is None else f" of {num_wanted:,}"
        hint = _HINTS.get(self._main_reason, _DEFAULT_HINT)
        return ExhaustedError(f"found {found}{of}: {why}", *hint)

    @property
    def _main_reason(self) -> str:
        return max(self.rejected, key=lambda reason: self.rejected[reason], default="")

    def tries_left(self, num_left: int) -> int | None:
        """Estimate how many more samples to try for so many accepted ones, from the latest accepted
        ones; None if none was accepted yet.
        """
        if not self._recent:
            return None
        is_full = len(self._recent) == _NUM_RECENT
        since = self.num_tried - self._recent[0] if is_full else self.num_tried
        return round(num_left * since / len(self._recent))

    def summary(self, num_written: int) -> str:
        """Return how many were written, and how many rejected for each reason."""
        reasons = [f"{count:,} {reason}" for reason, count in self.rejected.most_common()]
        return f"{num_written:,} written; rejected: {', '.join(reasons) or 'none'}"


def pattern(regex: str) -> re.Pattern[str]:
    """Compile a regular expression. Raises `SettingError` if it is not valid."""
    try:
        return re.compile(regex)
    except re.error as error:
        raise SettingError(
            f"match {regex!r} is not a valid regular expression: {error}", "see: pydoc re", "match"
        ) from error
