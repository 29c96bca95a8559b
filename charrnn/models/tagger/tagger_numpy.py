"""The tagger of tagger_equations.py laid out for speed, in numpy; tests hold it to that page.
Examples are columns, as in encoder_numpy.py.

Shapes: S source symbols (padded), B sources, D what the encoder reads, M memory, K symbols before,
C symbols of targets.
"""

import numpy as np

from charrnn.cells import FloatArray
from charrnn.config import TaggerConfig
from charrnn.models import ngrams
from charrnn.models.encoders.encoder_numpy import IntArray, products
from charrnn.models.encoders.text_encoder_equations import BOUNDARY, Weights
from charrnn.models.encoders.text_encoder_numpy import NumpyTextEncoder


class NumpyTagger(NumpyTextEncoder):
    """The weights, laid out: made once, shared by all texts."""

    config: TaggerConfig

    def __init__(self, config: TaggerConfig, weights: Weights) -> None:
        super().__init__(config, weights)
        self._head_CM, self._past_CD = np.split(weights.head_weight, [config.memory_size], 1)

    def logits(self, ids_SB: IntArray, lengths_B: IntArray) -> FloatArray:
        """Return logits_SCB for each symbol of some sources; those in the padding mean nothing.

        What follows a source within its column is padding.
        """
        x_SDB, h_SMB, _ = self.read(ids_SB, lengths_B)
        return self.decided(x_SDB[1:-1], h_SMB[1:-1])

    def decided(self, x_SDB: FloatArray, h_SMB: FloatArray) -> FloatArray:
        """Return logits_SCB of symbols, given what was read of them."""
        logits_SCB = products(self._head_CM, h_SMB)
        if self.config.skip:
            logits_SCB += products(self._past_CD, x_SDB)
        logits_SCB += self._head_bias_C1
        return logits_SCB

    def stream(self) -> "TaggerStream":
        """Return a source that is read as it comes. The tagger is causal."""
        assert self.config.is_causal
        return TaggerStream(self)


class TaggerStream:
    """A source of any length, of which each symbol is decided on when it comes."""

    def __init__(self, network: NumpyTagger) -> None:
        self._network, self._state = network, network.encoder.start(1)
        self._before_K1 = np.full((network.config.ngrams - 1, 1), ngrams.NOTHING)
        self.logits(np.array([BOUNDARY]))

    def logits(self, ids_S: IntArray) -> FloatArray:
        """Return logits_SC for the next symbols: one or more."""
        network, ids_S1 = self._network, np.asarray(ids_S, np.int64)[:, None]
        rows_S1N = ngrams.rows(network.weights.ngram_keys, ids_S1, self._before_K1)
        self._before_K1 = ngrams.after(ids_S1, self._before_K1)
        x_SD1 = network.embedded(rows_S1N)
        h_SM1 = network.encoder.read(x_SD1, np.array([len(ids_S)]), self._state)
        return network.decided(x_SD1, h_SM1)[:, :, 0]
