"""Pairs that a run learns from, read and encoded, and their splits."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from charrnn.config import PairsConfig
from charrnn.data.encoding.claims import Claim
from charrnn.data.pairs.array_files import load_numbers, path_of, save_numbers
from charrnn.data.pairs.encoded import EncodedPairs, PairVocabs, stem_of
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.pair_splits import PairSplits
from charrnn.data.pairs.symbols import Ids
from charrnn.errors import CorpusError


@dataclass(frozen=True)
class PairCorpus:
    """Pairs that were read and encoded."""

    config: PairsConfig
    vocabs: PairVocabs
    facts: PairFacts
    encoded: EncodedPairs
    cache: Path  # where the encoded pairs are, and a list of those in training
    claim: Claim | None = None  # on its files there; None where a run on the disk needs them

    def split(self, config: PairsConfig, *, seed: int) -> PairDataset:
        """Split the pairs at random, as `config` says; no source is in two splits.

        Pairs of validation files are the validation split. Raises `CorpusError` where no pair is
        left for training.
        """
        encoded, num_val = self.encoded, self.facts.num_val
        splits = PairSplits(encoded.hashes, encoded.left_out, num_val, config, seed)
        numbers = {"train": self._training(splits), "val": splits.val, "test": splits.test}
        if not len(numbers["train"]):
            raise CorpusError(
                "no pair is left to learn from: pairs with the sources of the validation files are"
                " left out",
                "name other files",
            )
        asked_for = {"val": config.val_fraction, "test": config.test_fraction}
        missing = frozenset(
            split
            for split, share in asked_for.items()
            if share and not len(numbers[split]) and len(numbers["train"]) > 1
        )
        sources = encoded.pictures or encoded.sources
        return PairDataset(sources, encoded.targets, numbers, splits.num_shared, missing)

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
