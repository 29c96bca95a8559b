"""A text of many small texts: one in each line (names, molecules), or between blank lines (tunes).

A line of white space is blank: it is no record, and it ends one. So does the end of a file. All
else of a record is kept exactly.

Records have no order, so they are put into a random one before the text is split, and each of them
is learned and spoken as a text of its own: from nothing, after a newline, up to its `RECORD_END`.

Shapes: R records, L lines, F files, V vocabulary.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.vocab import IntArray
from charrnn.sources.lines import RECORD_END

_CHUNK_CHARS = 1 << 24
_CHUNK_RECORDS = 1 << 16
_ONE_FILE = np.zeros(1, np.int64)


@dataclass(frozen=True)
class Records:
    """Where the records are in a text, their ends left out."""

    begins_R: npt.NDArray[np.int64]
    lengths_R: npt.NDArray[np.int64]
    end: tuple[int, ...]  # the ids that each of them ends with

    @classmethod
    def found(
        cls,
        ids: IntArray,
        kind: str,
        newline: int,
        *,
        white_V: npt.NDArray[np.bool_] | None = None,
        begins_F: npt.NDArray[np.int64] = _ONE_FILE,
    ) -> "Records":
        """The records of a kind of `RECORD_END`, in the text's order.

        `white_V` says which ids are white space (by default only newlines are); `begins_F` where
        the files of the text begin.
        """
        begins, ends = _lines(ids, newline, begins_F)
        full = ends > begins if white_V is None else _has_text(ids, begins, white_V)
        if kind == "blank":  # a record is a run of full lines of one file
            begins_file = np.isin(begins, begins_F)
            first = full & (begins_file | ~np.append(False, full[:-1]))
            last = full & np.append(begins_file | ~full, True)[1:]
            begins, ends = begins[first], ends[last]
        else:
            begins, ends = begins[full], ends[full]
        return cls(begins, ends - begins, (newline,) * len(RECORD_END[kind]))

    def __getitem__(self, which: Any) -> "Records":
        """Some of the records: a slice, an order or a mask."""
        return Records(self.begins_R[which], self.lengths_R[which], self.end)

    def __add__(self, other: "Records") -> "Records":
        """These records, then others of the same text."""
        begins_R = np.concatenate([self.begins_R, other.begins_R])
        return Records(begins_R, np.concatenate([self.lengths_R, other.lengths_R]), self.end)

    @property
    def sha256(self) -> str:
        """A digest that tells these records, in this order, from any others."""
        return hashlib.sha256(self.begins_R.tobytes() + self.lengths_R.tobytes()).hexdigest()

    def shuffled(self, seed: int) -> "Records":
        """The same records in a random order, for the text to be `arranged`."""
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 0, 0)))
        return self[random.permutation(len(self.begins_R))]

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each record begins in the arranged text, and then where the last one ends."""
        return np.append(0, np.cumsum(self.lengths_R + len(self.end)))

    def arranged(self, ids: IntArray) -> Iterator[IntArray]:
        """The records in order, each with its end, in pieces of a text."""
        for first in range(0, len(self.begins_R), _CHUNK_RECORDS):
            begins = self.begins_R[first : first + _CHUNK_RECORDS]
            lengths = self.lengths_R[first : first + _CHUNK_RECORDS]
            whole = lengths + len(self.end)
            within = np.arange(whole.sum()) - np.repeat(np.cumsum(whole) - whole, whole)
            is_text = within < np.repeat(lengths, whole)
            places = np.repeat(begins, whole) + within
            yield np.where(is_text, ids[np.minimum(places, len(ids) - 1)], self.end[0])


def apart(ids: IntArray, kind: str, newline: int, white_V: npt.NDArray[np.bool_]) -> list[IntArray]:
    """A text cut before each record but the first; without records it stays whole."""
    pieces = [ids]
    if kind != "none":
        pieces = np.split(ids, Records.found(ids, kind, newline, white_V=white_V).begins_R[1:])
    return [piece for piece in pieces if len(piece)]


def last_begin(ids: IntArray, kind: str, newline: int, white_V: npt.NDArray[np.bool_]) -> int:
    """Where the last record of a text begins, which may go on after it."""
    return int(Records.found(ids, kind, newline, white_V=white_V).begins_R[-1:].sum())


def _lines(
    ids: IntArray, newline: int, begins_F: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each line begins and ends, its newline left out; a file's end ends one."""
    found = [begins_F] + [
        np.flatnonzero(ids[start : start + _CHUNK_CHARS] == newline) + (start + 1)
        for start in range(0, len(ids), _CHUNK_CHARS)
    ]
    begins_L = np.concatenate(found)
    if len(begins_F) > 1:
        begins_L = np.unique(begins_L)
    begins_L = begins_L[begins_L < len(ids)]
    ends_L = np.append(begins_L, len(ids))[1:]
    return begins_L, ends_L - (ids[ends_L - 1] == newline)


def _has_text(
    ids: IntArray, begins_L: npt.NDArray[np.int64], white_V: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Which lines hold more than white space."""
    full_L = np.zeros(len(begins_L), bool)
    marks = np.searchsorted(begins_L, np.arange(0, len(ids), _CHUNK_CHARS))
    for first, end in pairwise(np.unique(np.append(marks, len(begins_L))).tolist()):
        starts = begins_L[first:end]
        stop = begins_L[end] if end < len(begins_L) else len(ids)
        is_text = ~white_V[ids[starts[0] : stop]]
        full_L[first:end] = np.logical_or.reduceat(is_text, starts - starts[0])
    return full_L
