"""The networks that speak: one, or several whose probabilities are averaged.

Averaging probabilities is better than averaging logits, and what a mixture of models means: each
is right with some chance, and says what comes next if it is.

Shapes: S source symbols, B sources, K targets of each, N = B × K columns, V target vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from charrnn.cells import FloatArray
from charrnn.models.seq2seq.encoder_decoder_numpy import (
    IntArray,
    NumpyDecoder,
    NumpyEncoderDecoder,
    NumpySourceEncoder,
)
from charrnn.models.seq2seq.equations import Weights
from charrnn.models.step_ensemble import log_mean_probabilities


@dataclass(frozen=True)
class Member:
    """One trained network. Several make an ensemble."""

    config: Any  # `EncoderDecoderConfig`, or `CaptionerConfig`
    weights: Weights
    encoder: Callable[[Any, Any], Any] = NumpySourceEncoder  # the type of the encoder

    @cached_property
    def network(self) -> NumpyEncoderDecoder:
        """The network laid out for speed."""
        encoder = self.encoder(self.config, self.weights.encoder)
        return NumpyEncoderDecoder(self.config, self.weights, encoder)


def start(
    members: Sequence[Member],
    sources: IntArray,
    lengths_B: IntArray,
    *,
    num_targets: int = 1,
) -> "EnsembleDecoder":
    """Let every member read the sources, which its encoder takes with their lengths; return a
    decoder at the beginning of the targets.
    """
    decoders = [
        member.network.start(sources, lengths_B, num_targets=num_targets) for member in members
    ]
    return EnsembleDecoder(decoders)


class EnsembleDecoder:
    """Targets under way in several networks at once."""

    def __init__(self, decoders: Sequence[NumpyDecoder]) -> None:
        self._decoders = decoders

    def step(self, ids_N: IntArray) -> "tuple[FloatArray, FloatArray | None]":
        """Read one symbol of each target, first the boundary.

        Return the log probabilities of the next one, (V, N), in nats, and the alignment_BKS,
        averaged over the members that have attention.
        """
        logits, alignments = zip(*(decoder.step(ids_N) for decoder in self._decoders), strict=True)
        return log_mean_probabilities(logits), _mean(
            [each for each in alignments if each is not None]
        )

    def rearrange(self, columns_N: IntArray) -> None:
        """Let each target go on from the state of another (or its own) of the same source."""
        for decoder in self._decoders:
            decoder.rearrange(columns_N)

    def keep(self, sources: IntArray) -> None:
        """Drop all other sources, with their targets."""
        for decoder in self._decoders:
            decoder.keep(sources)


def _mean(alignments: "Sequence[FloatArray]") -> "FloatArray | None":
    """Return the mean; None where networks see pictures as grids of different sizes."""
    if len({each.shape for each in alignments}) > 1:
        return None
    if len(alignments) < 2:
        return alignments[0] if alignments else None
    mean_BKS: FloatArray = np.mean(alignments, 0)
    return mean_BKS
