"""Many samples at once: streams side by side in a batch, the finished ones making room.

What a stream says depends on (seed, stream number) alone, not on its neighbours; but for the
rounding of a product of matrices, which may differ with the number of columns. Where a draw falls
within some 1e-6 of the border between two characters, a stream may go another way in a batch of
another size.

Shapes: V vocabulary, B streams.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from threading import Event
from typing import Protocol

import numpy as np

from charrnn.config import SampleConfig
from charrnn.data.vocab import IntArray
from charrnn.generation.sampler import (
    FloatArray,
    Steering,
    Steerings,
    choose,
    log_probabilities,
    random_numbers,
)

_DRAWS = 32  # random numbers that a stream draws at once
_TAKEN_AT_ONCE = 32  # texts that a core gives at once


class Batch(Protocol):
    """Streams that take their steps together: `step_numpy.Batch`, or its like on another device."""

    def step(self, ids_B: IntArray) -> FloatArray:
        """Read a character on each stream: logits_VB for the next ones."""

    def restart(self, streams: Sequence[int]) -> None:
        """Put some streams back to the start."""

    def keep(self, streams: Sequence[int]) -> None:
        """Let all others go."""


@dataclass
class Spoken:
    """What one stream said, without the stop it came to, or with the text it went on until."""

    stream: int
    steerings: Sequence[Steering] = ()
    ids: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)  # the model's own, where wanted
    ended: bool = False  # at such a text; False: cut off at the length
    _complete: bool = False

    def _end(self, ends: "Ends", length: int) -> bool:
        """Whether it is complete; a stop at its end, the longest if several, is taken off."""
        found = [stop for stop in ends.before if self.ids[-len(stop) :] == list(stop)]
        if found:
            num_kept = len(self.ids) - max(map(len, found))
            del self.ids[num_kept:], self.log_probabilities[num_kept:]
        until = any(self.ids[-len(until) :] == list(until) for until in ends.after)
        self.ended = bool(found) or until
        self._complete = self.ended or len(self.ids) == length
        return self._complete


@dataclass(frozen=True)
class Ends:
    """The texts, in ids, that a stream ends before or after."""

    before: Sequence[Sequence[int]] = ()
    after: Sequence[Sequence[int]] = ()

    @property
    def last_ids(self) -> list[int]:
        """The ids that one of them may be complete with."""
        return sorted({text[-1] for text in (*self.before, *self.after)})


def speak_many(
    widened: Callable[[int], Batch],
    logits_V: FloatArray,
    streams: Iterator[int],
    *,
    num_at_once: int,
    sample: SampleConfig,
    ends: Ends,
    never: int | None = None,
    steerings: Steerings = tuple,
    with_log_probabilities: bool = False,
    ended: Event | None = None,
) -> Iterator[Spoken]:
    """What each of the numbered streams says, in their order, however early it is finished.

    `widened` makes a batch of so many streams that stand where `logits_V` was given. Each ends
    where `ends` says, or after `sample.length` characters. `never` is an id that is not drawn.
    `steerings` makes what follows each stream; where that leaves nothing to draw, the stream goes
    on as if there were none. Once `ended` is set nothing more is said.
    """
    if sample.length == 0:
        yield from (Spoken(number) for number in streams)
        return
    talking = [Spoken(number, steerings()) for number in islice(streams, num_at_once)]
    draws = [_draws(sample.seed, spoken.stream) for spoken in talking]
    in_order = deque(talking)
    batch = widened(len(talking))
    logits_VB = np.repeat(logits_V[:, None], len(talking), 1)
    last_ids = ends.last_ids
    while talking and not (ended and ended.is_set()):
        if never is not None:
            logits_VB[never] = -np.inf
        position_B = np.array([len(spoken.ids) for spoken in talking])
        uniform_B = np.array([next(drawn) for drawn in draws])
        ids_B = choose(_steered(logits_VB, talking), uniform_B, sample, position_B)
        for spoken, i in zip(talking, ids_B.tolist(), strict=True):
            spoken.ids.append(i)
            for steering in spoken.steerings:
                steering.read(i)
        if with_log_probabilities:
            nats_B = log_probabilities(logits_VB)[ids_B, np.arange(len(talking))]
            for spoken, nats in zip(talking, nats_B.tolist(), strict=True):
                spoken.log_probabilities.append(nats)

        may_end_B = np.isin(ids_B, last_ids) | (position_B + 1 == sample.length)
        logits_VB = batch.step(ids_B)
        restarted, gone = [], set()
        for k in np.flatnonzero(may_end_B).tolist():
            if talking[k]._end(ends, sample.length):
                number = next(streams, None)
                if number is None:
                    gone.add(k)
                    continue
                talking[k] = Spoken(number, steerings())
                draws[k] = _draws(sample.seed, number)
                in_order.append(talking[k])
                restarted.append(k)
        while in_order and in_order[0]._complete:
            yield in_order.popleft()
        if restarted:
            batch.restart(restarted)
            logits_VB[:, restarted] = logits_V[:, None]
        if gone:
            kept = [k for k in range(len(talking)) if k not in gone]
            batch.keep(kept)
            logits_VB = logits_VB[:, kept]
            talking, draws = [talking[k] for k in kept], [draws[k] for k in kept]


def _steered(logits_VB: FloatArray, talking: Sequence[Spoken]) -> FloatArray:
    """The logits as the steerings of the streams leave them."""
    if not any(spoken.steerings for spoken in talking):
        return logits_VB
    steered_VB = logits_VB.copy()
    for k, spoken in enumerate(talking):
        for steering in spoken.steerings:
            steering.steer(steered_VB[:, k])
    is_stuck_B = np.isneginf(steered_VB).all(0)
    steered_VB[:, is_stuck_B] = logits_VB[:, is_stuck_B]
    return steered_VB


def _draws(seed: int, stream: int) -> Iterator[float]:
    """The draws of one stream, the same that `generate` makes."""
    random = random_numbers(seed, stream)
    while True:
        yield from random.random(_DRAWS).tolist()


def in_parallel(shares: Sequence[Iterator[Spoken]], ended: Event) -> Iterator[Spoken]:
    """Run several `speak_many` at once, each on a core of its own, and yield from them in turn:
    shares of the streams 0, 2, 4 … and 1, 3, 5 … give all of them in order.

    BLAS is limited to one thread while the shares compute, never while the caller has control.
    When the iterator is closed or done, `ended` is set, so that the shares stop.
    """
    from threadpoolctl import ThreadpoolController  # one stream alone does not wait for it

    blas = ThreadpoolController()

    def some(share: Iterator[Spoken]) -> list[Spoken]:
        return list(islice(share, _TAKEN_AT_ONCE))

    with ThreadPoolExecutor(len(shares)) as pool:  # numpy releases the GIL while it computes
        try:
            while True:
                with blas.limit(limits=1, user_api="blas"):
                    taken = list(pool.map(some, shares))
                for in_turn in zip_longest(*taken):
                    yield from (spoken for spoken in in_turn if spoken is not None)
                if len(taken[0]) < _TAKEN_AT_ONCE:
                    return
        finally:
            ended.set()
