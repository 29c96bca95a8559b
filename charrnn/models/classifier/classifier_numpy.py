"""The classifier of classifier_equations.py laid out for speed, in numpy; tests hold it to that
page. Examples are columns, as in encoder_numpy.py.

Shapes: S source symbols (padded), B sources, D what the encoder reads, M memory, H hidden in one
direction, C labels.
"""

from collections.abc import Iterator

import numpy as np

from charrnn.cells import FloatArray
from charrnn.config import ClassifierConfig
from charrnn.models.encoders.encoder_numpy import IntArray
from charrnn.models.encoders.text_encoder_numpy import NumpyTextEncoder


class NumpyClassifier(NumpyTextEncoder):
    """The weights, laid out: made once, shared by all texts."""

    config: ClassifierConfig

    def logits(self, ids_SB: IntArray, lengths_B: IntArray) -> FloatArray:
        """Return logits_CB of the labels of some sources.

        What follows a source within its column is padding.
        """
        x_SDB, h_SMB, lengths_B = self.read(ids_SB, lengths_B)
        pooled = [*_mean_and_maximum(h_SMB, lengths_B), *self._last_states(h_SMB, lengths_B)]
        if self.config.skip:
            pooled += _mean_and_maximum(x_SDB, lengths_B)
        logits_CB: FloatArray = np.dot(self.weights.head_weight, np.concatenate(pooled))
        logits_CB += self._head_bias_C1
        return logits_CB

    def _last_states(self, h_SMB: FloatArray, lengths_B: IntArray) -> Iterator[FloatArray]:
        """Yield h after each whole source, for each direction: (H, B)."""
        parts = np.split(h_SMB, len(self.config.directions), 1)
        for way, h_SHB in zip(self.config.directions, parts, strict=True):
            if way == "backwards":
                yield h_SHB[0]
            else:
                yield h_SHB[lengths_B - 1, :, np.arange(len(lengths_B))].T


def _mean_and_maximum(x_SDB: FloatArray, lengths_B: IntArray) -> list[FloatArray]:
    """Return the mean of each number over a source, and its maximum, (D, B) each."""
    means_DB, maxima_DB = x_SDB.sum(0), x_SDB.max(0)
    if int(lengths_B.min()) < len(x_SDB):
        is_source_S1B = np.arange(len(x_SDB))[:, None, None] < lengths_B
        means_DB = x_SDB.sum(0, where=is_source_S1B)
        maxima_DB = x_SDB.max(0, where=is_source_S1B, initial=-np.inf)
    means_DB /= lengths_B.astype(np.float32)
    return [means_DB, maxima_DB]
