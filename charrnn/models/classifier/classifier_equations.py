"""The classifier, written out: read a text, then give the logits of its labels.

Like reference.py, this page is the textbook; the torch half (classifier.py) and the fast one in
numpy (classifier_numpy.py) are tested against it. The functions take numpy arrays or, with
`xp=torch`, torch tensors.

    boundary  N  o  v  á  k  boundary
       │      │  │  │  │  │     │
       ▼      ▼  ▼  ▼  ▼  ▼     ▼
      embeddings of each and of the n-grams that end there ────────╮ mean, maximum
       │      │  │  │  │  │     │                                  │
       ▼      ▼  ▼  ▼  ▼  ▼     ▼                                  │
          encoder, both ways ─► mean, maximum, last of each way    │
                                              │                    ▼
                                              ╰────────────────► head ─► logits of the labels

The pooled vectors do not depend on the length of the text; a maximum finds a passage wherever it
is, a mean weighs all of it, the last states are what the network kept (the three together:
Howard & Ruder, 2018, arXiv:1801.06146).

Shapes: B examples, S source symbols (padded), N lengths of n-grams, E embedding, D = N × E, M
memory, C labels.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from charrnn.cells import Array, Layer
from charrnn.config import ClassifierConfig
from charrnn.models import ngrams
from charrnn.models.encoders import encoder_equations

BOUNDARY = 0  # the id before and after every source; in a source it is any unknown symbol


class Weights(NamedTuple):
    """All that the classifier learned."""

    embedding_RE: Array
    encoder: tuple[dict[str, Layer], ...]  # by direction; the lowest layer first
    head_weight: Array
    head_bias_C: Array
    ngram_keys: tuple[Array, ...] = ()  # see ngrams.py

    @classmethod
    def from_arrays(
        cls,
        config: ClassifierConfig,
        arrays: Mapping[str, Array],
        ngram_keys: tuple[Array, ...] = (),
    ) -> "Weights":
        """Gather arrays that are named as in `ClassifierConfig.weight_shapes`."""
        encoder = encoder_equations.layers_from(config, arrays)
        head = arrays["head.weight"], arrays["head.bias"]
        return cls(arrays["embedding"], encoder, *head, ngram_keys)


def logits(
    config: ClassifierConfig,
    weights: Weights,
    ids_SB: Array,
    lengths_B: Array,
    xp: Any = np,
) -> Array:
    """Return logits_BC of the labels of some sources.

    What follows a source within its column is padding, which changes nothing.
    """
    ids_SB, lengths_B = with_boundaries(ids_SB, lengths_B, xp)
    x_SBD = embedded(config, weights, ids_SB, xp)
    ways = encoder_equations.read(config, weights.encoder, x_SBD, lengths_B, xp)[-1]
    h_SBM = xp.concatenate(list(ways.values()), -1)
    pooled = [*mean_and_maximum(h_SBM, lengths_B, xp), *last_states(ways, lengths_B, xp)]
    if config.skip:
        pooled += mean_and_maximum(x_SBD, lengths_B, xp)
    return xp.concatenate(pooled, -1) @ weights.head_weight.T + weights.head_bias_C


def with_boundaries(ids_SB: Array, lengths_B: Array, xp: Any = np) -> tuple[Array, Array]:
    """Return sources with a boundary before and after each, and their lengths."""
    is_source_SB = xp.arange(len(ids_SB))[:, None] < lengths_B[None]
    boundary_1B = xp.zeros_like(lengths_B)[None] + BOUNDARY
    inside_SB = xp.where(is_source_SB, ids_SB, boundary_1B)
    return xp.concatenate([boundary_1B, inside_SB, boundary_1B]), lengths_B + 2


def embedded(config: ClassifierConfig, weights: Weights, ids_SB: Array, xp: Any = np) -> Array:
    """Return the embeddings of each symbol and of the n-grams that end with it, side by side."""
    before_KB = xp.full((config.ngrams - 1, ids_SB.shape[1]), ngrams.NOTHING)
    rows_SBN = ngrams.rows(weights.ngram_keys, ids_SB, before_KB, xp)
    return weights.embedding_RE[rows_SBN].reshape(*ids_SB.shape, config.input_size)


def mean_and_maximum(x_SBD: Array, lengths_B: Array, xp: Any = np) -> list[Array]:
    """Return the mean of each number over a source, and its maximum, (B, D) each."""
    is_source_SB1 = (xp.arange(len(x_SBD))[:, None] < lengths_B[None])[..., None]
    mean_BD = (x_SBD * is_source_SB1).sum(0) / lengths_B[:, None]
    return [mean_BD, xp.amax(xp.where(is_source_SB1, x_SBD, -xp.inf), 0)]


def last_states(ways: Mapping[str, Array], lengths_B: Array, xp: Any = np) -> Sequence[Array]:
    """Return h after each whole source, for each direction: (B, H)."""
    b = xp.arange(len(lengths_B))
    return [
        h_SBH[0] if way == "backwards" else h_SBH[lengths_B - 1, b] for way, h_SBH in ways.items()
    ]
