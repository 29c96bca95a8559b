"""Batches of pairs of like length, in an order that follows from (seed, epoch) alone.

A random order of all pairs is cut into pools; the pairs of a pool are sorted by length and cut into
batches; the batches of all pools come in a random order of their own.

    random order of the pairs    ▁▅▂█▃▁ ▇▂▅▁█▃ ▂▆▁▄
    pools, sorted                ▁▁▂▃▅█ ▁▂▃▅▇█ ▁▂▄▆
    batches of two               ▁▁│▂▃│▅█│▁▂│▃▅│▇█│▁▂│▄▆   taken in a random order

So where a step reads follows from its number, and no order of all pairs is ever held in memory.

Shapes: B examples, S source symbols, T target symbols.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.data.batches import ALL, NOT_SCORED
from charrnn.data.pairs.symbols import RESERVED

Ids = npt.NDArray[np.int64]
MAX_EXAMPLES, MAX_NUMBERS = 256, 1 << 24  # computed together, and the numbers in memory then
_BATCHES_IN_POOL = 50
_MAX_POOLS = 32  # in memory
_ROUNDS = 4


class PairBatch(NamedTuple):
    """Padded pairs. An idle example is a copy of another, and no target of it is scored."""

    sources: Any  # ids_SB of texts, pixels_BYXC of pictures
    lengths_B: Ids
    inputs_TB: Ids  # the boundary, then the target
    targets_TB: Ids  # the target, then the boundary; `NOT_SCORED` after it
    # of the whole batch, also where the examples are a share of it
    num_symbols: int  # of the targets, without boundaries
    num_pairs: int


class Sources(Protocol):
    """What is read of pairs, each addressed by the number of its pair: `Texts`, or `Pictures`."""

    def __len__(self) -> int: ...

    def lengths(self, numbers: Ids) -> Ids:
        """Return how long these sources are."""

    def padded(self, numbers: Ids, *, least: int = 0) -> tuple[Any, Ids]:
        """Return what a network reads of these sources, and their lengths."""

    def ids_of(self, number: int) -> list[int]:
        """Return the ids of what a source is called: a text itself, the path of a picture."""


@dataclass(frozen=True)
class Texts:
    """Many texts as ids, one after the other, each addressed by its number."""

    ids: npt.NDArray[np.integer[Any]]
    starts: Ids  # of each text, then where the last one ends

    def __len__(self) -> int:
        return len(self.starts) - 1

    def lengths(self, numbers: Ids) -> Ids:
        """Return how many symbols these texts have."""
        lengths: Ids = self.starts[numbers + 1] - self.starts[numbers]
        return lengths

    def ids_of(self, number: int) -> list[int]:
        """Return the ids of a text."""
        ids: list[int] = self.ids[self.starts[number] : self.starts[number + 1]].tolist()
        return ids

    def padded(self, numbers: Ids, *, least: int = 0) -> tuple[Ids, Ids]:
        """Return texts as columns, filled up with `RESERVED`, and their lengths. There are `least`
        rows, or as many as the longest text needs.
        """
        lengths_B = self.lengths(numbers)
        t = np.arange(lengths_B.max(initial=least))[:, None]
        is_text_TB = t < lengths_B
        places_TB = np.where(is_text_TB, self.starts[numbers] + t, 0)
        return np.where(is_text_TB, self.ids[places_TB].astype(np.int64), RESERVED), lengths_B


@dataclass(frozen=True)
class PairBatches:
    """The batches of a set of pairs."""

    sources: Sources
    targets: Texts
    numbers: Ids  # of the pairs that are learned
    batch_size: int
    seed: int
    share: slice = field(default_factory=lambda: ALL)  # the examples of this process
    # pools that were sorted, by epoch and number: a small corpus has few
    _pools: dict[tuple[int, int], Ids] = field(default_factory=dict, init=False, repr=False)

    @property
    def steps_per_epoch(self) -> int:
        """Steps that read every pair once."""
        return -(-len(self.numbers) // self.batch_size)

    def batch(self, step: int) -> PairBatch:
        """Return the batch of a step."""
        epoch, k = divmod(step, self.steps_per_epoch)
        order = Permutation(self.steps_per_epoch, (self.seed, epoch, 1))
        pool, place = divmod(int(order(np.array([k]))[0]), _BATCHES_IN_POOL)
        return self._padded(self._pool(epoch, pool)[place * self.batch_size :][: self.batch_size])

    def _pool(self, epoch: int, pool: int) -> Ids:
        """Return the pairs of a pool, sorted by length."""
        if (epoch, pool) not in self._pools:
            if len(self._pools) == _MAX_POOLS:
                self._pools.clear()
            size = _BATCHES_IN_POOL * self.batch_size
            places = np.arange(pool * size, min((pool + 1) * size, len(self.numbers)))
            pairs = self.numbers[Permutation(len(self.numbers), (self.seed, epoch, 0))(places)]
            lengths = self.sources.lengths(pairs), self.targets.lengths(pairs)
            self._pools[epoch, pool] = pairs[np.lexsort((pairs, *lengths))]
        return self._pools[epoch, pool]

    def _padded(self, pairs: Ids) -> PairBatch:
        is_idle_B = np.arange(self.batch_size)[self.share] >= len(pairs)
        mine = np.resize(pairs, self.batch_size)[self.share]  # idle ones are copies
        longest = int(self.sources.lengths(pairs).max())  # all processes look up as many rows
        sources, lengths_B = self.sources.padded(mine, least=longest)
        batch = as_batch(sources, lengths_B, *self.targets.padded(mine))
        batch.targets_TB[:, is_idle_B] = NOT_SCORED
        num_symbols = int(self.targets.lengths(pairs).sum())
        return batch._replace(num_symbols=num_symbols, num_pairs=len(pairs))


def as_batch(sources: Any, lengths_B: Ids, targets_TB: Ids, target_lengths_B: Ids) -> PairBatch:
    """Put the boundary before each target, and after it where it is to be predicted."""
    num_steps, num_examples = len(targets_TB) + 1, targets_TB.shape[1]
    inputs_TB = np.full((num_steps, num_examples), RESERVED)
    inputs_TB[1:] = targets_TB
    scored_TB = np.full((num_steps, num_examples), RESERVED)
    scored_TB[:-1] = targets_TB
    scored_TB[np.arange(num_steps)[:, None] > target_lengths_B] = NOT_SCORED
    num_symbols = int(target_lengths_B.sum())
    return PairBatch(sources, lengths_B, inputs_TB, scored_TB, num_symbols, num_examples)


def within_memory(costs: Ids) -> Iterator[tuple[int, int]]:
    """Yield the first and the last + 1 of examples that are computed together, in their order.

    `costs` are numbers in memory for each; an example with longer ones beside it costs as much as
    these. One that costs more than `MAX_NUMBERS` is alone.
    """
    begin = 0
    while begin < len(costs):
        end, largest = begin + 1, int(costs[begin])
        while end < len(costs) and end - begin < MAX_EXAMPLES:
            largest = max(largest, int(costs[end]))
            if largest * (end - begin + 1) > MAX_NUMBERS:
                break
            end += 1
        yield begin, end
        begin = end


def of_like_length(sources: Texts, numbers: Ids, numbers_per_symbol: int) -> Iterator[Ids]:
    """Yield where in `numbers` the texts are that are computed together, the shortest first."""
    lengths = sources.lengths(numbers)
    order = np.argsort(lengths, kind="stable")
    costs = (lengths[order] + 2) * numbers_per_symbol
    for begin, end in within_memory(costs):
        yield order[begin:end]


class Permutation:
    """A random order of 0, …, size - 1 that is computed place by place, in constant memory.

    A Feistel network is a permutation of the numbers of 2k bits (Luby & Rackoff, 1988); one that
    leaves the range goes round again until it is within ("cycle walking", Black & Rogaway, 2002).
    """

    def __init__(self, size: int, seed: tuple[int, ...]) -> None:
        self._size = size
        self._half_bits = np.uint64(max(1, -(-max(size - 1, 1).bit_length() // 2)))
        self._half_mask = (np.uint64(1) << self._half_bits) - np.uint64(1)
        self._keys = np.random.SeedSequence(seed).generate_state(_ROUNDS, np.uint64)

    def __call__(self, places: Ids) -> Ids:
        """Return the number at each place."""
        numbers = self._rounds(places.astype(np.uint64))
        while (outside := numbers >= self._size).any():
            numbers[outside] = self._rounds(numbers[outside])
        return numbers.astype(np.int64)

    def _rounds(self, numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        left, right = numbers >> self._half_bits, numbers & self._half_mask
        for key in self._keys:
            left, right = right, left ^ (mixed(right, key) & self._half_mask)
        joined: npt.NDArray[np.uint64] = (left << self._half_bits) | right
        return joined


def mixed(x: npt.NDArray[np.uint64], key: np.uint64) -> npt.NDArray[np.uint64]:
    """Scramble numbers; the constants are those of splitmix64 (Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        x = x + key
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
