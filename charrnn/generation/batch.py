"""Many samples at once: streams side by side in a batch; a finished stream makes room for the next.

A stream is a function of (seed, stream number) alone, not of its neighbours. Where step.c computes
it that holds to the last bit; elsewhere but for rounding, since a product of matrices may round
differently with another number of columns. There, where a draw falls within some 1e-6 of the border
between two characters, a stream may differ in a batch of another size.

Shapes: V vocabulary, B streams.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from threading import Event

import numpy as np
import numpy.typing as npt

from charrnn.config import SampleConfig
from charrnn.data.vocab import IntArray
from charrnn.generation.sampler import (
    Constraint,
    FloatArray,
    MakeConstraints,
    choose,
    log_probabilities,
    random_numbers,
)
from charrnn.models.compiled.step_c import CBatch
from charrnn.models.step_backend import Batch
from charrnn.models.step_numpy import blas

_DRAWS_AT_ONCE = 32
TAKEN_AT_ONCE = 32  # streams that a core finishes before it hands them over


@dataclass(frozen=True)
class StopSequences:
    """Id sequences that end a stream: before `stop`, which is cut off, or after `until`."""

    stop: Sequence[Sequence[int]] = ()
    until: Sequence[Sequence[int]] = ()

    @property
    def last_ids(self) -> list[int]:
        """The last id of each sequence."""
        return sorted({sequence[-1] for sequence in (*self.stop, *self.until)})


@dataclass(frozen=True)
class StreamSettings:
    """How each stream of a batch is drawn."""

    sample: SampleConfig
    stops: StopSequences = StopSequences()
    unknown_id: int | None = None  # never drawn
    make_constraints: MakeConstraints = tuple
    with_log_probabilities: bool = False

    def new_stream(self, number: int) -> "Stream":
        """Return a stream that has drawn nothing yet."""
        draws = _draws(self.sample.seed, number)
        return Stream(number, draws, self.make_constraints())


@dataclass
class Stream:
    """One stream: the ids drawn so far, without the stop sequence that ended it."""

    number: int
    draws: Iterator[float]
    constraints: Sequence[Constraint] = ()
    ids: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)  # empty unless asked for
    is_whole: bool = False  # ended by a stop sequence; False: cut off at its length
    is_complete: bool = False

    def read(self, i: int) -> None:
        """Append an id."""
        self.ids.append(i)
        for constraint in self.constraints:
            constraint.read(i)

    def complete_if_ended(self, stops: StopSequences, length: int) -> bool:
        """Cut off a stop sequence at the end, the longest if there are several; return whether the
        stream is complete.
        """
        ended_by = [stop for stop in stops.stop if self._ends_with(stop)]
        if ended_by:
            num_kept = len(self.ids) - max(map(len, ended_by))
            del self.ids[num_kept:], self.log_probabilities[num_kept:]
        self.is_whole = bool(ended_by) or any(map(self._ends_with, stops.until))
        self.is_complete = self.is_whole or len(self.ids) == length
        return self.is_complete

    def _ends_with(self, sequence: Sequence[int]) -> bool:
        return self.ids[-len(sequence) :] == list(sequence)


def sample_streams(
    make_batch: Callable[[int], Batch],
    logits_V: FloatArray,
    numbers: Iterator[int],
    settings: StreamSettings,
    *,
    num_at_once: int,
    cancelled: Event | None = None,
) -> Iterator[Stream]:
    """Yield each of the numbered streams, complete, in the order of `numbers`.

    `make_batch` returns a batch of so many streams in the state after the prompt; `logits_V` is the
    output there. Where the constraints leave no character, a stream ignores them. Nothing more is
    computed once `cancelled` is set.
    """
    if settings.sample.length == 0:
        yield from map(settings.new_stream, numbers)
        return
    running = _Running(make_batch, logits_V, numbers, settings, num_at_once=num_at_once)
    in_order = deque(running.streams)
    while running.streams and not (cancelled and cancelled.is_set()):
        in_order.extend(running.step())
        while in_order and in_order[0].is_complete:
            yield in_order.popleft()


class _Running:
    """The streams of a batch: all take a step together, and new ones replace the finished."""

    def __init__(
        self,
        make_batch: Callable[[int], Batch],
        logits_V: FloatArray,
        numbers: Iterator[int],
        settings: StreamSettings,
        *,
        num_at_once: int,
    ) -> None:
        self.streams = [settings.new_stream(number) for number in islice(numbers, num_at_once)]
        self._batch = make_batch(len(self.streams))
        self._first_V, self._numbers, self._settings = logits_V, numbers, settings
        self._logits_VB = np.repeat(logits_V[:, None], len(self.streams), 1)
        self._last_ids = settings.stops.last_ids
        has_constraints = any(stream.constraints for stream in self.streams)
        self._is_plain = settings.sample.is_plain and not (
            has_constraints or settings.with_log_probabilities
        )

    def step(self) -> list[Stream]:
        """Draw a character on each stream; return the streams that were started in turn."""
        length, streams = self._settings.sample.length, self.streams
        position_B = np.array([len(stream.ids) for stream in streams])
        ids_B = self._next_ids(position_B)
        may_end_B = np.isin(ids_B, self._last_ids) | (position_B + 1 == length)
        finished = [
            k
            for k in np.flatnonzero(may_end_B).tolist()
            if streams[k].complete_if_ended(self._settings.stops, length)
        ]
        return self._replace(finished) if finished else []

    def _next_ids(self, position_B: IntArray) -> IntArray:
        """Draw the next id of each stream, and append it; the batch reads it."""
        settings, batch = self._settings, self._batch
        uniform_B = np.array([next(stream.draws) for stream in self.streams])
        if isinstance(batch, CBatch) and self._is_plain:
            ids_1B, self._logits_VB = batch.draw(
                self._logits_VB,
                settings.sample.temperature_at(position_B),
                uniform_B[None],
                unknown_id=settings.unknown_id,
            )
            ids_B: IntArray = ids_1B[0]
        else:
            ids_B = self._chosen(uniform_B, position_B)
            self._logits_VB = batch.step(ids_B)
        for stream, i in zip(self.streams, ids_B.tolist(), strict=True):
            stream.read(i)
        return ids_B

    def _chosen(self, uniform_B: npt.NDArray[np.float64], position_B: IntArray) -> IntArray:
        """Draw an id on each stream, by all of the settings."""
        logits_VB, settings, streams = self._logits_VB, self._settings, self.streams
        if settings.unknown_id is not None:
            logits_VB[settings.unknown_id] = -np.inf
        allowed_VB = _constrained(logits_VB, streams)
        ids_B: IntArray = choose(allowed_VB, uniform_B, settings.sample, position_B)
        if settings.with_log_probabilities:
            nats_B = log_probabilities(logits_VB)[ids_B, np.arange(len(streams))]
            for stream, nats in zip(streams, nats_B.tolist(), strict=True):
                stream.log_probabilities.append(nats)
        return ids_B

    def _replace(self, finished: Sequence[int]) -> list[Stream]:
        """Start the next streams in place of the finished; drop those for which there is none."""
        started = [self._settings.new_stream(n) for n in islice(self._numbers, len(finished))]
        replaced, dropped = finished[: len(started)], set(finished[len(started) :])
        for k, stream in zip(replaced, started, strict=True):
            self.streams[k] = stream
        if replaced:
            self._batch.restart(replaced)
            self._logits_VB[:, replaced] = self._first_V[:, None]
        if dropped:
            kept = [k for k in range(len(self.streams)) if k not in dropped]
            self._batch.keep(kept)
            self._logits_VB = self._logits_VB[:, kept]
            self.streams = [self.streams[k] for k in kept]
        return started


def _constrained(logits_VB: FloatArray, streams: Sequence[Stream]) -> FloatArray:
    """Return the logits after the constraints of each stream, ignoring those that leave none."""
    if not any(stream.constraints for stream in streams):
        return logits_VB
    changed_VB = logits_VB.copy()
    for k, stream in enumerate(streams):
        for constraint in stream.constraints:
            constraint.apply(changed_VB[:, k])
    is_stuck_B = np.isneginf(changed_VB).all(0)
    changed_VB[:, is_stuck_B] = logits_VB[:, is_stuck_B]
    return changed_VB


def _draws(seed: int, number: int) -> Iterator[float]:
    """Yield the uniform numbers of one stream, those that `sampler.generate` draws."""
    random = random_numbers(seed, number)
    while True:
        yield from random.random(_DRAWS_AT_ONCE).tolist()


def in_parallel(shares: Sequence[Iterator[Stream]], cancelled: Event) -> Iterator[Stream]:
    """Run several `sample_streams`, each on a core of its own, and yield from them in turn: shares
    of the streams 0, 2, 4 … and 1, 3, 5 … give all streams in order.

    BLAS is limited to one thread while the shares compute, never while the caller has control.
    `cancelled` is set when the iterator is closed or done, so that the shares stop.
    """

    def some(share: Iterator[Stream]) -> list[Stream]:
        return list(islice(share, TAKEN_AT_ONCE))

    with ThreadPoolExecutor(len(shares)) as pool:  # what computes releases the GIL
        try:
            while True:
                with blas().limit(limits=1, user_api="blas"):
                    taken = list(pool.map(some, shares))
                for in_turn in zip_longest(*taken):
                    yield from (stream for stream in in_turn if stream is not None)
                if len(taken[0]) < TAKEN_AT_ONCE:
                    return
        finally:
            cancelled.set()
