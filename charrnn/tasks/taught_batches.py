"""Batches of a text with what teachers expect of each character. They are asked once, not in every
epoch.

In the first epoch they read along the lanes, as the network does. What they expect is kept as
float16 by the place of the character in the text, and looked up from then on. So that a resumed run
computes the same values again, from wherever it goes on, teachers carry no state for long: they
read in stretches, and begin each anew, from a zero state some windows before it:

    lane    … [window 30][window 31][window 32][window 33] … [window 63][window 64] …
    teachers    warm-up    warm-up   ├────────── a stretch ──────────┤
                                                            warm-up    warm-up  ├── …

What is expected of a character is thus a function of where the first epoch reads it. A text too
long to keep so much of is read again in every epoch, along the lanes of that epoch, by the same
rule: then it is a function of the step. Other numbers of threads round otherwise, so what was kept
is dropped when their number changes.

Shapes: T time, B lanes, V vocabulary, N characters of the training split.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from charrnn.config import TrainConfig
from charrnn.data.batches import Lanes, RecordLanes, Text
from charrnn.models.device import to_device
from charrnn.models.dropout import keep_lanes
from charrnn.models.network import Network
from charrnn.tasks.prefetch import Batch, Prefetcher

MAX_BYTES = 1 << 30  # of what is kept: at 65 distinct characters, a text of 8 million
_STRETCH, _WARM_UP = 2048, 256  # characters on each lane, at least


class TaughtBatch(NamedTuple):
    """What one step reads, and what teachers expect."""

    text: Batch
    expected_TBV: Tensor  # the mean of their probabilities, float16


class TaughtBatches:
    """Batches along the lanes through the training split. A `task.Batches`."""

    def __init__(
        self,
        text: Text,
        config: TrainConfig,
        share: slice,
        teachers: Sequence[Network],
        *,
        device: str,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`share` says which of the `batch_size` lanes are read here; `max_bytes` limits what is
        kept on the device.
        """
        lanes, num_lanes = text.lanes(config, share), config.batch_size

        def reading(share: slice) -> Reading:
            return Reading(teachers, text.lanes(config, share), config.seq_length, device)

        def expected(num_threads: int) -> Kept | Reading:
            num_chars, vocab_size = text.num_train, len(teachers[0].head.weight)
            if num_chars * (2 * vocab_size + 4) > max_bytes:
                return reading(share)
            # Each process reads shares of its own size: later it comes to the lanes of the others.
            size = len(range(num_lanes)[share])
            shares = [slice(first, first + size) for first in range(0, num_lanes, size)]
            expected_NV = torch.zeros(num_chars, vocab_size, dtype=torch.float16, device=device)
            return Kept(lanes, [reading(each) for each in shares], expected_NV)

        self._batches = Prefetcher(lanes, device)
        self._expected = lru_cache(maxsize=1)(expected)  # by the number of threads

    @property
    def units_per_step(self) -> float:
        """Characters that a step predicts, on all lanes."""
        return self._batches.units_per_step

    @property
    def steps_per_epoch(self) -> float:
        """Steps that read every character once."""
        return self._batches.steps_per_epoch

    def batch(self, step: int) -> TaughtBatch:
        """Return the window of a step. In the first epoch the teachers read it, too."""
        expected = self._expected(torch.get_num_threads())
        return TaughtBatch(self._batches.batch(step), expected.at(step))


class Kept:
    """What teachers expect of each character, read in the order of the first epoch and kept."""

    def __init__(
        self, lanes: Lanes | RecordLanes, readings: Sequence["Reading"], expected_NV: Tensor
    ) -> None:
        """`lanes` are those of this process, `readings` go along the lanes of each process, and
        `expected_NV` is filled in.
        """
        self._lanes, self._readings, self._expected_NV = lanes, readings, expected_NV
        self._device = str(expected_NV.device)
        num_windows = math.ceil(lanes.steps_per_epoch) * len(readings)
        self._is_read = np.zeros(num_windows, bool)
        # which window predicts a character: the earliest, for the last ones of a lane reach into
        # the next lane
        self._windows_N = np.full(len(expected_NV), -1, np.int32)
        for window in reversed(range(num_windows)):
            step, k = divmod(window, len(readings))
            places_TB = readings[k].lanes.places(step)
            self._windows_N[places_TB[places_TB >= 0]] = window

    def at(self, step: int) -> Tensor:
        """Return what teachers expect at a step, (T, B, V); anything where nothing is scored.

        They read what they have not read yet.
        """
        places_TB = self._lanes.places(step)
        windows = self._windows_N[places_TB[places_TB >= 0]]
        for window in np.unique(windows[~self._is_read[windows]]).tolist():
            self._read(window)
        return self._expected_NV[to_device(places_TB, self._device)]

    def _read(self, last: int) -> None:
        """Let the teachers read a stretch up to a window; keep what is new."""
        num = len(self._readings)
        step, k = divmod(last, num)
        first = last - num * (step % self._readings[k].stretch_steps)
        for window in range(first, last + 1, num):
            if not self._is_read[window]:
                self._keep(window)

    def _keep(self, window: int) -> None:
        step, k = divmod(window, len(self._readings))
        reading = self._readings[k]
        places, columns = np.unique(reading.lanes.places(step), return_index=True)
        is_own = (places >= 0) & (self._windows_N[places] == window)
        rows, own = (to_device(part[is_own], self._device) for part in (places, columns))
        self._expected_NV[rows] = reading.at(step).flatten(0, 1)[own]
        self._is_read[window] = True


class Reading:
    """Teachers read along lanes, in stretches that begin from a zero state some windows before."""

    def __init__(
        self, teachers: Sequence[Network], lanes: Lanes | RecordLanes, seq_length: int, device: str
    ) -> None:
        self.lanes, self._teachers = lanes, teachers
        self.stretch_steps = math.ceil(_STRETCH / seq_length)
        self._warm_up_steps = math.ceil(_WARM_UP / seq_length)
        self._windows = Prefetcher(lanes, device, max_bytes=0)
        self._stretch, self._next = -1, 0  # which was begun, and the next step to read

    def at(self, step: int) -> Tensor:
        """Return the mean of the teachers' probabilities at a step, (T, B, V). They read on from
        where they are, or begin the stretch of the step anew.
        """
        stretch = step // self.stretch_steps
        if stretch != self._stretch or step < self._next - 1:
            self._begin(stretch)
        while self._next <= step:
            self._expected_TBV = self._read(self._next)
            self._next += 1
        return self._expected_TBV

    def _begin(self, stretch: int) -> None:
        self._stretch, self._next = stretch, stretch * self.stretch_steps - self._warm_up_steps
        if isinstance(self.lanes, RecordLanes):  # the lanes of one text have windows before step 0
            self._next = max(0, self._next)
        num_lanes = self.lanes.places(self._next).shape[1]
        self._states = [each.initial_state(num_lanes) for each in self._teachers]

    @torch.no_grad()
    def _read(self, step: int) -> Tensor:
        """Return the mean of the teachers' probabilities in a window, (T, B, V)."""
        window, sum_TBV = self._windows.batch(step), torch.zeros(())
        for m, teacher in enumerate(self._teachers):
            state = keep_lanes(self._states[m], ~window.begins_B)
            logits_TBV, self._states[m] = teacher(window.inputs_TB, state)
            sum_TBV = sum_TBV + logits_TBV.softmax(-1)
        return sum_TBV.div_(len(self._teachers)).half()
