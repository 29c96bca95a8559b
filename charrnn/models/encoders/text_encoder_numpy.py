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
        self.weights, self.encoder = weights, NumpyEncoder(config, weights.encoder)
        self.config, self._head_bias_C1 = config, weights.head_bias_C[:, None]

    def read(
        self, ids_SB: IntArray, lengths_B: IntArray
    ) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return embeddings x_SDB and h_SMB of sources with their boundaries, and their lengths."""
        ids_SB, lengths_B = with_boundaries(ids_SB, lengths_B)
        keys, reads_ahead = self.weights.ngram_keys, self.config.reads_ahead
        x_SDB = self.embedded(ngram_rows(keys, ids_SB, reads_ahead=reads_ahead))
        return x_SDB, self.encoder.read(x_SDB, lengths_B), lengths_B

    def embedded(self, rows_SBN: IntArray) -> FloatArray:
        """Return the embeddings in some rows, x_SDB."""
        S, B, _ = rows_SBN.shape
        x_SBD: FloatArray = self.weights.embedding_RE[rows_SBN].reshape(S, B, -1)
        return x_SBD.transpose(0, 2, 1)
