"""Texts are read fast as they are in the equations."""

import numpy as np
import pytest
from test_classifier_equations import config_of, examples, random_weights

from charrnn.models.encoders.text_encoder_equations import read
from charrnn.models.encoders.text_encoder_numpy import NumpyTextEncoder


@pytest.mark.parametrize("lengths", [[4, 1, 3], [2]], ids=str)
def test_it_is_the_textbook(cell, lengths):
    config = config_of(cell)
    _, weights = random_weights(config)
    batch = examples(lengths)
    x_SDB, h_SMB, read_B = NumpyTextEncoder(config, weights).read(*batch)
    expected = read(config, weights, *batch)
    assert read_B.tolist() == expected.lengths_B.tolist()
    np.testing.assert_array_equal(x_SDB.transpose(0, 2, 1), expected.x_SBD)
    h_SBM = np.concatenate(list(expected.ways.values()), -1)
    for b, length in enumerate(read_B):  # the padding means nothing
        np.testing.assert_allclose(h_SMB[:length, :, b], h_SBM[:length, b], atol=1e-5)
