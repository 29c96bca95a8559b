"""Encoded pairs, split into training, validation and test: what a run learns from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from charrnn.config import TrainConfig
from charrnn.data.batches import ALL
from charrnn.data.pairs.buckets import PairBatches, Texts
from charrnn.data.pairs.symbols import Ids


@dataclass(frozen=True)
class PairDataset:
    """Pairs as ids, and the numbers of those in each split.

    The pairs of "val" and "test" are in a random order, so that a beginning is a fair sample.
    """

    sources: Any  # `Texts`, or `Pictures`: see `buckets.Sources`
    targets: Texts
    numbers: Mapping[str, Ids]  # by split
    num_shared: int = 0  # pairs in no split: their source is in the validation files, too
    # splits that were asked for and have no pair: too many pairs share a source, which is in one
    # split alone
    missing: frozenset[str] = frozenset()

    def size(self, split: str) -> int:
        """Return the number of pairs in "train", "val" or "test"."""
        return len(self.numbers[split])

    def beginning(self, split: str, size: int) -> "PairDataset":
        """Return a dataset whose "val" or "test" has at most so many pairs."""
        return replace(self, numbers={**self.numbers, split: self.numbers[split][:size]})

    def batches(self, config: TrainConfig, share: slice = ALL) -> PairBatches:
        """Return the batches of the training split; `share` is this process's part of each."""
        return PairBatches(
            self.sources, self.targets, self.numbers["train"],
            config.batch_size, config.seed, share,
        )  # fmt: skip
