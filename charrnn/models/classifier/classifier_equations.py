"""The classifier, written out: read a text, then give the logits of its labels.

Like reference.py, this page is the textbook; the torch half (classifier.py) and the fast one in
numpy (classifier_numpy.py) are tested against it. The functions take numpy arrays or, with
`xp=torch`, torch tensors. How a text is read is in text_encoder_equations.py.

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

Shapes: B examples, S source symbols (padded), D what the encoder reads, M memory, C labels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charrnn.cells import Array
from charrnn.config import ClassifierConfig
from charrnn.models.encoders.text_encoder_equations import Weights, read


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
    x_SBD, ways, lengths_B = read(config, weights, ids_SB, lengths_B, xp)
    h_SBM = xp.concatenate(list(ways.values()), -1)
    pooled = [*mean_and_maximum(h_SBM, lengths_B, xp), *last_states(ways, lengths_B, xp)]
    if config.skip:
        pooled += mean_and_maximum(x_SBD, lengths_B, xp)
    return xp.concatenate(pooled, -1) @ weights.head_weight.T + weights.head_bias_C


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
