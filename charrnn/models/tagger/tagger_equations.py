"""The tagger, written out: read a text, then give the logits of the decision on each symbol.

Like reference.py, this page is the textbook; the torch half (tagger.py) and the fast one in numpy
(tagger_numpy.py) are tested against it. The functions take numpy arrays or, with `xp=torch`, torch
tensors. How a text is read is in text_encoder_equations.py.

    boundary  d  u  m  boundary
       │      │  │  │     │
       ▼      ▼  ▼  ▼     ▼
      embeddings of each and of n-grams ─╮ past the encoder
       │      │  │  │     │              │
       ▼      ▼  ▼  ▼     ▼              │
             encoder                     │
              │  │  │                    │
              ▼  ▼  ▼                    │
             head, for each symbol ◄─────╯
              │  │  │
              ▼  ▼  ▼
              d  ů  m

In a causal tagger layers read forwards alone, and of n-grams those alone that end with a symbol: no
decision depends on what comes later.

Shapes: B examples, S source symbols (padded), D what the encoder reads, M memory, C symbols of
targets.
"""

from typing import Any

import numpy as np

from charrnn.cells import Array
from charrnn.config import TaggerConfig
from charrnn.models.encoders.text_encoder_equations import Weights, read


def logits(
    config: TaggerConfig,
    weights: Weights,
    ids_SB: Array,
    lengths_B: Array,
    xp: Any = np,
) -> Array:
    """Return logits_SBC for each symbol of some sources; those in the padding mean nothing."""
    x_SBD, ways, _ = read(config, weights, ids_SB, lengths_B, xp)
    parts = [*ways.values(), x_SBD] if config.skip else [*ways.values()]
    read_by_head = xp.concatenate(parts, -1)[1:-1]  # no decision on the boundaries
    return read_by_head @ weights.head_weight.T + weights.head_bias_C
