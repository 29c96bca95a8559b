"""A trained classifier as a library: it decides on the label of a text. Numpy only.

    classifier = charrnn.load("reviews")
    classifier.classify("what a film")        # {"positive": 0.93, "negative": 0.07}

The likeliest label comes first.

Shapes: S source symbols (padded), B texts, C labels.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from charrnn._text import percent
from charrnn.cells import FloatArray
from charrnn.config import ClassifierConfig
from charrnn.data.pairs.symbols import RESERVED, Ids, Side, sides
from charrnn.errors import UsageError
from charrnn.generation.ensemble import require_alike
from charrnn.generation.translation import batching
from charrnn.generation.translation.source_ids import source_ids
from charrnn.models import ngrams
from charrnn.models.classifier.classifier_numpy import NumpyClassifier
from charrnn.models.encoders.text_encoder_equations import Weights
from charrnn.models.step_ensemble import log_mean_probabilities
from charrnn.runs.checkpoint import Checkpoint

MAX_TEXT = 100_000  # symbols
MAX_STEPS = 1000  # symbols of a text whose beginnings are all classified: takes their square

Probabilities = dict[str, float]  # of labels, the likeliest first


class Belief(NamedTuple):
    """What a classifier would decide if a text ended after a symbol (of a byte model: after a
    character).
    """

    symbol: str  # joined, they are the text
    probabilities: Probabilities


@dataclass(frozen=True)
class Member:
    """One trained network. Several make an ensemble."""

    config: ClassifierConfig
    weights: Weights

    @cached_property
    def network(self) -> NumpyClassifier:
        """The network laid out for speed."""
        return NumpyClassifier(self.config, self.weights)


@dataclass(frozen=True, repr=False)
class Classifier:
    """A classifier, or an ensemble of several whose probabilities are averaged.

    Symbols of a text that the model does not know are read as one unknown symbol.
    """

    members: tuple[Member, ...]
    source: Side
    target: Side
    name: str = ""  # of its run

    @classmethod
    def of(cls, checkpoints: Sequence[Checkpoint], name: str = "") -> "Classifier":
        """Return the classifier of one checkpoint, or of several as an ensemble.

        Raises `UsageError` if their symbols or labels differ.
        """
        require_alike(checkpoints)
        both = sides(checkpoints[0].data, checkpoints[0].vocabs)
        return cls(tuple(map(_member, checkpoints)), *both, name)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of their numbers."""
        return tuple(map(self.target.symbol, range(1, self.target.size)))

    def compared(self, text: str, label: str) -> str:
        """Return a text with its likeliest label, and the right one where that differs."""
        (likeliest, probability), *_ = self.classify(text).items()
        is_right = likeliest == label
        decided = f"{text} → {likeliest} ({percent(probability)})"
        return decided if is_right else f"{decided}; it is {label}"

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        sizes = " and ".join(str(member.config) for member in self.members)
        return f"Classifier({name}{sizes}, {len(self.labels):,} labels)"

    def classify(self, text: str) -> Probabilities:
        """Return the probability of each label. Raises `UsageError` for a text of more than
        `MAX_TEXT` symbols.
        """
        return next(self.classify_many([text]))

    def classify_many(self, texts: Iterable[str]) -> Iterator[Probabilities]:
        """Yield what `classify` returns for each text, in order, computed in batches.

        Up to 1,024 texts are read ahead.
        """
        return map(self._named, self.log_probabilities(texts))

    def log_probabilities(self, texts: Iterable[str]) -> Iterator[FloatArray]:
        """Yield the log probability of each label, in the order of `labels`, for each text."""
        return batching.in_order(map(self.encode, texts), len, self._answers)

    def beliefs(self, text: str) -> list[Belief]:
        """Return what the model would decide if the text ended after each of its symbols.

        Raises `UsageError` for a text of more than `MAX_STEPS` symbols.
        """
        ids_S = self.encode(text)
        if len(ids_S) > MAX_STEPS:
            raise UsageError(
                f"a text of {len(ids_S):,} symbols has too many steps; at most {MAX_STEPS:,} are"
                " possible",
                "give it a shorter text",
            )
        parts = self.source.parts(text)
        ends = accumulate(len(self.source.encode(part)) for part in parts)
        every = batching.in_order((ids_S[:end] for end in ends), len, self._answers)
        return [Belief(*each) for each in zip(parts, map(self._named, every), strict=True)]

    def label_of(self, text: str) -> str:
        """Return a label as it is learned, from the way in which a file has it."""
        return self.target.decode(self.target.encode(text).tolist()) or " ".join(text.split())

    def unknown_in(self, text: str) -> list[str]:
        """Return the symbols of a text that the model does not know, each once."""
        return self.source.unknown_in(text)

    def _named(self, log_prob_C: FloatArray) -> Probabilities:
        order = np.argsort(-log_prob_C, kind="stable").tolist()
        return {self.labels[i]: float(np.exp(log_prob_C[i])) for i in order}

    def encode(self, text: str) -> Ids:
        """Return the ids of a text. Raises `UsageError` for one of more than `MAX_TEXT` symbols."""
        hint = "give it a part, such as its beginning"
        return source_ids(self.source, text, at_most=MAX_TEXT, purpose="classify", hint=hint)

    def _answers(self, texts: Sequence[Ids]) -> Sequence[FloatArray]:
        """Return the log probabilities of the labels of each text."""
        lengths_B = np.array([len(ids_S) for ids_S in texts])
        ids_SB = np.full((int(lengths_B.max()), len(texts)), RESERVED)
        for b, ids_S in enumerate(texts):
            ids_SB[: len(ids_S), b] = ids_S
        log_prob_CB = log_mean_probabilities(
            member.network.logits(ids_SB, lengths_B).astype(np.float64) for member in self.members
        )
        return list(log_prob_CB.T)


def _member(checkpoint: Checkpoint) -> Member:
    keys = ngrams.keys_in(checkpoint.arrays, longest=checkpoint.model.ngrams)
    weights = Weights.from_arrays(checkpoint.model, checkpoint.group("weights"), keys)
    return Member(checkpoint.model, weights)
