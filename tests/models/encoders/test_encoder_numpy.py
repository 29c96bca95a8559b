"""The fast encoder in numpy: equal to the equations, whatever the padding and the chunks."""

import dataclasses

import numpy as np
import pytest
from test_encoder import WAYS, config_of, inputs, random_arrays, textbook

from charrnn.cells import cell_spec
from charrnn.models.encoders import encoder_equations, encoder_numpy
from charrnn.models.encoders.encoder_numpy import NumpyEncoder


def assert_equal(config, lengths):
    arrays = random_arrays(config)
    x_SBD, lengths_B = inputs(lengths)
    encoder = NumpyEncoder(config, encoder_equations.layers_from(config, arrays))
    y_SMB = encoder.read(x_SBD.transpose(0, 2, 1), lengths_B)
    expected = textbook(config, arrays, x_SBD, lengths_B)
    np.testing.assert_allclose(y_SMB.transpose(0, 2, 1), expected, atol=1e-5)


@pytest.mark.parametrize("ways", WAYS, ids=" ".join)
@pytest.mark.parametrize("lengths", [[4, 1, 3], [3], [1]], ids=str)
def test_it_reads_as_the_textbook_does(cell, ways, lengths):
    assert_equal(config_of(cell, ways), lengths)


@pytest.mark.parametrize("ways", WAYS, ids=" ".join)
def test_a_long_source_is_read_in_chunks(cell, ways, monkeypatch):
    monkeypatch.setattr(encoder_numpy, "COLUMNS_AT_ONCE", 8)
    for lengths in ([19], [19, 12, 1]):
        assert_equal(config_of(cell, ways), lengths)


def test_a_cell_without_a_fast_step_reads_as_the_textbook_does(cell, monkeypatch):
    slow = dataclasses.replace(cell_spec(cell), advance=None)
    monkeypatch.setattr(encoder_numpy, "cell_spec", lambda name: slow)
    assert_equal(config_of(cell, WAYS[0]), [5, 1, 3])


def test_one_that_reads_forwards_goes_on_from_where_it_was(cell):
    config = config_of(cell, ["forwards"])
    arrays = random_arrays(config)
    x_SBD, lengths_B = inputs([6, 6])
    encoder = NumpyEncoder(config, encoder_equations.layers_from(config, arrays))
    state = encoder.start(2)
    parts = [encoder.read(x.transpose(0, 2, 1), lengths_B, state) for x in (x_SBD[:4], x_SBD[4:])]
    expected = textbook(config, arrays, x_SBD, lengths_B)
    np.testing.assert_allclose(np.concatenate(parts).transpose(0, 2, 1), expected, atol=1e-5)
