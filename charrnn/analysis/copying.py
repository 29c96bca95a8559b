"""How much of a text is invention, and how much a quotation of the corpus: exactly.

A text is given in a model's characters (of a model of bytes, a character for each byte). All that
is told holds of every copy, however long or short, and however often the corpus repeats itself.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from charrnn.data.suffix_array import DEPTH
from charrnn.data.text_index import Index, is_known, is_letter
from charrnn.data.vocab import code_points

LEAST_COPY = 30  # characters in a row that two texts hardly share by chance
_MANY = 4096  # places that are tried one by one, before the corpus is searched from end to end


@dataclass(frozen=True)
class Quotation:
    """A run of characters that stands in the corpus too."""

    text: str
    start: int  # in the text, from 0
    place: int  # in the corpus, from 0: where it stands first
    line: int  # of the corpus, from 1


@dataclass(frozen=True)
class Report:
    """What in a text is new, and what is not."""

    num_chars: int
    longest_copy: Quotation | None  # None where no character stands in the corpus
    num_copied: int  # characters that lie in copies of at least `LEAST_COPY`
    words: tuple[str, ...]  # different ones, in the order of the text
    new_words: tuple[str, ...]  # those that the corpus never has, whatever the capitals


def report(index: Index, text: str, *, begins_word: bool = True, ends_word: bool = True) -> Report:
    """What in a text is new, and what is not.

    A text may go on within a word of what was before it, or be cut off within one: where it does
    not begin or end a word, such a first or last one is not counted.
    """
    sought = _Sought(index, text)
    words = _words(index, text, begins_word=begins_word, ends_word=ends_word)
    return Report(
        num_chars=len(text),
        longest_copy=sought.longest(),
        num_copied=sought.num_copied(LEAST_COPY),
        words=words,
        new_words=tuple(word for word in words if _is_new(index, word)),
    )


def together(reports: Sequence[Report]) -> Report:
    """What in several texts is new, and what is not: their sums, and the longest copy of all."""
    quoted = [report.longest_copy for report in reports if report.longest_copy is not None]
    return Report(
        num_chars=sum(report.num_chars for report in reports),
        longest_copy=max(quoted, key=lambda one: len(one.text), default=None),
        num_copied=sum(report.num_copied for report in reports),
        words=_distinct(word for report in reports for word in report.words),
        new_words=_distinct(word for report in reports for word in report.new_words),
    )


def copies(index: Index, text: str, length: int) -> bool:
    """Whether so many characters in a row (at least one) are copied from the corpus, or more."""
    return _Sought(index, text).next_copy(0, length) is not None


class _Sought:
    """A text whose pieces are looked for in a corpus."""

    def __init__(self, index: Index, text: str) -> None:
        self._index, self._text = index, text
        ids = index.vocab.ids_of(code_points(text))
        self._is_known = is_known(ids, index.vocab)
        self._ids = ids.astype(index.ids.dtype)
        self._bytes = self._ids.tobytes()
        self._reach = DEPTH // self._ids.itemsize  # characters that the index looks ahead
        self._ranges: dict[int, tuple[int, int]] = {}  # of as many, by where they begin
        self._found: dict[bytes, int | None] = {}

    def longest(self) -> Quotation | None:
        """The longest copy, the first of several."""
        start = length = 0
        while (found := self.next_copy(start, length + 1)) is not None:
            start, length = found, self._extent(found, length + 1)
        if length == 0:
            return None
        place = self._first_place(start, length)
        text = self._text[start : start + length]
        return Quotation(text, start, place, self._index.line_of(place))

    def num_copied(self, length: int) -> int:
        """How many characters lie in copies of that length or more."""
        is_copied = np.zeros(len(self._ids), bool)
        start = 0
        while (found := self.next_copy(start, length)) is not None:
            start = found + 1
            is_copied[found : found + length] = True
        return int(is_copied.sum())

    def next_copy(self, start: int, length: int) -> int | None:
        """Where the next piece of that length begins, at `start` or later, that the corpus has.

        Where a stretch of a piece is nowhere in the corpus, no piece that holds it is: then the
        next to be looked for begins past its first character.
        """
        half = min(self._reach, (length + 1) // 2)
        while start + length <= len(self._ids):
            if self._is_absent(start + length - half, half):
                start += length - half + 1
                continue
            low, high, offset = self._rarest(start, length)
            if low == high:
                start += offset + 1
            elif self._has(start, length):
                return start
            else:
                start += 1
        return None

    def _extent(self, start: int, length: int) -> int:
        """How long a copy that begins at `start` can be, where that length is one."""
        longer = range(length + 1, len(self._ids) - start + 1)
        return length + bisect_left(longer, True, key=lambda n: not self._has(start, n))

    def _is_absent(self, start: int, length: int) -> bool:
        low, high, _ = self._rarest(start, length)
        return low == high

    def _has(self, start: int, length: int) -> bool:
        """Whether the corpus has a piece of the text."""
        low, high, offset = self._rarest(start, length)
        piece = self._piece(start, length)
        if piece in self._found:
            return self._found[piece] is not None
        for k in range(low, min(high, low + _MANY)):
            if self._index.has_at(int(self._index.places[k]) - offset, piece):
                return True
        return high - low > _MANY and self._searched(piece) is not None

    def _piece(self, start: int, length: int) -> bytes:
        size = self._ids.itemsize
        return self._bytes[size * start : size * (start + length)]

    def _rarest(self, start: int, length: int) -> tuple[int, int, int]:
        """Of all the stretches in a piece that the index can look for, the range of the rarest,
        and how far into the piece it begins.
        """
        best = 0, len(self._index.places), 0
        width = min(length, self._reach)
        for offset in range(length - width, -1, -1):
            low, high = self._range(start + offset, width)
            if high - low <= best[1] - best[0]:
                best = low, high, offset
            if low == high:
                break
        return best

    def _range(self, start: int, length: int) -> tuple[int, int]:
        """Where a stretch stands among the sorted places; nowhere, if the corpus cannot have it."""
        if length == self._reach and start in self._ranges:
            return self._ranges[start]
        found = 0, 0
        if self._is_known[start : start + length].all():
            found = self._index.range_of(self._piece(start, length))
        if length == self._reach:
            self._ranges[start] = found
        return found

    def _searched(self, piece: bytes) -> int | None:
        """The first place of a piece, by reading the whole corpus, once."""
        if piece not in self._found:
            self._found[piece] = self._index.search(piece)
        return self._found[piece]

    def _first_place(self, start: int, length: int) -> int:
        """The first place in the corpus of a piece that it has."""
        piece = self._piece(start, length)
        low, high, offset = self._rarest(start, length)
        if length > self._reach and high - low > _MANY:
            return self._searched(piece) or 0
        first = len(self._index.ids)
        for places in self._index.candidates(low, high):
            for place in np.sort(places - offset).tolist():
                if place >= first:
                    break
                if self._index.has_at(place, piece):
                    first = place
        return first


def _words(index: Index, text: str, *, begins_word: bool, ends_word: bool) -> tuple[str, ...]:
    """The different words of a text: its runs of letters."""
    groups = groupby(text, lambda character: is_letter(character, index.vocab))
    runs = [(is_word, "".join(run)) for is_word, run in groups]
    runs = runs[0 if begins_word else 1 :]
    runs = runs[: None if ends_word else -1]
    return _distinct(run for is_word, run in runs if is_word)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _is_new(index: Index, word: str) -> bool:
    """Whether the corpus has a word in none of its usual spellings, with and without capitals."""
    spellings = (
        {word} if index.vocab.is_bytes else {word, word.lower(), word.upper(), word.capitalize()}
    )
    return not any(index.has_word(spelling) for spelling in spellings)
