"""Which pairs are for training, which for validation and test.

A hash of (seed, source) gives a pair its place in a random order. Pairs of one source have the same
place, so no source is in two splits. Where a source is a label, its target takes its part. The
first in that order are for test, the next for validation:

    place    ├── test ──┼── validation ──┼────────────── training ──────────────┤

Pairs of validation files are a split of their own, and stay whole: others may have measured on the
same pairs. Training and test leave out the pairs whose source is in these files.

Shapes: N pairs, V pairs of validation files.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from charrnn.config import PairsConfig
from charrnn.data.pairs.buckets import mixed
from charrnn.data.pairs.symbols import Ids
from charrnn.data.vocab import IntArray

Places = npt.NDArray[np.uint64]
CHUNK_PAIRS = 1 << 20


@dataclass(frozen=True)
class PairSplits:
    """The splits of pairs; it takes the same memory for any number of pairs to train on."""

    hashes_N: IntArray  # of the sources
    left_out: IntArray  # numbers of pairs that are in no split
    num_val: int  # pairs of validation files, which come last
    config: PairsConfig
    seed: int

    @cached_property
    def val(self) -> Ids:
        """The pairs of the validation split, in a random order."""
        if not self.num_val:
            return self._between(*self._bounds)
        numbers_V = np.arange(self._end, len(self.hashes_N))
        numbers_V = numbers_V[~np.isin(numbers_V, self.left_out)]
        order = np.argsort(self._places(numbers_V), kind="stable")
        return numbers_V[order][: self.config.max_val_pairs or None]

    @cached_property
    def test(self) -> Ids:
        """The pairs of the test split, in a random order."""
        return self._between(np.uint64(0), self._bounds[0])

    def train(self) -> Iterator[Ids]:
        """Yield the pairs of the training split, in chunks."""
        for numbers, places in self._learned():
            yield numbers[places >= self._bounds[1]]

    @property
    def num_train(self) -> int:
        """Pairs in the training split."""
        return sum(map(len, self.train()))

    @property
    def num_shared(self) -> int:
        """Pairs that are in no split since their source is in the validation files."""
        return self._end - int(np.searchsorted(self.left_out, self._end)) - self._num_learned

    @property
    def _end(self) -> int:
        """Where the pairs of validation files begin."""
        return len(self.hashes_N) - self.num_val

    @cached_property
    def _num_learned(self) -> int:
        return sum(len(numbers) for numbers, _ in self._learned())

    def _learned(self) -> Iterator[tuple[Ids, Places]]:
        """Yield the pairs that are divided between the splits, with their places."""
        hashes_V = self.hashes_N[self._end :]
        for first in range(0, self._end, CHUNK_PAIRS):
            numbers = np.arange(first, min(first + CHUNK_PAIRS, self._end))
            is_learned = ~np.isin(numbers, self.left_out)
            is_learned &= ~np.isin(self.hashes_N[numbers], hashes_V)
            yield numbers[is_learned], self._places(numbers[is_learned])

    def _places(self, numbers: Ids) -> Places:
        key = np.random.SeedSequence(self.seed).generate_state(1, np.uint64)[0]
        return mixed(self.hashes_N[numbers].astype(np.uint64), key)

    @cached_property
    def _bounds(self) -> tuple[np.uint64, np.uint64]:
        """The places where validation and where training begins."""
        most = self._num_learned - 1
        if most < 0:
            return np.uint64(0), np.uint64(0)
        num_val = 0 if self.num_val else self._share(self.config.val_fraction, most)
        num_val = min(num_val, self.config.max_val_pairs or num_val)
        num_test = self._share(self.config.test_fraction, most - num_val)
        lowest = np.zeros(0, np.uint64)
        for _, places in self._learned():
            lowest = np.sort(np.concatenate([lowest, places]))[: num_test + num_val + 1]
        return lowest[num_test], lowest[num_test + num_val]

    def _share(self, fraction: float, most: int) -> int:
        """How many pairs a split has: one at least, if it is asked for and there are enough."""
        return min(most, max(1, int(self._num_learned * fraction))) if fraction else 0

    def _between(self, low: np.uint64, high: np.uint64) -> Ids:
        """The pairs with places from `low` to before `high`, in the order of these."""
        held = [
            (numbers[is_in], places[is_in])
            for numbers, places in self._learned()
            for is_in in [(places >= low) & (places < high)]
        ]
        if not held:
            return np.zeros(0, np.int64)
        numbers, places = (np.concatenate(parts) for parts in zip(*held, strict=True))
        return numbers[np.argsort(places, kind="stable")]
