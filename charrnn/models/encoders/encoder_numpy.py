"""The encoder of encoder_equations.py laid out for speed, in numpy; tests hold it to that page.

As in models/step_numpy.py, examples are columns, and a layer's products with all that it reads are
one product of matrices.

Shapes: S source symbols (padded), B sources, D what a layer reads, M memory, H hidden in one
direction, G = gates × H.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import FloatArray, cell_spec
from charrnn.config import EncoderConfig
from charrnn.models.encoders.encoder_equations import EncoderLayers
from charrnn.models.step_numpy import ColumnLayer, Recurrence, laid_out

IntArray = npt.NDArray[np.integer[Any]]
EncoderState = Sequence[Mapping[str, Recurrence]]  # by layer and direction

COLUMNS_AT_ONCE = 1024  # whose products with a matrix are computed at once; more gain nothing


class NumpyEncoder:
    """The weights of an encoder, laid out: made once, shared by all sources."""

    def __init__(self, config: EncoderConfig, encoder: EncoderLayers) -> None:
        self.config, self._cell = config, cell_spec(config.cell)
        self._encoder = [
            {way: laid_out(self._cell, layer) for way, layer in layers.items()}
            for layers in encoder
        ]

    def start(self, num_sources: int) -> EncoderState:
        """Return the state of every layer before anything is read."""
        zeros_HB = np.zeros((self.config.direction_size, num_sources), np.float32)
        nothing = [zeros_HB] * len(self._cell.state)
        return [
            {way: Recurrence(self._cell, layer, nothing) for way, layer in layers.items()}
            for layers in self._encoder
        ]

    def read(
        self, x_SDB: FloatArray, lengths_B: IntArray, state: EncoderState | None = None
    ) -> FloatArray:
        """Return what the last layer gives for each symbol, (S, M, B); zero in the padding.

        What follows a source within its column is padding. Each has at least one symbol. An encoder
        that reads forwards alone can go on from a `state`, which is changed in place.
        """
        S, _, B = x_SDB.shape
        for layers, recurrences in zip(self._encoder, state or self.start(B), strict=True):
            y_SMB = np.empty((S, self.config.memory_size, B), np.float32)
            parts = np.split(y_SMB, len(layers), 1)
            for (way, layer), y_SHB in zip(layers.items(), parts, strict=True):
                is_backward = way == "backwards"
                _read_layer(
                    recurrences[way], layer, x_SDB, y_SHB, lengths_B, is_backward=is_backward
                )
            x_SDB = y_SMB
        return x_SDB


def _read_layer(
    recurrence: Recurrence,
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
    S, _, B = y_SHB.shape
    shortest = int(lengths_B.min())
    chunk = max(1, COLUMNS_AT_ONCE // B)
    direction = -1 if is_backward else 1
    for start in range(0, S, chunk)[::direction]:
        from_input_SGB = products(layer.weight_ih_GD, x_SDB[start : start + chunk])
        from_input_SGB += layer.bias_ih_G1
        for s in range(start, start + len(from_input_SGB))[::direction]:
            recurrence.advance(from_input_SGB[s - start])
            if s >= shortest:
                for part_HB in recurrence.state:
                    part_HB *= s < lengths_B
            y_SHB[s] = recurrence.h_HB


def products(weight_GD: FloatArray, x_SDB: FloatArray) -> FloatArray:
    """Return the products of a matrix with what is read of each symbol, (S, G, B)."""
    products_SGB: FloatArray
    if x_SDB.shape[2] == 1:  # one product of matrices rather than many with a vector
        products_SGB = np.dot(x_SDB[:, :, 0], weight_GD.T)[:, :, None]
    else:
        products_SGB = np.matmul(weight_GD, x_SDB)
    return products_SGB
