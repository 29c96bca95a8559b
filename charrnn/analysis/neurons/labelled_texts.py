"""Texts with labels, in two halves: one to choose by, and one to report on.

Which texts are taken, and which half each is in, follows from hashes: the order of the lines
changes nothing. A text that comes again with its label counts once, so that it is in one half.

Shapes: N texts, C labels.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError

MIN_TEXTS = 10  # of a label: for fewer, halves say nothing
MAX_LABELS = 100
NUM_FOLDS = 5  # of the half to choose by

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class LabelledText(NamedTuple):
    """A text and its label."""

    text: str
    label: str


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with labels that occur often enough, in the order of their hashes."""

    texts: tuple[str, ...]
    label_N: Ints  # the number of each text's label
    labels: tuple[str, ...]  # sorted
    rare: tuple[str, ...] = ()  # labels with too few texts, which are left out

    @cached_property
    def counts_C(self) -> Ints:
        """How many texts have each label."""
        return np.bincount(self.label_N, minlength=len(self.labels))

    @cached_property
    def is_choosing_N(self) -> Flags:
        """Whether a text is in the half to choose by; of each label, every other one is."""
        is_choosing_N: Flags = self._place_N % 2 == 0
        return is_choosing_N

    @cached_property
    def fold_N(self) -> Ints:
        """A fold for each text, with as many of each label."""
        return self._place_N // 2 % NUM_FOLDS

    @cached_property
    def _place_N(self) -> Ints:
        """The place of each text among those of its label."""
        place_N = np.empty(len(self.texts), np.int64)
        for c, count in enumerate(self.counts_C.tolist()):
            place_N[self.label_N == c] = np.arange(count)
        return place_N


def drawn(pairs: Iterable[tuple[str, str]], most: int) -> list[LabelledText]:
    """Return distinct texts with labels, at most so many of them at random, in the order of their
    hashes. The memory does not grow with the number of pairs.
    """
    heap: list[tuple[int, LabelledText]] = []  # the one with the largest hash first
    kept: set[LabelledText] = set()
    for text, label in pairs:
        pair = LabelledText(text, " ".join(label.split()))
        item = (-_hash(text), pair)
        if pair in kept or (len(heap) == most and item < heap[0]):
            continue
        kept.add(pair)
        heapq.heappush(heap, item)
        if len(heap) > most:
            kept.remove(heapq.heappop(heap)[1])
    return [pair for _, pair in sorted(heap, key=lambda item: (-item[0], item[1]))]


def labelled(pairs: Sequence[LabelledText]) -> LabelledTexts:
    """Divide distinct texts, without labels that have fewer than `MIN_TEXTS`.

    Raises `CorpusError` where fewer than two labels are left, or very many.
    """
    counts = Counter(pair.label for pair in pairs)
    labels = tuple(sorted(label for label, count in counts.items() if count >= MIN_TEXTS))
    rare = tuple(sorted(counts.keys() - set(labels)))
    _require_several(labels)
    number_of = {label: number for number, label in enumerate(labels)}
    kept = [pair for pair in pairs if pair.label in number_of]
    label_N = np.array([number_of[pair.label] for pair in kept])
    return LabelledTexts(tuple(pair.text for pair in kept), label_N, labels, rare)


def _require_several(labels: Sequence[str]) -> None:
    if len(labels) > MAX_LABELS:
        raise CorpusError(
            f"there are {len(labels):,} labels; at most {MAX_LABELS} are told apart",
            "is the label the second of two columns?",
        )
    if len(labels) < 2:
        who = f"only the label {labels[0]!r} has" if labels else "no label has"
        raise CorpusError(
            f"{who} {MIN_TEXTS} distinct texts: there is nothing to tell apart",
            f"give it texts of two labels, {MIN_TEXTS} of each or more",
        )


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
