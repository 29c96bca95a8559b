"""Constraints on what a stream may say next: no copies of a corpus, a penalty on repetition.

Each object is a `sampler.Constraint` for one stream.

Shapes: V vocabulary, W window of the last characters.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charrnn.data.vocab import IntArray
from charrnn.generation.sampler import FloatArray

if TYPE_CHECKING:
    from charrnn.data.text_index import TextIndex

FREE = 5  # characters in a row that may be repeated without a penalty
_WINDOW = 1000  # characters; a passage further back may be repeated


class NoCopies:
    """Forbids copies of `length` characters in a row from a corpus: a character that would complete
    one is never drawn.

    A character of `free` may complete a copy, since it may be the end of a record, which is cut
    off; after it only characters of `free` are allowed.
    """

    is_stuck = False  # every character would complete a copy

    def __init__(self, index: "TextIndex", length: int, free: Sequence[int] = ()) -> None:
        self._index, self._length, self._free = index, length, list(free)
        self._ids: list[int] = []  # the last `length` that were read
        self._num_read = 0
        self._absent = -1  # the text from this position on, as far as it was known, is no copy

    def apply(self, logits_V: FloatArray) -> None:
        """Forbid each character that would complete a copy."""
        self.is_stuck = False
        start = self._num_read - self._length + 1  # where a copy that is completed now begins
        if start < 0:
            return
        if self._free and self._is_copy(start - 1):
            others = np.ones(len(logits_V), bool)
            others[self._free] = False
            self._exclude(logits_V, others)
        elif start > self._absent:
            followers = self._index.followers(self._read_since(start))
            if len(followers):
                self._exclude(logits_V, followers[~np.isin(followers, self._free)])
            else:
                self._absent = self._last_absent(start)

    def read(self, i: int) -> None:
        """Add a character to the text."""
        self._ids.append(i)
        del self._ids[: -self._length]
        self._num_read += 1

    def _exclude(self, logits_V: FloatArray, which: npt.NDArray[Any]) -> None:
        logits_V[which] = -np.inf
        self.is_stuck = bool(np.isneginf(logits_V).all())

    def _read_since(self, start: int) -> IntArray:
        num = self._num_read - start
        return np.array(self._ids[len(self._ids) - num :], self._index.ids.dtype)

    def _is_copy(self, start: int) -> bool:
        """Whether the `length` characters from a position on are a copy."""
        return start > self._absent and start >= 0 and self._index.has(self._read_since(start))

    def _last_absent(self, start: int) -> int:
        """Return the latest position from which on the text is not in the corpus, by bisection: no
        copy can begin there or before. From `start` on the text is not in the corpus.
        """
        low, high = start, self._num_read  # absent from low on, present from high on
        if self._index.has(self._read_since(low)):
            return start  # the corpus ends with it
        while high - low > 1:
            middle = (low + high) // 2
            if self._index.has(self._read_since(middle)):
                high = middle
            else:
                low = middle
        return low


class RepeatPenalty:
    """Lowers the logit of a character that would repeat a passage: by so many nats for each
    character by which the repeated passage would be longer than `FREE`.

    A word may come again, and a loop ends, at any temperature.
    """

    def __init__(self, nats: float, prompt: Sequence[int] = ()) -> None:
        """`prompt` holds the ids before the first character."""
        self._nats = nats
        self._ids_W = np.full(_WINDOW, -1, np.int64)  # the newest is the last
        self._lengths_W = np.zeros(
            _WINDOW, np.int64
        )  # of the passage that ends here and at the end
        for i in prompt[-_WINDOW:]:
            self.read(i)

    def apply(self, logits_V: FloatArray) -> None:
        """Subtract the penalty of each character."""
        places = np.flatnonzero(self._lengths_W[:-1] >= FREE)
        if len(places):
            longest_V = np.zeros(len(logits_V))
            np.maximum.at(longest_V, self._ids_W[places + 1], self._lengths_W[places] + 1 - FREE)
            logits_V -= (self._nats * longest_V).astype(logits_V.dtype)

    def read(self, i: int) -> None:
        """Add a character to the text."""
        is_same_W = np.append(self._ids_W[1:] == i, False)
        self._lengths_W = np.where(is_same_W, self._lengths_W + 1, 0)
        self._ids_W = np.append(self._ids_W[1:], i)
