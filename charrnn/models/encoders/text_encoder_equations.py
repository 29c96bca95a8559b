"""What networks that decide about a text have in common, written out: they read it with its
n-grams, and a head decides. A classifier decides once for the text, a tagger on each symbol.

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

Where a network may look ahead, the n-grams that begin with a symbol are read, too:

    N o v á k     at v: v, ov, Nov and vá, vák

Shapes: B examples, S source symbols (padded), N embeddings of each, E embedding, D = N × E, M
memory, K symbols before, C choices of a decision.
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
    rows_SBN = ngram_rows(weights.ngram_keys, ids_SB, xp, reads_ahead=config.reads_ahead)
    x_SBD = weights.embedding_RE[rows_SBN].reshape(*ids_SB.shape, config.input_size)
    ways = encoder_equations.read(config, weights.encoder, x_SBD, lengths_B, xp)[-1]
    return TextRead(x_SBD, ways, lengths_B)


def with_boundaries(ids_SB: Array, lengths_B: Array, xp: Any = np) -> tuple[Array, Array]:
    """Return sources with a boundary before and after each, and their lengths."""
    is_source_SB = xp.cumsum(xp.ones_like(ids_SB), 0) <= lengths_B[None]
    boundary_1B = xp.zeros_like(lengths_B)[None] + BOUNDARY
    inside_SB = xp.where(is_source_SB, ids_SB, boundary_1B)
    return xp.concatenate([boundary_1B, inside_SB, boundary_1B]), lengths_B + 2


def ngram_rows(
    keys: tuple[Array, ...], ids_SB: Array, xp: Any = np, *, reads_ahead: bool = False
) -> Array:
    """Return the rows of the embeddings of each symbol, of the n-grams that end with it and, if
    asked for, of those that begin with it: (S, B, N). Boundaries are all that comes after.
    """
    of_one_KB = xp.zeros_like(xp.broadcast_to(ids_SB[:1], (len(keys), ids_SB.shape[1])))
    if reads_ahead:
        ids_SB = xp.concatenate([ids_SB, of_one_KB + BOUNDARY])
    rows_SBN = ngrams.rows(keys, ids_SB, of_one_KB + ngrams.NOTHING, xp)
    if not reads_ahead or not keys:
        return rows_SBN
    num_symbols = len(ids_SB) - len(keys)
    # an n-gram that begins with a symbol ends k symbols later
    begun = [rows_SBN[k : k + num_symbols, :, k] for k in range(1, len(keys) + 1)]
    return xp.concatenate([rows_SBN[:num_symbols], xp.stack(begun, -1)], -1)
