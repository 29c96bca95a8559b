"""The encoder of pictures, written out: a picture in, a vector for each cell of a grid out.

This page is the textbook, and what captions are made with; the torch half (picture_encoder.py) is
tested against it.

    64 × 64 pixels ─► convolution ─► convolution ─► convolution ─► 8 × 8 cells
                       32 × 32        16 × 16        8 × 8 │            │ where each is
                                                           ╰─────┬──────╯
                                                                 ▼
                                                       a vector for each cell

A convolution reads every second window of 3 × 3 in both directions: there is a row of a matrix for
each channel that it gives, and each window becomes a column ("im2col", Chellapilla et al., 2006).
Nothing is normalised: the size of activations tells small shapes from large ones.

Shapes: B pictures, Y rows and X columns of a grid, C channels, W numbers in a window, S = Y × X
cells, M memory.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells import Array, FloatArray
from charrnn.config import KERNEL_SIDE, POSITION_SIZE, CaptionerConfig
from charrnn.models.encoders.encoder_numpy import IntArray

MAX_NUMBERS = 1 << 22  # of the windows of pictures that are read at once, about
HALF_RANGE = 127.5  # of a pixel: from -1 to 1


class PictureWeights(NamedTuple):
    """What the encoder learned."""

    convolutions: tuple[tuple[Array, Array], ...]  # weight_CW and bias_C of each layer
    memory_weight: Array  # M × (C + `POSITION_SIZE`)
    memory_bias_M: Array

    @classmethod
    def from_arrays(cls, config: CaptionerConfig, arrays: Mapping[str, Array]) -> "PictureWeights":
        """Gather arrays that are named as in `CaptionerConfig.encoder_shapes`."""
        return cls(
            tuple(
                (arrays[f"encoder.{k}.weight"], arrays[f"encoder.{k}.bias"])
                for k in range(config.encoder_layers)
            ),
            arrays["encoder.memory.weight"],
            arrays["encoder.memory.bias"],
        )


class NumpyPictureEncoder:
    """The encoder of a captioner."""

    def __init__(self, config: CaptionerConfig, weights: PictureWeights) -> None:
        self.config, self._weights = config, weights

    def read(
        self, pixels_BYXC: npt.NDArray[np.uint8], lengths_B: IntArray
    ) -> tuple[FloatArray, IntArray]:
        """Return a vector for each cell of the grid, (S, M, B), row by row, and how many each
        picture has. All pictures have one size, so lengths tell nothing.
        """
        per_picture = math.prod(pixels_BYXC.shape[1:]) * KERNEL_SIDE**2
        size = max(1, MAX_NUMBERS // per_picture)
        parts = [
            self._read(pixels_BYXC[begin : begin + size])
            for begin in range(0, len(pixels_BYXC), size)
        ]
        vectors_SMB = np.concatenate(parts).transpose(1, 2, 0)
        return vectors_SMB, np.full(len(lengths_B), len(vectors_SMB))

    def _read(self, pixels_BYXC: npt.NDArray[np.uint8]) -> FloatArray:
        """Return a vector for each cell, (B, S, M), of as many pictures as fit into memory."""
        x_BYXC = pixels_BYXC.astype(np.float32) / np.float32(HALF_RANGE) - 1
        for weight_CW, bias_C in self._weights.convolutions:
            x_BYXC = np.maximum(windows(x_BYXC) @ weight_CW.T + bias_C, 0)
        side = x_BYXC.shape[1]
        x_BSC = x_BYXC.reshape(len(x_BYXC), side * side, -1)
        where_SP = np.broadcast_to(positions(side), (len(x_BSC), side * side, POSITION_SIZE))
        read = np.concatenate((x_BSC, where_SP), -1)
        vectors_BSM: FloatArray = np.tanh(
            read @ self._weights.memory_weight.T + self._weights.memory_bias_M
        )
        return vectors_BSM


def windows(x_BYXC: FloatArray) -> FloatArray:
    """Return every second window in both directions, (B, Y', X', W): channel by channel the rows of
    the window. Around the picture there is a frame of zeros.
    """
    num_pictures, num_rows, num_columns, _ = x_BYXC.shape
    framed = np.pad(x_BYXC, ((0, 0), (1, 1), (1, 1), (0, 0)))
    all_BYXCKK = np.lib.stride_tricks.sliding_window_view(framed, (KERNEL_SIDE,) * 2, (1, 2))
    shape = num_pictures, -(-num_rows // 2), -(-num_columns // 2), -1
    windows_BYXW: FloatArray = all_BYXCKK[:, ::2, ::2].reshape(shape)
    return windows_BYXW


def positions(side: int) -> FloatArray:
    """Return where each cell is, (S, P): sines and cosines of its row and of its column, of waves
    that are four pictures long, two, one and a half.
    """
    places = (np.arange(side) + 0.5) / side
    angles = places[:, None] * (np.pi / 2 * 2.0 ** np.arange(POSITION_SIZE // 4))
    waves = np.concatenate((np.sin(angles), np.cos(angles)), 1)
    both = np.concatenate((waves.repeat(side, 0), np.tile(waves, (side, 1))), 1)
    return both.astype(np.float32)
