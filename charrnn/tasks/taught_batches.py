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
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charrnn.config import TrainConfig
from charrnn.data.batches import Lanes, RecordLanes, Text
from charrnn.models.device import to_device
from charrnn.models.dropout import keep_lanes
from charrnn.models.network import Network
from charrnn.models.reference import State
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
        self._text, self._config, self._device = text, config, device
        self._share, self._teachers, self._max_bytes = share, teachers, max_bytes
        self._batches = Prefetcher(text.lanes(config, share), device)
        self._expected: _Expected | None = None
        self._threads = 0  # that it was computed with

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
        threads = torch.get_num_threads()
        if threads != self._threads:
            self._expected, self._threads = None, threads
        self._expected = self._expected or self._anew()
        return TaughtBatch(self._batches.batch(step), self._expected.at(step))

    def _anew(self) -> "_Expected":
        num_bytes = self._text.num_train * _bytes_per_char(self._teachers)
        if num_bytes <= self._max_bytes:
            return Kept(self._text, self._config, self._share, self._teachers, self._device)
        lanes = self._text.lanes(self._config, self._share)
        return NotKept(Reading(self._teachers, lanes, self._config.seq_length, self._device))


class _Expected(Protocol):
    def at(self, step: int) -> Tensor:
        """Return what teachers expect at a step, (T, B, V)."""


class Kept:
    """What teachers expect of each character, read in the order of the first epoch and kept."""

    def __init__(
        self,
        text: Text,
        config: TrainConfig,
        share: slice,
        teachers: Sequence[Network],
        device: str,
    ) -> None:
        self._lanes, self._device = text.lanes(config, share), device
        # Each process reads shares of its own size: later it comes to the lanes of the others.
        size = len(range(config.batch_size)[share])
        firsts = range(0, config.batch_size, size)
        self._shares = [text.lanes(config, slice(first, first + size)) for first in firsts]
        self._readings = [
            Reading(teachers, lanes, config.seq_length, device) for lanes in self._shares
        ]
        self._num_steps = math.ceil(self._lanes.steps_per_epoch)
        self._windows_N = self._windows(text.num_train)
        self._is_read = np.zeros(len(self._shares) * self._num_steps, bool)
        self._expected_NV = torch.zeros(
            text.num_train, _vocab_size(teachers), dtype=torch.float16, device=device
        )

    def at(self, step: int) -> Tensor:
        """Return what teachers expect at a step, (T, B, V); anything where nothing is scored.

        They read what they have not read yet.
        """
        places_TB = self._lanes.places(step)
        if not self._is_read.all():
            for window in np.unique(self._windows_N[places_TB[places_TB >= 0]]).tolist():
                self._read(window)
        return self._expected_NV[to_device(places_TB, self._device)]

    def _windows(self, num_chars: int) -> npt.NDArray[np.int32]:
        """Return which window of the first epoch predicts each character: the earliest, for the
        last ones of a lane reach into the next lane.
        """
        windows_N = np.full(num_chars, -1, np.int32)
        for step in reversed(range(self._num_steps)):
            for k, lanes in enumerate(self._shares):
                places_TB = lanes.places(step)
                windows_N[places_TB[places_TB >= 0]] = k * self._num_steps + step
        return windows_N

    def _read(self, window: int) -> None:
        """Let the teachers read up to a window, unless they have."""
        if self._is_read[window]:
            return
        k, last = divmod(window, self._num_steps)
        for step, expected_TBV in self._readings[k].up_to(last):
            self._keep(k * self._num_steps + step, self._shares[k].places(step), expected_TBV)

    def _keep(self, window: int, places_TB: npt.NDArray[np.int64], expected_TBV: Tensor) -> None:
        places, columns = np.unique(places_TB, return_index=True)  # a short ring has some twice
        is_own = (places >= 0) & (self._windows_N[places] == window)
        rows = to_device(places[is_own], self._device)
        columns_on_device = to_device(columns[is_own], self._device)
        self._expected_NV[rows] = expected_TBV.flatten(0, 1)[columns_on_device]
        self._is_read[window] = True


class NotKept:
    """What teachers expect at each step, where a text is too long to keep it."""

    def __init__(self, reading: "Reading") -> None:
        self._reading, self._step, self._expected_TBV = reading, -1, torch.empty(0)

    def at(self, step: int) -> Tensor:
        """Return what teachers expect at a step, (T, B, V)."""
        if step != self._step:
            *_, (self._step, self._expected_TBV) = self._reading.up_to(step)
        return self._expected_TBV


class Reading:
    """Teachers read along lanes, in stretches that begin from a zero state some windows before."""

    def __init__(
        self, teachers: Sequence[Network], lanes: Lanes | RecordLanes, seq_length: int, device: str
    ) -> None:
        self._teachers, self._first_step = teachers, lanes.first_step
        self._windows = Prefetcher(lanes, device, max_bytes=0)
        self._stretch_steps = math.ceil(_STRETCH / seq_length)
        self._warm_up_steps = math.ceil(_WARM_UP / seq_length)
        self._stretch, self._next = -1, 0  # which was begun, and the next step in it
        self._states: list[State] | None = None

    def up_to(self, step: int) -> Iterator[tuple[int, Tensor]]:
        """Yield the steps of a stretch up to this one, each with the mean of the teachers'
        probabilities, (T, B, V): those from its beginning, or from where they have read.
        """
        stretch = step // self._stretch_steps
        if stretch != self._stretch or step < self._next:
            self._begin(stretch)
        while self._next <= step:
            expected_TBV = self._read(self._next)
            self._next += 1
            yield self._next - 1, expected_TBV

    def _begin(self, stretch: int) -> None:
        self._stretch, self._next = stretch, stretch * self._stretch_steps
        self._states = None
        for step in range(self._next - self._warm_up_steps, self._next):
            if step >= self._first_step:
                self._read(step)

    @torch.no_grad()
    def _read(self, step: int) -> Tensor:
        """Return the mean of the teachers' probabilities in a window, (T, B, V)."""
        window = self._windows.batch(step)
        if self._states is None:
            num_lanes = len(window.begins_B)
            self._states = [each.initial_state(num_lanes) for each in self._teachers]
        sum_TBV: Tensor | float = 0.0
        for m, teacher in enumerate(self._teachers):
            state = keep_lanes(self._states[m], ~window.begins_B)
            logits_TBV, self._states[m] = teacher(window.inputs_TB, state)
            sum_TBV = sum_TBV + logits_TBV.softmax(-1)
        assert isinstance(sum_TBV, Tensor)
        return sum_TBV.div_(len(self._teachers)).half()


def _vocab_size(teachers: Sequence[Network]) -> int:
    return len(teachers[0].head.weight)


def _bytes_per_char(teachers: Sequence[Network]) -> int:
    return torch.float16.itemsize * _vocab_size(teachers) + np.dtype(np.int32).itemsize
