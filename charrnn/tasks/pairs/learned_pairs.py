"""The pairs that a new encoder–decoder learns from: read them, and tell what is in them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from charrnn._text import Reporter, number_of
from charrnn.config import PairsConfig
from charrnn.data.corpus import CACHE
from charrnn.data.pairs.pair_corpus import PairCorpus
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.read_pairs import read_pairs
from charrnn.data.pairs.reload_pairs import PairReference, reload_pairs
from charrnn.data.pairs.symbols import UNKNOWN, Ids, Side, sides
from charrnn.errors import CorpusError
from charrnn.runs.header import CheckpointHeader
from charrnn.tasks.task import SourceNames, Vocabs

_MIN_PAIRS = 20
_FEW_PAIRS = 1000
_NUM_LOOKED_AT, _SHORT = 100, 150  # pairs among which some are chosen to be shown; symbols


@dataclass(frozen=True)
class PairTexts:
    """Pairs as ids, split, and how ids are read as texts: the dataset of a run."""

    pairs: PairDataset
    source: Side
    target: Side

    def size(self, split: str) -> int:
        """Return the number of pairs in "train", "val" or "test"."""
        return self.pairs.size(split)

    def beginning(self, split: str, size: int) -> "PairTexts":
        """Return a dataset whose "val" or "test" has at most so many pairs."""
        return replace(self, pairs=self.pairs.beginning(split, size))

    def texts(self, number: int) -> tuple[str, str]:
        """Return a pair as texts; a rare symbol of the source that is unknown is U+FFFD."""
        source, target = (
            side.decode(texts.ids_of(number), unknown="" if side.is_of_bytes else UNKNOWN)
            for side, texts in (
                (self.source, self.pairs.sources),
                (self.target, self.pairs.targets),
            )
        )
        return source, target

    def mean_lengths(self) -> tuple[float, float]:
        """Return how many symbols a source and a target of the training split have, on average."""
        numbers = self.pairs.numbers["train"]
        sources, targets = self.pairs.sources, self.pairs.targets
        return float(sources.lengths(numbers).mean()), float(targets.lengths(numbers).mean())

    def examples(self, most: int) -> list[tuple[str, str]]:
        """Return pairs to show, short ones if there are some: the same ones each time, of the
        validation split or, without one, of the training split.
        """
        return [self.texts(number) for number in self.example_numbers(most).tolist()]

    def example_numbers(self, most: int) -> Ids:
        """Return the numbers of these pairs."""
        split = "val" if self.size("val") else "train"
        numbers = self.pairs.numbers[split][:_NUM_LOOKED_AT]
        lengths = self.pairs.sources.lengths(numbers) + self.pairs.targets.lengths(numbers)
        order = np.argsort(np.maximum(lengths, _SHORT), kind="stable")  # short ones in their order
        return numbers[order][:most]


@dataclass(frozen=True)
class LearnedPairs:
    """Pairs that were read and encoded, and the names that a person gave their files."""

    sources: SourceNames
    corpus: PairCorpus

    @property
    def vocabs(self) -> Vocabs:
        """The vocabularies of the sources and of the targets."""
        return self.corpus.vocabs

    @property
    def corpora(self) -> dict[str, PairFacts]:
        """What a checkpoint keeps, to find the pairs again."""
        return {"pairs": self.corpus.facts}

    def release(self) -> None:
        """Give up the claim on the encoded copy."""
        if self.corpus.claim is not None:
            self.corpus.claim.release()

    def split(self, config: PairsConfig, *, seed: int) -> PairTexts:
        """Split the pairs into training, validation and test.

        Raises `CorpusError` for a few pairs, unless the sources allow it.
        """
        pairs = self.corpus.split(config, seed=seed)
        if len(pairs.sources) < _MIN_PAIRS and not self.sources.allows_short:
            raise CorpusError(
                f"{number_of(len(pairs.sources), 'pair')}: too few to learn from",
                f"give {_FEW_PAIRS:,} or more, or learn them all the same with allow_short",
                "allow_short",
            )
        return PairTexts(pairs, *sides(config, self.vocabs))


def read(
    sources: SourceNames,
    config: PairsConfig,
    *,
    known: Vocabs | None,
    root: Path,
    reporter: Reporter,
) -> LearnedPairs:
    """Read and encode pairs; their vocabularies extend those that are known to a model already.

    Encoded copies are kept in a cache below `root`, the folder of all runs. Raises `CorpusError`
    for pairs that cannot be read.
    """
    corpus = read_pairs(
        sources.names, config,
        target_names=sources.target_names, val_names=sources.val_names,
        known=known, cache=root / CACHE, reporter=reporter,
    )  # fmt: skip
    return LearnedPairs(sources, corpus)


def reload(header: CheckpointHeader, *, keep_corpus: bool, reporter: Reporter) -> PairTexts:
    """Read again the pairs that a run learns from, split as before.

    Raises `CorpusError` where they are gone or have changed; `keep_corpus` allows the latter.
    """
    facts, train = header.corpora["pairs"], header.train
    reference = PairReference(facts, header.vocabs, header.data, train.seed, header.path)
    pairs = reload_pairs(reference, keep_corpus=keep_corpus, reporter=reporter)
    return PairTexts(pairs, *sides(header.data, header.vocabs))


def compared(source: str, translation: str, target: str) -> str:
    """Return a source and its translation in a line, and the target where that differs."""
    return f"{source} → {translation}" + ("" if translation == target else f"  ({target})")


def summary(learned: LearnedPairs) -> str:
    """Return how many pairs there are, without those of validation files: "french: 8,000 pairs"."""
    facts = learned.corpus.facts
    return f"{learned.sources.title}: {number_of(facts.num_pairs - facts.num_val, 'pair')}"


def show_validation_split(
    dataset: PairTexts,
    reporter: Reporter,
    *,
    unit: str = "pair",
    best: str = "the lowest word error rate",
) -> None:
    """Tell how many pairs are for validation, and what decides which checkpoint is the best."""
    if num_shared := dataset.pairs.num_shared:
        reporter.show(
            f"left out {number_of(num_shared, unit)} of training: the same sources are in the"
            " validation files"
        )
    num_val = dataset.size("val")
    if num_val:
        reporter.show(
            f"validation split: {number_of(num_val, unit)}; the best checkpoint is the one with"
            f" {best} on them"
        )
    else:
        are_alike = f"too many {unit}s are the same, and no {unit} is in two splits"
        if unit == "pair":
            are_alike = "too many pairs have the same source, and no source is in two splits"
        why = f" ({are_alike})" if "val" in dataset.pairs.missing else ""
        reporter.warn(
            f"there are no validation {unit}s{why}: memorising (overfitting) cannot be noticed"
        )
