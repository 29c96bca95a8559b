"""The n-grams of sources that a network reads (models/ngrams.py): learned with the boundaries on
both sides of each source, and kept in checkpoints beside the weights.
"""

from collections.abc import Iterator

import numpy as np

from charrnn.data.pairs.buckets import Ids, Texts
from charrnn.data.pairs.symbols import RESERVED
from charrnn.models import ngrams
from charrnn.runs.safetensors_file import Arrays
from charrnn.tasks.pairs.learned_pairs import PairTexts


def learn(dataset: PairTexts, *, longest: int, min_count: int) -> Arrays:
    """Return the keys of the n-grams that occur often enough in the training split, by the names
    that they have in checkpoints.
    """
    ids = _with_boundaries(dataset.pairs.sources, dataset.pairs.numbers["train"])
    keys = ngrams.learn(ids, longest=longest, min_count=min_count)
    return ngrams.named(keys)


def _with_boundaries(sources: Texts, numbers: Ids) -> Ids:
    """Return texts one after another, each between boundaries: all of them, or as many at equal
    distances as n-grams are learned from.
    """
    per_text = float(sources.lengths(numbers).mean()) + 3
    stride = max(1, round(per_text * len(numbers) / ngrams.MAX_CHARS))
    return np.concatenate([*_between_boundaries(sources, numbers[::stride])])


def _between_boundaries(sources: Texts, numbers: Ids) -> Iterator[Ids]:
    before, after = np.array([RESERVED]), np.array([RESERVED, ngrams.NOTHING])
    for number in numbers.tolist():
        ids_S = sources.ids[sources.starts[number] : sources.starts[number + 1]].astype(np.int64)
        yield from (before, ids_S, after)
