import math

import numpy as np
import pytest
import torch

from charrnn.config import ModelConfig
from charrnn.network import Network
from charrnn.training import evaluate


def network_of(cell, **settings):
    defaults = {"hidden_size": 8, "num_layers": 2, "embedding_size": 4}
    return Network(ModelConfig(cell=cell, **{**defaults, **settings}), 13, seed=3)


def test_an_untrained_network_knows_nothing(cell):
    """Its loss is that of guessing among V characters alike."""
    ids = np.random.default_rng(0).integers(13, size=3000).astype(np.uint8)
    assert evaluate(network_of(cell), ids, first=1000) == pytest.approx(math.log(13), abs=0.02)


def test_weights_have_the_names_and_shapes_of_the_configuration(cell):
    network = network_of(cell)
    shapes = {name: array.shape for name, array in network.arrays().items()}
    assert shapes == network.config.weight_shapes(13)


def test_weights_survive_arrays_and_back(cell):
    network, other = network_of(cell), network_of(cell)
    with torch.no_grad():
        for weight in other.parameters():
            weight.add_(1)
    other.load(network.arrays())
    for name, array in network.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name])


def test_a_smaller_vocabulary_fills_the_first_rows():
    small = Network(ModelConfig(hidden_size=4, embedding_size=3), 5, seed=1)
    large = Network(ModelConfig(hidden_size=4, embedding_size=3), 7, seed=2)
    new_rows = large.arrays()["embedding"][5:]
    large.load(small.arrays())
    np.testing.assert_array_equal(large.arrays()["embedding"][:5], small.arrays()["embedding"])
    np.testing.assert_array_equal(large.arrays()["embedding"][5:], new_rows)


def test_the_seed_decides_the_weights_and_no_one_else(cell):
    torch.manual_seed(1)
    first = network_of(cell).arrays()
    torch.manual_seed(2)
    second = network_of(cell).arrays()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_recurrent_blocks_are_orthogonal_and_forget_gates_open():
    network = network_of("lstm")
    arrays = network.arrays()
    for block in np.split(arrays["layers.1.weight_hh"], 4):
        np.testing.assert_allclose(block @ block.T, np.eye(8), atol=1e-5)
    assert (arrays["layers.0.bias_ih"][8:16] == 1).all()
