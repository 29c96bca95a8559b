"""The encoder of pictures written out: small cases by hand."""

import numpy as np
import pytest

from charrnn.config import POSITION_SIZE, CaptionerConfig
from charrnn.models.encoders import picture_encoder_numpy
from charrnn.models.encoders.picture_encoder_numpy import (
    NumpyPictureEncoder,
    PictureWeights,
    positions,
    windows,
)


def random_encoder(size=6, layers=2, *, seed=0):
    config = CaptionerConfig(hidden_size=size, encoder_layers=layers)
    random = np.random.default_rng(seed)
    arrays = {
        name: random.normal(0, 0.5, shape).astype(np.float32)
        for name, shape in config.encoder_shapes().items()
    }
    return NumpyPictureEncoder(config, PictureWeights.from_arrays(config, arrays))


def random_pictures(num, side, *, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (num, side, side, 3))
    return pixels.astype(np.uint8)


@pytest.mark.parametrize(("side", "expected"), [(1, 1), (2, 1), (5, 3), (8, 4)])
def test_a_window_is_every_second_one_of_nine_pixels_in_a_frame_of_zeros(side, expected):
    picture = np.random.default_rng(0).normal(size=(1, side, side, 2))
    read = windows(picture)
    assert read.shape == (1, expected, expected, 18)
    for row, column, channel in np.ndindex(expected, expected, 2):
        for dy, dx in np.ndindex(3, 3):
            y, x = 2 * row + dy - 1, 2 * column + dx - 1
            is_inside = 0 <= y < side and 0 <= x < side
            pixel = picture[0, y, x, channel] if is_inside else 0
            assert read[0, row, column, 9 * channel + 3 * dy + dx] == pixel


def test_a_convolution_by_hand():
    """One layer that adds up red over its window: white is 1, black -1, outside is 0."""
    config = CaptionerConfig(hidden_size=1, encoder_layers=1)
    kernel = np.zeros((1, 27), np.float32)
    kernel[0, :9] = 0.1
    memory = np.zeros((1, 1 + POSITION_SIZE), np.float32)
    memory[0, 0] = 1
    bias = np.array([0.2], np.float32)
    weights = PictureWeights(((kernel, bias),), memory, np.zeros(1, np.float32))
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    picture[0, :2, :2] = 255
    vectors_SMB, lengths_B = NumpyPictureEncoder(config, weights).read(picture, np.array([1]))
    # the four windows hold 4 white; 2 white and 4 black, twice; and 1 white and 8 black pixels
    sums = np.array([0.6, 0, 0, 0])  # 0.1 · 4 + 0.2; the others are below zero
    np.testing.assert_allclose(vectors_SMB[:, 0, 0], np.tanh(sums), atol=1e-6)
    assert lengths_B.tolist() == [4]


def test_every_cell_knows_its_place():
    for side in (1, 4, 8, 16):
        where = positions(side)
        assert where.shape == (side * side, POSITION_SIZE)
        assert len(np.unique(where.round(4), axis=0)) == side * side
    first, second, third, _ = positions(2)
    half = POSITION_SIZE // 2
    assert (first[:half] == second[:half]).all()  # of one row
    assert (first[half:] == third[half:]).all()  # of one column


def test_pictures_side_by_side_are_as_if_each_were_alone(monkeypatch):
    encoder, pictures = random_encoder(), random_pictures(5, 9)
    together, lengths = encoder.read(pictures, np.ones(5, np.int64))
    assert (together.shape, lengths.tolist()) == ((9, 6, 5), [9] * 5)
    assert encoder.config.grid_side(9) == 3
    for number, picture in enumerate(pictures):
        alone, _ = encoder.read(picture[None], np.ones(1, np.int64))
        np.testing.assert_allclose(alone[:, :, 0], together[:, :, number], atol=1e-5)
    monkeypatch.setattr(picture_encoder_numpy, "MAX_NUMBERS", 5000)  # two at once
    parts, _ = encoder.read(pictures, np.ones(5, np.int64))
    np.testing.assert_allclose(parts, together, atol=1e-5)
