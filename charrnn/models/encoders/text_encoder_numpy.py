"""What networks that decide about a text have in common (text_encoder_equations.py) laid out for
speed, in numpy. Examples are columns, as in encoder_numpy.py.

Shapes: S source symbols (padded), B sources, D what the encoder reads, M memory, C choices.
"""

from charrnn.cells import FloatArray
from charrnn.config import TextEncoderConfig
from charrnn.models.encoders.encoder_numpy import IntArray, NumpyEncoder
from charrnn.models.encoders.text_encoder_equations import Weights, ngram_rows, with_boundaries


class NumpyTextEncoder:
    """The weights, laid out: made once, shared by all texts."""

    def __init__(self, config: TextEncoderConfig, weights: Weights) -> None:
        self._weights, self._encoder = weights, NumpyEncoder(config, weights.encoder)
        self._input_size = config.input_size
        self.head_weight, self.head_bias_C1 = weights.head_weight, weights.head_bias_C[:, None]

    def read(
        self, ids_SB: IntArray, lengths_B: IntArray
    ) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return embeddings x_SDB and h_SMB of sources with their boundaries, and their lengths."""
        ids_SB, lengths_B = with_boundaries(ids_SB, lengths_B)
        rows_SBN = ngram_rows(self._weights.ngram_keys, ids_SB)
        x_SBD = self._weights.embedding_RE[rows_SBN].reshape(*ids_SB.shape, self._input_size)
        x_SDB = x_SBD.transpose(0, 2, 1)
        return x_SDB, self._encoder.read(x_SDB, lengths_B), lengths_B
