"""How much of a text is new, and how much is quoted from the corpus: exactly.

A text is given in a model's characters (of a model of bytes, a character for each byte).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from charrnn._text import Reporter
from charrnn.data.corpus import folders_of
from charrnn.data.reload import reload
from charrnn.data.text_index import TextIndex, is_known, is_letter
from charrnn.data.vocab import code_points
from charrnn.runs.header import CheckpointHeader

LEAST_COPY = 30  # characters in a row that two texts hardly share by chance


def index_of(header: CheckpointHeader, *, reporter: Reporter | None = None) -> TextIndex:
    """Return the index of the corpus that a run learned from, made now if there is none yet.

    If the corpus is gone or has changed, its encoded copy is used. Raises `CorpusError` if there is
    neither, `StorageError` if the disk has no room for an index.
    """
    reporter = reporter or Reporter()
    with folders_of(header.path) as folders:
        corpus = reload(header.corpus_reference, folders, keep_corpus=True, reporter=reporter)
        reporter.end_progress()
        index = TextIndex.of(
            corpus.ids,
            corpus.vocab,
            corpus.sha256,
            cache=folders.cache,
            progress=reporter.show_reading,
        )
    reporter.end_progress()
    return index


@dataclass(frozen=True)
class Quotation:
    """Characters in a row that the corpus has too."""

    text: str
    start: int  # in the text, from 0
    place: int  # in the corpus, from 0: its first occurrence
    line: int  # of the corpus, from 1


@dataclass(frozen=True)
class CopyReport:
    """What is new in a text, and what is copied."""

    num_chars: int
    longest_copy: Quotation | None  # None if the corpus has no character of the text
    num_copied: int  # characters in copies of at least `LEAST_COPY` characters
    words: tuple[str, ...]  # distinct ones, in the order of the text
    new_words: tuple[str, ...]  # those that the corpus does not have, whatever their capitals


def copy_report(
    index: TextIndex, text: str, *, begins_word: bool = True, ends_word: bool = True
) -> CopyReport:
    """Compare a text with a corpus.

    Where the text begins or ends within a word, `begins_word` or `ends_word` is False, and that
    word is not counted.
    """
    words = _words(index, text, begins_word=begins_word, ends_word=ends_word)
    return CopyReport(
        num_chars=len(text),
        longest_copy=_Copies(index, text).longest(),
        num_copied=num_copied(index, text, LEAST_COPY),
        words=words,
        new_words=tuple(word for word in words if _is_new(index, word)),
    )


def together(reports: Sequence[CopyReport]) -> CopyReport:
    """Add up the reports of several texts; the longest copy is that of all."""
    quoted = [report.longest_copy for report in reports if report.longest_copy is not None]
    return CopyReport(
        num_chars=sum(report.num_chars for report in reports),
        longest_copy=max(quoted, key=lambda one: len(one.text), default=None),
        num_copied=sum(report.num_copied for report in reports),
        words=_distinct(word for report in reports for word in report.words),
        new_words=_distinct(word for report in reports for word in report.new_words),
    )


def copies(index: TextIndex, text: str, length: int) -> bool:
    """Whether a text copies at least `length` characters in a row (at least one)."""
    return _Copies(index, text).find(0, length) is not None


def num_copied(index: TextIndex, text: str, length: int) -> int:
    """Return how many characters of a text lie in copies of at least `length` characters."""
    copies = _Copies(index, text)
    is_copied = np.zeros(len(text), bool)
    begin = 0
    while (start := copies.find(begin, length)) is not None:
        is_copied[start : start + length] = True
        begin = start + 1
    return int(is_copied.sum())


class _Copies:
    """The pieces of a text that the corpus has."""

    def __init__(self, index: TextIndex, text: str) -> None:
        self._index, self._text = index, text
        ids = index.vocab.ids_of(code_points(text))
        self._ids = ids.astype(index.ids.dtype)
        unknown = np.flatnonzero(~is_known(ids, index.vocab))
        self._unknown = [*unknown.tolist(), len(ids)]  # the end too can be in no copy

    def longest(self) -> Quotation | None:
        """Return the longest copy, the first of several."""
        begin = length = 0
        while (longer := self.find(begin, length + 1)) is not None:
            begin, length = longer, self._extent(longer, length + 1)
        place = self._index.first(self._ids[begin : begin + length]) if length else None
        if place is None:
            return None
        text = self._text[begin : begin + length]
        return Quotation(text, begin, place, self._index.line_of(place))

    def find(self, begin: int, length: int) -> int | None:
        """Return where the next copy of `length` characters starts, at `begin` or later.

        If the second half of a piece is not in the corpus, no piece that holds this half is.
        """
        half = (length + 1) // 2
        while begin + length <= len(self._ids):
            if not self._has(begin + length - half, half):
                begin += length - half + 1
            elif self._has(begin, length):
                return begin
            else:
                begin += 1
        return None

    def _extent(self, begin: int, length: int) -> int:
        """Return the length of the longest copy from `begin`, given that `length` is one."""
        longer = range(length + 1, len(self._ids) - begin + 1)
        return length + bisect_left(longer, True, key=lambda n: not self._has(begin, n))

    def _has(self, begin: int, length: int) -> bool:
        next_unknown = self._unknown[bisect_left(self._unknown, begin)]
        piece = self._ids[begin : begin + length]
        return begin + length <= next_unknown and self._index.has(piece)


def _words(index: TextIndex, text: str, *, begins_word: bool, ends_word: bool) -> tuple[str, ...]:
    """Return the distinct words of a text: its runs of letters."""
    groups = groupby(text, lambda character: is_letter(character, index.vocab))
    runs = [(is_word, "".join(run)) for is_word, run in groups]
    runs = runs[0 if begins_word else 1 :]
    runs = runs[: None if ends_word else -1]
    return _distinct(run for is_word, run in runs if is_word)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _is_new(index: TextIndex, word: str) -> bool:
    """Whether the corpus has a word in none of its usual spellings, with and without capitals."""
    spellings = (
        {word} if index.vocab.is_bytes else {word, word.lower(), word.upper(), word.capitalize()}
    )
    return not any(index.has_word(spelling) for spelling in spellings)
