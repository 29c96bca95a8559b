"""A text of many small texts: one in each line (names, molecules), or between blank lines (tunes).

A line of white space is blank: it is no record, and it ends one. So does the end of a file. All
else in a record is kept exactly.

Records have no order, so they are put into a random one before the text is split. Each is learned
and sampled as a text of its own: from a zero state, after a newline, up to its `RECORD_END`.

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

CHUNK_CHARS = 1 << 24
CHUNK_RECORDS = 1 << 16
_ONE_FILE = np.zeros(1, np.int64)


@dataclass(frozen=True)
class Records:
    """Where the records of a text are, without their ends."""

    starts_R: npt.NDArray[np.int64]
    lengths_R: npt.NDArray[np.int64]
    end: tuple[int, ...]  # the ids that each of them ends with

    @classmethod
    def find(
        cls,
        ids: IntArray,
        kind: str,
        newline: int,
        *,
        white_V: npt.NDArray[np.bool_] | None = None,
        file_starts_F: npt.NDArray[np.int64] = _ONE_FILE,
    ) -> "Records":
        """Find the records of a kind ("lines" or "blank"), in the order of the text.

        `white_V` says which ids are white space; None: only newlines are.
        """
        starts, ends = _lines(ids, newline, file_starts_F)
        has_text = ends > starts if white_V is None else _has_text(ids, starts, white_V)
        if kind == "blank":  # a record is a run of lines with text, in one file
            starts_file = np.isin(starts, file_starts_F)
            first = has_text & (starts_file | ~np.append(False, has_text[:-1]))
            last = has_text & np.append(starts_file | ~has_text, True)[1:]
            starts, ends = starts[first], ends[last]
        else:
            starts, ends = starts[has_text], ends[has_text]
        return cls(starts, ends - starts, (newline,) * len(RECORD_END[kind]))

    def __len__(self) -> int:
        return len(self.starts_R)

    def __getitem__(self, which: Any) -> "Records":
        """Some of the records: `which` is a slice, an order or a mask."""
        return Records(self.starts_R[which], self.lengths_R[which], self.end)

    def __add__(self, other: "Records") -> "Records":
        """These records, then others of the same text."""
        starts_R = np.concatenate([self.starts_R, other.starts_R])
        return Records(starts_R, np.concatenate([self.lengths_R, other.lengths_R]), self.end)

    @property
    def sha256(self) -> str:
        """A digest that identifies these records in this order."""
        return hashlib.sha256(self.starts_R.tobytes() + self.lengths_R.tobytes()).hexdigest()

    def shuffled(self, seed: int) -> "Records":
        """The same records in a random order."""
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 0, 0)))
        return self[random.permutation(len(self))]

    @property
    def arranged_starts(self) -> npt.NDArray[np.int64]:
        """Where each record begins in the text that `arrange` makes, then the end of the text."""
        return np.append(0, np.cumsum(self.lengths_R + len(self.end)))

    def arrange(self, ids: IntArray) -> Iterator[IntArray]:
        """The records one after another, each with its end, as chunks of a text."""
        for first in range(0, len(self), CHUNK_RECORDS):
            starts = self.starts_R[first : first + CHUNK_RECORDS]
            lengths = self.lengths_R[first : first + CHUNK_RECORDS]
            whole = lengths + len(self.end)
            within = np.arange(whole.sum()) - np.repeat(np.cumsum(whole) - whole, whole)
            is_text = within < np.repeat(lengths, whole)
            places = np.repeat(starts, whole) + within
            yield np.where(is_text, ids[np.minimum(places, len(ids) - 1)], self.end[0])


def split_into_records(
    ids: IntArray, kind: str, newline: int, white_V: npt.NDArray[np.bool_]
) -> list[IntArray]:
    """Split a text before each record but the first; of the kind "none" it stays whole."""
    parts = [ids]
    if kind != "none":
        parts = np.split(ids, Records.find(ids, kind, newline, white_V=white_V).starts_R[1:])
    return [part for part in parts if len(part)]


def start_of_last_record(
    ids: IntArray, kind: str, newline: int, white_V: npt.NDArray[np.bool_]
) -> int:
    """Where the last record of a text begins, which may go on in the text that follows."""
    return int(Records.find(ids, kind, newline, white_V=white_V).starts_R[-1:].sum())


def _lines(
    ids: IntArray, newline: int, file_starts_F: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each line begins and ends, without its newline; the end of a file ends a line."""
    starts = [file_starts_F] + [
        np.flatnonzero(ids[start : start + CHUNK_CHARS] == newline) + (start + 1)
        for start in range(0, len(ids), CHUNK_CHARS)
    ]
    starts_L = np.concatenate(starts)
    if len(file_starts_F) > 1:
        starts_L = np.unique(starts_L)
    starts_L = starts_L[starts_L < len(ids)]
    ends_L = np.append(starts_L, len(ids))[1:]
    return starts_L, ends_L - (ids[ends_L - 1] == newline)


def _has_text(
    ids: IntArray, starts_L: npt.NDArray[np.int64], white_V: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Which lines hold more than white space."""
    has_text_L = np.zeros(len(starts_L), bool)
    chunk_ends = np.searchsorted(starts_L, np.arange(0, len(ids), CHUNK_CHARS))
    for first, end in pairwise(np.unique(np.append(chunk_ends, len(starts_L))).tolist()):
        starts = starts_L[first:end]
        stop = starts_L[end] if end < len(starts_L) else len(ids)
        is_text = ~white_V[ids[starts[0] : stop]]
        has_text_L[first:end] = np.logical_or.reduceat(is_text, starts - starts[0])
    return has_text_L
