"""A text that is split, and the windows of its training split that a step reads, along lanes.

A text is one stream of characters, or a set of records, each of them a text of its own. Where a
step reads follows from the number of the step alone: nothing of it has to be saved.

Shapes: B lanes, T time, R records.
"""

import math
import mmap
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.config import DataConfig, TrainConfig
from charrnn.data.vocab import IntArray

ALL = slice(None)
NOT_SCORED = -100  # among the targets: there is nothing to predict


class Window(NamedTuple):
    """What one step reads and predicts."""

    inputs_TB: npt.NDArray[np.int64]
    targets_TB: npt.NDArray[np.int64]
    begins_B: npt.NDArray[np.bool_]  # which lanes start from a zero state
    num_scored: int  # characters on all lanes, also where the window has a share of them


@dataclass(frozen=True)
class Text:
    """An encoded text: the training split, then validation, then test."""

    ids: IntArray
    num_train: int  # characters before the validation split
    num_before_test: int
    # where each record begins, then where the last one ends; None: the text is one stream
    starts: npt.NDArray[np.int64] | None = None

    @classmethod
    def of(cls, ids: IntArray, config: DataConfig) -> "Text":
        """Split one stream of ids as the configuration says."""
        return cls(ids, config.num_train(len(ids)), config.num_before_test(len(ids)))

    def part(self, split: str) -> tuple[int, int]:
        """Where "train", "val" or "test" begins and ends."""
        bounds = 0, self.num_train, self.num_before_test, len(self.ids)
        k = ("train", "val", "test").index(split)
        return bounds[k], bounds[k + 1]

    def size(self, split: str) -> int:
        """Characters in "train", "val" or "test"."""
        first, end = self.part(split)
        return end - first

    def starts_of(self, split: str) -> npt.NDArray[np.int64]:
        """Where the records of a part begin, then where the last one ends."""
        assert self.starts is not None
        first, end = np.searchsorted(self.starts, self.part(split))
        return self.starts[first : end + 1]

    def beginning(self, split: str, num_chars: int) -> "Text":
        """The text with a validation or test split of at most so many characters, and of whole
        records.
        """
        first, end = self.part(split)
        end = min(end, first + num_chars)
        starts = self.starts
        if starts is not None:
            starts = starts[: np.searchsorted(starts, end) + 1]
            end = int(starts[-1])
        return Text(self.ids[:end], self.num_train, min(end, self.num_before_test), starts)

    def lanes(self, config: TrainConfig, share: slice = ALL) -> "Lanes | RecordLanes":
        """Lanes through the training split; `share` says which of them are read here."""
        sizes = {"batch_size": config.batch_size, "seq_length": config.seq_length}
        if self.starts is None:
            return Lanes(self.ids[: self.num_train], **sizes, share=share)
        starts = self.starts_of("train")
        return RecordLanes(self.ids, starts, **sizes, seed=config.seed, share=share)


def num_records(config: DataConfig, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many records come before the validation split, and before the test split. Each split
    that the configuration asks for has a record, if there are enough.
    """
    num_chars = int(starts[-1])
    until = np.searchsorted(
        starts, [config.num_train(num_chars), config.num_before_test(num_chars)]
    )
    has_val, has_test = config.val_fraction > 0, config.test_fraction > 0
    last = len(starts) - 1 - has_test
    until[1] = max(min(until[1], last), min(1 + has_val, last))
    until[0] = min(until[0], until[1] - has_val)
    return np.maximum(until, 1)


class Lanes:
    """B contiguous streams through one text, so that states can be carried from step to step.

    The text is closed to a ring of M = len(ids) - 1 (character, next character) pairs, and lane b
    starts b/B of the way round. A step takes the next T pairs of every lane:

        pairs   0 ─────────────── M/B ───────────── 2M/B ──────────── … M, then 0 again
        lane 0  [step 0][step 1]…  ►│ goes on where lane 1 began
        lane 1                      [step 0][step 1]… ►│ goes on where lane 2 began

    So in one epoch (M/B pairs a lane) the lanes cover the text exactly once, no window is ever
    partial, and where a step reads follows from its number alone.
    """

    def __init__(
        self, ids: IntArray, *, batch_size: int, seq_length: int, share: slice = ALL
    ) -> None:
        """`share` says which of the `batch_size` lanes are read here."""
        self.ids = ids
        self.num_pairs = len(ids) - 1
        self.num_scored = batch_size * seq_length
        self.count_T = np.arange(seq_length)
        starts_B = np.arange(batch_size, dtype=np.int64) * self.num_pairs // batch_size
        self.starts_B = starts_B[share]

    @property
    def chars_per_step(self) -> float:
        """How many characters a step predicts."""
        return self.num_scored

    @property
    def steps_per_epoch(self) -> float:
        """How many steps read every character once."""
        return self.num_pairs / self.chars_per_step

    def places(self, step: int) -> npt.NDArray[np.int64]:
        """Where in the text the characters are that a step predicts, (T, B)."""
        places_TB: npt.NDArray[np.int64] = self.pairs(step, self.count_T, self.starts_B) + 1
        return places_TB

    def pairs(self, step: int, count_T: Any, starts_B: Any) -> Any:
        """Which pairs a step reads, (T, B), from `count_T` and `starts_B` as arrays or tensors."""
        pairs_T = (step * len(count_T) + count_T) % self.num_pairs
        return (pairs_T[:, None] + starts_B) % self.num_pairs

    def window(self, step: int) -> Window:
        """What a step reads."""
        pairs_TB = self.pairs(step, self.count_T, self.starts_B)
        inputs_TB = self.ids[pairs_TB].astype(np.int64)
        targets_TB = self.ids[pairs_TB + 1].astype(np.int64)
        if step % 1024 == 0:
            _forget_pages(self.ids)
        return Window(inputs_TB, targets_TB, np.zeros(len(self.starts_B), bool), self.num_scored)


class RecordLanes:
    """B streams through records in random order, another one in each epoch.

    A record takes as many windows as it fills, one after another on one lane. It starts from a zero
    state and reads the newline before it. The rest of its last window is neither read nor scored:

        lane 0   [Emma␤···][Bartholom][ew␤·····][Ann␤····]      windows of 8
        lane 1   [Zoe␤····][Isabella][␤·······] …

    The lanes share an epoch's windows evenly; a record across the border of two lanes starts from
    a zero state again on the second.
    """

    def __init__(
        self,
        ids: IntArray,
        starts: npt.NDArray[np.int64],
        *,
        batch_size: int,
        seq_length: int,
        seed: int,
        share: slice = ALL,
    ) -> None:
        """`starts` are those of `Text`; `share` says which of the `batch_size` lanes are read
        here.
        """
        self._ids, self._starts, self._seed, self._share = ids, starts, seed, share
        self._seq_length, self._batch_size = seq_length, batch_size
        self._num_windows_R = -(-np.diff(starts) // seq_length)
        self._windows_per_lane = math.ceil(int(self._num_windows_R.sum()) / batch_size)
        self._epoch = -1

    @property
    def chars_per_step(self) -> float:
        """How many characters a step predicts, on average."""
        return int(self._starts[-1] - self._starts[0]) / self._windows_per_lane

    @property
    def steps_per_epoch(self) -> float:
        """How many steps read every record once."""
        return self._windows_per_lane

    def places(self, step: int) -> npt.NDArray[np.int64]:
        """Where in the text the characters are that a step predicts, (T, B); -1 where it predicts
        none.
        """
        firsts_B, ends_B, _ = (each_B[self._share] for each_B in self._stretches(step))
        places_TB = np.arange(self._seq_length)[:, None] + firsts_B
        return np.where(places_TB < ends_B, places_TB, -1)

    def window(self, step: int) -> Window:
        """What a step reads."""
        firsts_B, ends_B, begins_B = self._stretches(step)
        num_scored = int(np.clip(ends_B - firsts_B, 0, self._seq_length).sum())
        firsts_B, ends_B = firsts_B[self._share], ends_B[self._share]
        chars_TB = np.arange(self._seq_length)[:, None] + firsts_B
        inputs_TB = self._ids[np.minimum(chars_TB, ends_B) - 1].astype(np.int64)
        targets_TB = self._ids[np.minimum(chars_TB, ends_B - 1)].astype(np.int64)
        targets_TB[chars_TB >= ends_B] = NOT_SCORED
        if step % 1024 == 0:
            _forget_pages(self._ids)
        return Window(inputs_TB, targets_TB, begins_B[self._share], num_scored)

    def _stretches(
        self, step: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Of each lane: where its window begins in the ids, where the record in it ends (0 past the
        last record), and whether it starts from a zero state.
        """
        epoch, place = divmod(step, self._windows_per_lane)
        if epoch != self._epoch:
            self._shuffle(epoch)
        windows_B = np.arange(self._batch_size) * self._windows_per_lane + place
        places_B = np.searchsorted(self._ends_R, windows_B, side="right")
        idle_B = places_B == len(self._order_R)  # past the last record
        places_B[idle_B] = 0
        records_B = self._order_R[places_B]
        parts_B = windows_B - (self._ends_R[places_B] - self._num_windows_R[records_B])
        begins_B = (parts_B == 0) | idle_B | (place == 0)
        firsts_B = self._starts[records_B] + parts_B * self._seq_length
        ends_B = np.where(idle_B, 0, self._starts[records_B + 1])
        return firsts_B, ends_B, begins_B

    def _shuffle(self, epoch: int) -> None:
        """Draw the order of an epoch, which follows from (seed, epoch) alone."""
        random = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(epoch,)))
        self._order_R = random.permutation(len(self._num_windows_R))
        self._ends_R = np.cumsum(self._num_windows_R[self._order_R])
        self._epoch = epoch


def _forget_pages(ids: IntArray) -> None:
    """Unmap what was read, so that an epoch over 10 GB does not count as 10 GB of memory.

    Windows has no such call: it takes the pages back when others need memory.
    """
    owner: Any = ids
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if sys.platform != "win32" and isinstance(owner, mmap.mmap):
        owner.madvise(mmap.MADV_DONTNEED)
