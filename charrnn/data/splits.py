"""Which parts of a corpus of several files are for training, which for validation and test.

Each file gives its end: of a corpus of Czech and of Latin, the validation split holds both, in the
same proportion. Small files that follow each other give one end together, so that it is not a text
of scraps, where nearly every character comes without its context.

    files      aaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbb ccccccccccccc
    splits     └ train ───────────┘val  └trn ──┘val └ train ─┘val

Files may also be for validation alone: they come last. Records are split by number (arrange.py).

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

_MIN_STRETCH = 256  # characters that a stretch of files gives to a split, where there are many
_MANY = 64  # files of the same size
_REACH = 200  # characters before its place in which a cut looks for the end of a line


@dataclass(frozen=True)
class FileStarts:
    """Where the files of a corpus begin; the last of them may be for validation alone."""

    starts: tuple[int, ...] = (0,)
    num_val: int = 0

    @classmethod
    def from_json(cls, text: str | bytes) -> "FileStarts":
        """The inverse of `to_json`."""
        starts, num_val = json.loads(text)
        return cls(tuple(starts), num_val)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps([self.starts, self.num_val])

    @cached_property
    def sha256(self) -> str:
        """A digest that identifies it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def starts_F(self) -> npt.NDArray[np.int64]:
        """The starts as an array."""
        return np.array(self.starts, np.int64)

    def val_start(self, num_chars: int) -> int:
        """Where the validation files begin in a corpus of that length; its end without any."""
        return self.starts[-self.num_val] if self.num_val else num_chars


@dataclass(frozen=True)
class Splits:
    """The stretches of each split, in the order of the corpus."""

    train: tuple[Stretch, ...]
    val: tuple[Stretch, ...]
    test: tuple[Stretch, ...]

    @classmethod
    def of(cls, files: FileStarts, config: DataConfig, ids: IntArray, newline: int) -> "Splits":
        """Split a corpus as the configuration says, cut where lines end if one ends nearby.

        The splits of a single file are exactly those of `batches.Text`.
        """
        end = files.val_start(len(ids))
        groups = list(grouped(files, config, len(ids)))
        num_held, num_test = end - config.num_train(end), end - config.num_before_test(end)
        train, val, test = list[Stretch](), list[Stretch](), list[Stretch]()
        for first, last in groups:
            held = first * num_held // end, last * num_held // end  # its share of all held out
            before_val = last - (held[1] - held[0])
            before_test = last - _share(*held, num_test, max(1, num_held))
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
        """A digest that identifies these splits."""
        stretches = [self.train, self.val, self.test]
        return hashlib.sha256(json.dumps(stretches).encode()).hexdigest()


def grouped(files: FileStarts, config: DataConfig, num_chars: int) -> Iterator[Stretch]:
    """The files to train on as stretches, small ones together with those that follow."""
    end = files.val_start(num_chars)
    num_held = end - config.num_train(end)
    least = min(_MIN_STRETCH, num_held // _MANY)
    train_starts = files.starts[: len(files.starts) - files.num_val]
    first = 0
    for start in (*train_starts[1:], end):
        if start > first and _share(first, start, num_held, end) >= least:
            yield first, start
            first = start
    if first < end:
        yield first, end


def _share(first: int, last: int, num_held: int, num_chars: int) -> int:
    """How many of `num_held` out of `num_chars` characters come from the stretch `first:last`. The
    shares of all stretches add up to `num_held`.
    """
    return last * num_held // num_chars - first * num_held // num_chars


def _line_end(ids: IntArray, newline: int, begin: int, place: int, end: int) -> int:
    """The last end of a line at or before a place, where `begin:end` is to be cut in two; the place
    itself if there is none nearby.
    """
    reach = min(_REACH, (end - place) // 4, (place - begin) // 2)
    newlines = np.flatnonzero(ids[place - reach : place] == newline)
    return place - reach + int(newlines[-1]) + 1 if len(newlines) else place
