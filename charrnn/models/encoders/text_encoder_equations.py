"""What networks that decide about a text have in common, written out: they read it with its
n-grams, and a head decides. A classifier decides once for the text.

Like encoder_equations.py, this page is the textbook; the torch half (text_encoder.py) and the fast
one in numpy (text_encoder_numpy.py) are tested against it. The functions take numpy arrays or, with
`xp=torch`, torch tensors.

    boundary  N  o  v  á  k  boundary
       │      │  │  │  │  │     │
       ▼      ▼  ▼  ▼  ▼  ▼     ▼
      embeddings of each and of the n-grams that end there ──► x ─╮
       │      │  │  │  │  │     │                                 │
       ▼      ▼  ▼  ▼  ▼  ▼     ▼                                 ▼
                      encoder ─────────────────────────────► h ─► what the head reads

Shapes: B examples, S source symbols (padded), N lengths of n-grams, E embedding, D = N × E, M
memory, C choices of a decision.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from charrnn.cells import Array, Layer
from charrnn.config import TextEncoderConfig
from charrnn.models import ngrams
from charrnn.models.encoders import encoder_equations

BOUNDARY = 0  # the id before and after every source; in a source it is any unknown symbol


class Weights(NamedTuple):
    """All that such a network learned."""

    embedding_RE: Array
    encoder: tuple[dict[str, Layer], ...]  # by direction; the lowest layer first
    head_weight: Array
    head_bias_C: Array
    ngram_keys: tuple[Array, ...] = ()  # see ngrams.py

    @classmethod
    def from_arrays(
        cls,
        config: TextEncoderConfig,
        arrays: Mapping[str, Array],
        ngram_keys: tuple[Array, ...] = (),
    ) -> "Weights":
        """Gather arrays that are named as in `TextEncoderConfig.weight_shapes`."""
        encoder = encoder_equations.layers_from(config, arrays)
        head = arrays["head.weight"], arrays["head.bias"]
        return cls(arrays["embedding"], encoder, *head, ngram_keys)


class TextRead(NamedTuple):
    """A batch of sources, each with a boundary before and after it."""

    x_SBD: Array  # embeddings
    ways: Mapping[str, Array]  # h_SBH of the last layer by direction
    lengths_B: Array  # boundaries included


def read(
    config: TextEncoderConfig, weights: Weights, ids_SB: Array, lengths_B: Array, xp: Any = np
) -> TextRead:
    """Read sources. What follows a source within its column is padding, which changes nothing."""
    ids_SB, lengths_B = with_boundaries(ids_SB, lengths_B, xp)
    rows_SBN = ngram_rows(weights.ngram_keys, ids_SB, xp)
    x_SBD = weights.embedding_RE[rows_SBN].reshape(*ids_SB.shape, config.input_size)
    ways = encoder_equations.read(config, weights.encoder, x_SBD, lengths_B, xp)[-1]
    return TextRead(x_SBD, ways, lengths_B)


def with_boundaries(ids_SB: Array, lengths_B: Array, xp: Any = np) -> tuple[Array, Array]:
    """Return sources with a boundary before and after each, and their lengths."""
    is_source_SB = xp.cumsum(xp.ones_like(ids_SB), 0) <= lengths_B[None]
    boundary_1B = xp.zeros_like(lengths_B)[None] + BOUNDARY
    inside_SB = xp.where(is_source_SB, ids_SB, boundary_1B)
    return xp.concatenate([boundary_1B, inside_SB, boundary_1B]), lengths_B + 2


def ngram_rows(keys: tuple[Array, ...], ids_SB: Array, xp: Any = np) -> Array:
    """Return the rows of the embeddings of each symbol and of the n-grams that end with it,
    (S, B, N).
    """
    before_KB = xp.broadcast_to(ids_SB[:1], (len(keys), ids_SB.shape[1]))
    return ngrams.rows(keys, ids_SB, xp.zeros_like(before_KB) + ngrams.NOTHING, xp)
