"""A text of many small texts: one in each line (names, molecules), or between blank lines (tunes).

Records have no order, so they are put into a random one before the text is split, and each of them
is learned and spoken as a text of its own: from nothing, after a newline, up to its `END`.

Shapes: R records.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.vocab import IntArray

END = {"lines": "\n", "blank": "\n\n"}
_CHUNK_CHARS = 1 << 24
_CHUNK_RECORDS = 1 << 16


@dataclass(frozen=True)
class Records:
    """Where the records are in a text, their ends left out."""

    begins_R: npt.NDArray[np.int64]
    lengths_R: npt.NDArray[np.int64]
    end: tuple[int, ...]  # the ids that each of them ends with

    @classmethod
    def found(cls, ids: IntArray, kind: str, newline: int) -> "Records":
        """The records of a kind of `END`, in the text's order; empty lines are none."""
        begins, ends = _lines(ids, newline)
        full = ends > begins
        if kind == "blank":  # a record is a run of full lines
            first = full & ~np.append(False, full[:-1])
            last = full & ~np.append(full[1:], False)
            begins, ends = begins[first], ends[last]
        else:
            begins, ends = begins[full], ends[full]
        return cls(begins, ends - begins, (newline,) * len(END[kind]))

    def shuffled(self, seed: int) -> "Records":
        """The same records in a random order, for the text to be `arranged`."""
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 0, 0)))
        order = random.permutation(len(self.begins_R))
        return Records(self.begins_R[order], self.lengths_R[order], self.end)

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


def apart(ids: IntArray, kind: str, newline: int) -> list[IntArray]:
    """A text cut after each end of a record; one of no kind of `END` stays in one piece."""
    pieces = [ids] if kind == "none" else np.split(ids, _ends(ids, kind, newline))
    return [piece for piece in pieces if len(piece)]


def last_end(ids: IntArray, kind: str, newline: int) -> int:
    """Where the last whole record of a text ends."""
    return int(_ends(ids, kind, newline)[-1:].sum())


def _ends(ids: IntArray, kind: str, newline: int) -> npt.NDArray[np.int64]:
    """Where a text may be cut into records."""
    is_end = ids == newline
    if kind == "blank":
        is_end = is_end & np.append(False, is_end[:-1])
    return np.flatnonzero(is_end) + 1


def _lines(ids: IntArray, newline: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each line begins and ends, its newline left out."""
    found = [np.empty(0, np.int64)] + [
        np.flatnonzero(ids[start : start + _CHUNK_CHARS] == newline) + start
        for start in range(0, len(ids), _CHUNK_CHARS)
    ]
    ends = np.append(np.concatenate(found), len(ids))
    return np.append(0, ends[:-1] + 1), ends
