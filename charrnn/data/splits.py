"""Which stretches of a corpus are learned from, which are for validation, which for the test.

Each file gives its end: of a corpus of Czech and of Latin, the validation split holds both, in the
same proportion. Many small files that follow each other give one end together, since in a text of
scraps nearly every character would come without its context.

    files      aaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbb ccccccccccccc
    splits     └ train ───────────┘val  └trn ──┘val └ train ─┘val

It knows nothing of what is in the files but where lines end, and nothing of records, which are
split by number. Files come with --val when they are for validation alone.

Shapes: F files.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from charrnn.config import DataConfig
from charrnn.data.vocab import IntArray

Stretch = tuple[int, int]  # where it begins and ends, in ids

_LEAST_PART = 256  # characters that a stretch of files gives, where there are many
_MANY = 64  # files of the same size
_REACH = 200  # how far before its place a cut looks for the end of a line


@dataclass(frozen=True)
class Files:
    """Where the files of a corpus begin; the last of them may be for validation alone."""

    begins: tuple[int, ...] = (0,)
    num_val: int = 0

    @classmethod
    def from_json(cls, text: str | bytes) -> "Files":
        """The inverse of `to_json`."""
        begins, num_val = json.loads(text)
        return cls(tuple(begins), num_val)

    def to_json(self) -> str:
        """All of it in a line."""
        return json.dumps([self.begins, self.num_val])

    @cached_property
    def sha256(self) -> str:
        """A digest that tells it from any other."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def begins_F(self) -> npt.NDArray[np.int64]:
        """The begins as an array."""
        return np.array(self.begins, np.int64)

    def val_begin(self, num_chars: int) -> int:
        """Where in a corpus of that length the validation files begin; its end without any."""
        return self.begins[-self.num_val] if self.num_val else num_chars


@dataclass(frozen=True)
class Splits:
    """The stretches of each split, in the order of the corpus."""

    train: tuple[Stretch, ...]
    val: tuple[Stretch, ...]
    test: tuple[Stretch, ...]

    @classmethod
    def of(cls, files: Files, config: DataConfig, ids: IntArray, newline: int) -> "Splits":
        """The splits that a configuration asks for, cut where lines end if one does nearby. Of a
        single file they are exactly those of `batches.Text`.
        """
        end = files.val_begin(len(ids))
        groups = list(grouped(files, config, len(ids)))
        num_held, num_test = end - config.num_train(end), end - config.num_before_test(end)
        train, val, test = list[Stretch](), list[Stretch](), list[Stretch]()
        for first, last in groups:
            held = first * num_held // end, last * num_held // end  # of all held, these are its own
            before_val = last - (held[1] - held[0])
            before_test = last - _part(*held, num_test, max(1, num_held))
            if len(groups) > 1:
                before_test = _line_end(ids, newline, before_val, before_test, last)
                before_val = _line_end(ids, newline, first, before_val, before_test)
            bounds = first, before_val, before_test, last
            for split, stretch in zip((train, val, test), pairwise(bounds), strict=True):
                split.append(stretch)
        if files.num_val:
            val = [(end, min(len(ids), end + (config.max_val_chars or len(ids))))]
        return cls(*(tuple(s for s in split if s[0] < s[1]) for split in (train, val, test)))

    @property
    def sha256(self) -> str:
        """A digest that tells these splits from any others."""
        stretches = [self.train, self.val, self.test]
        return hashlib.sha256(json.dumps(stretches).encode()).hexdigest()


def grouped(files: Files, config: DataConfig, num_chars: int) -> Iterator[Stretch]:
    """The files that are learned from, small ones together with those that follow."""
    end = files.val_begin(num_chars)
    num_held = end - config.num_train(end)
    least = min(_LEAST_PART, num_held // _MANY)
    learned = files.begins[: len(files.begins) - files.num_val]
    first = 0
    for begin in (*learned[1:], end):
        if begin > first and _part(first, begin, num_held, end) >= least:
            yield first, begin
            first = begin
    if first < end:
        yield first, end


def _part(first: int, last: int, num_held: int, num_chars: int) -> int:
    """How many of so many characters come from that stretch: the parts of all come to the whole."""
    return last * num_held // num_chars - first * num_held // num_chars


def _line_end(ids: IntArray, newline: int, begin: int, place: int, end: int) -> int:
    """The last line end at or before a place, if it is near, where a part of `begin:end` is cut in
    two.
    """
    reach = min(_REACH, (end - place) // 4, (place - begin) // 2)
    lines = np.flatnonzero(ids[place - reach : place] == newline)
    return place - reach + int(lines[-1]) + 1 if len(lines) else place
