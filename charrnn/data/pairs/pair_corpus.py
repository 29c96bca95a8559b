"""The pairs of a run: what identifies them, where they are as ids, and their splits."""

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrnn.config import PairsConfig
from charrnn.data.pairs.encoded import (
    EncodedPairs,
    PairVocabs,
    load_numbers,
    path_of,
    save_numbers,
    stem_of,
)
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_splits import PairSplits
from charrnn.data.pairs.symbols import Ids
from charrnn.errors import CorpusError

_NAMES = ("names", "target_names", "val_names")


@dataclass(frozen=True)
class PairFacts:
    """What a run learns from: enough to find it again and to know whether it is the same."""

    names: tuple[str, ...]  # as typed
    sha256: str  # of the pairs as they are encoded: normalised, and without bad lines
    num_pairs: int  # those of validation files included
    num_val: int = 0  # pairs of validation files
    num_skipped: int = 0  # bad lines
    longest_source: int = 0  # symbols
    longest_target: int = 0
    target_names: tuple[str, ...] = ()  # of parallel files
    val_names: tuple[str, ...] = ()  # parallel files, too: sources and targets in turn

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> "PairFacts":
        """Return the facts with these values. Raises ValueError or TypeError if not valid."""
        facts = cls(**values | {name: tuple(values[name]) for name in _NAMES})
        names = (*facts.names, *facts.target_names, *facts.val_names)
        if not facts.names or not all(isinstance(name, str) for name in names):
            raise TypeError("its pairs have no name")
        counts = facts.num_pairs, facts.num_val, facts.num_skipped
        if any(type(count) is not int or count < 0 for count in counts):
            raise TypeError("the number of its pairs is not valid")
        lengths = facts.longest_source, facts.longest_target
        if any(type(length) is not int or length < 0 for length in lengths):
            raise TypeError("the length of its pairs is not valid")
        if not isinstance(facts.sha256, str) or not re.fullmatch("[0-9a-f]{64}", facts.sha256):
            raise ValueError("its pairs have no SHA-256")
        return facts


@dataclass(frozen=True)
class PairCorpus:
    """Pairs that were read and encoded."""

    config: PairsConfig
    vocabs: PairVocabs
    facts: PairFacts
    encoded: EncodedPairs
    cache: Path  # where the encoded pairs are, and a list of those in training

    def split(self, config: PairsConfig, *, seed: int) -> PairDataset:
        """Split the pairs at random, as `config` says; no source is in two splits.

        Pairs of validation files are the validation split. Raises `CorpusError` where no pair is
        left for training.
        """
        encoded, num_val = self.encoded, self.facts.num_val
        splits = PairSplits(encoded.hashes, encoded.left_out, num_val, config, seed)
        numbers = {"train": self._training(splits), "val": splits.val, "test": splits.test}
        if not len(numbers["train"]):
            raise _nothing_to_learn(splits)
        return PairDataset(encoded.sources, encoded.targets, numbers, splits.num_shared)

    def _training(self, splits: PairSplits) -> Ids:
        """The numbers of the pairs to train on, memory-mapped: there may be very many."""
        config = splits.config
        what = [config.val_fraction, config.test_fraction, config.max_val_pairs]
        digest = hashlib.sha256(json.dumps([splits.seed, splits.num_val, *what]).encode())
        stem = stem_of(self.facts.sha256, self.vocabs, self.cache)
        path = path_of(stem, f"train-{digest.hexdigest()[:16]}")
        numbers = load_numbers(path)
        if numbers is None:
            numbers = save_numbers(path, splits.train(), length=splits.num_train)
        return numbers


def _nothing_to_learn(splits: PairSplits) -> CorpusError:
    if splits.num_shared:
        return CorpusError(
            "no pair is left to learn from: their sources are in the validation files, too",
            "name other files",
        )
    return CorpusError(
        "no pair is left to learn from: each target has a symbol that is not in the vocabulary",
        "raise max_vocab",
        "max_vocab",
    )
