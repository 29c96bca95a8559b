"""The equations of the encoder: what a vector depends on."""

import numpy as np
import pytest
from test_encoder import WAYS, config_of, inputs, random_arrays, textbook


def test_what_comes_later_does_not_change_what_was_read_forwards(cell):
    config = config_of(cell, ["forwards"])
    arrays = random_arrays(config)
    x_SBD, _ = inputs([5])
    whole = textbook(config, arrays, x_SBD, np.array([5]))
    for length in range(1, 5):
        part = textbook(config, arrays, x_SBD[:length], np.array([length]))
        np.testing.assert_allclose(part, whole[:length], atol=1e-6)
    both = config_of(cell, WAYS[0])
    part = textbook(both, random_arrays(both), x_SBD[:3], np.array([3]))
    assert not np.allclose(part, textbook(both, random_arrays(both), x_SBD, np.array([5]))[:3])


@pytest.mark.parametrize("ways", WAYS, ids=" ".join)
def test_padding_changes_nothing(cell, ways):
    config = config_of(cell, ways)
    arrays = random_arrays(config)
    x_SBD, lengths_B = inputs([5, 1, 3])
    together = textbook(config, arrays, x_SBD, lengths_B)
    for b, length in enumerate(lengths_B):
        alone = textbook(config, arrays, x_SBD[:length, b : b + 1], lengths_B[b : b + 1])
        np.testing.assert_allclose(together[:length, b : b + 1], alone, atol=1e-6)
