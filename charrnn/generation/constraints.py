"""What a stream is kept from saying, by what it has said: copies of a corpus, repetitions.

Each is a `sampler.Steering`: one object follows one stream.

Shapes: V vocabulary, W the last characters that are remembered.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charrnn.data.vocab import IntArray
from charrnn.generation.sampler import FloatArray

if TYPE_CHECKING:
    from charrnn.data.text_index import Index

FREE = 5  # characters in a row that may be said again without a penalty
_REMEMBERED = 1000  # characters: a passage that is further back may be said again


class NoCopies:
    """Never `length` characters in a row that stand in a corpus: what would complete such a copy
    cannot be drawn.

    Where each character would, it `is_stuck`. A character of `free` may complete one, for it may
    be an end that is taken off; only another of them can follow it then.
    """

    is_stuck = False

    def __init__(self, index: "Index", length: int, free: Sequence[int] = ()) -> None:
        self._index, self._length, self._free = index, length, list(free)
        self._ids: list[int] = []  # of what was said, the last `length`
        self._num_said = 0
        self._absent = -1  # a stretch from there to what was said then is nowhere in the corpus

    def steer(self, logits_V: FloatArray) -> None:
        """See `Steering.steer`."""
        self.is_stuck = False
        start = self._num_said - self._length + 1  # where a copy that is now completed begins
        if start < 0:
            return
        if self._free and self._is_copy(start - 1):
            others = np.ones(len(logits_V), bool)
            others[self._free] = False
            self._exclude(logits_V, others)
        elif start > self._absent:
            followers = self._index.followers(self._piece(start))
            if len(followers):
                self._exclude(logits_V, followers[~np.isin(followers, self._free)])
            else:
                self._absent = self._last_absent(start)

    def read(self, i: int) -> None:
        """See `Steering.read`."""
        self._ids.append(i)
        del self._ids[: -self._length]
        self._num_said += 1

    def _exclude(self, logits_V: FloatArray, which: npt.NDArray[Any]) -> None:
        logits_V[which] = -np.inf
        self.is_stuck = bool(np.isneginf(logits_V).all())

    def _piece(self, start: int) -> IntArray:
        """What was said from a place on."""
        num = self._num_said - start
        return np.array(self._ids[len(self._ids) - num :], self._index.ids.dtype)

    def _is_copy(self, start: int) -> bool:
        """Whether what was said from there on, `length` characters, is one."""
        return start > self._absent and start >= 0 and self._index.has(self._piece(start))

    def _last_absent(self, start: int) -> int:
        """The latest place from which on what was said is not in the corpus: no copy that begins
        there or before can be one. From `start` on it is not.
        """
        low, high = start, self._num_said  # absent from low on, and not from high on
        low = max(low, high - self._index.reach)
        if self._index.has(self._piece(low)):
            return start
        while high - low > 1:
            middle = (low + high) // 2
            if self._index.has(self._piece(middle)):
                high = middle
            else:
                low = middle
        return low


class RepeatPenalty:
    """A character that would repeat a passage pays: so many nats for each character by which the
    passage is then longer than `FREE`.

    So a word may come again, and a loop ends, at any temperature.
    """

    def __init__(self, nats: float, before: Sequence[int] = ()) -> None:
        """`before` is what was read before the first character."""
        self._nats = nats
        self._ids_W = np.full(_REMEMBERED, -1, np.int64)  # the last that was said comes last
        self._lengths_W = np.zeros(_REMEMBERED, np.int64)  # of what ends there, and at the last
        for i in before[-_REMEMBERED:]:
            self.read(i)

    def steer(self, logits_V: FloatArray) -> None:
        """See `Steering.steer`."""
        places = np.flatnonzero(self._lengths_W[:-1] >= FREE)
        if len(places):
            longest_V = np.zeros(len(logits_V))
            np.maximum.at(longest_V, self._ids_W[places + 1], self._lengths_W[places] + 1 - FREE)
            logits_V -= (self._nats * longest_V).astype(logits_V.dtype)

    def read(self, i: int) -> None:
        """See `Steering.read`."""
        is_same_W = np.append(self._ids_W[1:] == i, False)
        self._lengths_W = np.where(is_same_W, self._lengths_W + 1, 0)
        self._ids_W = np.append(self._ids_W[1:], i)
