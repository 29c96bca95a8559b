"""The encoder of encoder_equations.py laid out for speed, in numpy; tests hold it to that page.

As in models/step_numpy.py, examples are columns, and a layer's products with all that it reads are
one product of matrices.

Shapes: S source symbols (padded), B sources, D what a layer reads, M memory, H hidden in one
direction, G = gates × H.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import FloatArray, cell_spec
from charrnn.config import EncoderConfig
from charrnn.models.encoders.encoder_equations import EncoderLayers
from charrnn.models.step_numpy import ColumnLayer, Recurrence, laid_out

IntArray = npt.NDArray[np.integer[Any]]

COLUMNS_AT_ONCE = 1024  # whose products with a matrix are computed at once; more gain nothing


class NumpyEncoder:
    """The weights of an encoder, laid out: made once, shared by all sources."""

    def __init__(self, config: EncoderConfig, encoder: EncoderLayers) -> None:
        self.config, self._cell = config, cell_spec(config.cell)
        self._encoder = [
            {way: laid_out(self._cell, layer) for way, layer in layers.items()}
            for layers in encoder
        ]

    def read(self, x_SDB: FloatArray, lengths_B: IntArray) -> FloatArray:
        """Return what the last layer gives for each symbol, (S, M, B); zero in the padding.

        What follows a source within its column is padding. Each has at least one symbol.
        """
        S, _, B = x_SDB.shape
        for layers in self._encoder:
            y_SMB = np.empty((S, self.config.memory_size, B), np.float32)
            parts = np.split(y_SMB, len(layers), 1)
            for (way, layer), y_SHB in zip(layers.items(), parts, strict=True):
                self._read_layer(layer, x_SDB, y_SHB, lengths_B, is_backward=way == "backwards")
            x_SDB = y_SMB
        return x_SDB

    def _read_layer(
        self,
        layer: ColumnLayer,
        x_SDB: FloatArray,
        y_SHB: FloatArray,
        lengths_B: IntArray,
        *,
        is_backward: bool,
    ) -> None:
        """Write h after each symbol to `y_SHB`. In the padding the state is zero: so, backwards, it
        still is where a source ends.
        """
        S, H, B = y_SHB.shape
        zeros_HB = np.zeros((H, B), np.float32)
        recurrence = Recurrence(self._cell, layer, [zeros_HB] * len(self._cell.state))
        shortest = int(lengths_B.min())
        chunk = max(1, COLUMNS_AT_ONCE // B)
        direction = -1 if is_backward else 1
        for start in range(0, S, chunk)[::direction]:
            from_input_SGB = _products(layer, x_SDB[start : start + chunk])
            for s in range(start, start + len(from_input_SGB))[::direction]:
                recurrence.advance(from_input_SGB[s - start])
                if s >= shortest:
                    for part_HB in recurrence.state:
                        part_HB *= s < lengths_B
                y_SHB[s] = recurrence.h_HB


def _products(layer: ColumnLayer, x_SDB: FloatArray) -> FloatArray:
    """Return the products with what a layer reads, (S, G, B)."""
    products_SGB: FloatArray
    if x_SDB.shape[2] == 1:  # one product of matrices rather than many with a vector
        products_SGB = np.dot(x_SDB[:, :, 0], layer.weight_ih_GD.T)[:, :, None]
    else:
        products_SGB = np.matmul(layer.weight_ih_GD, x_SDB)
    products_SGB += layer.bias_ih_G1
    return products_SGB
