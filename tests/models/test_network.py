import math

import numpy as np
import pytest
import torch
from conftest import random_ngrams

from charrnn.cells import cell_spec
from charrnn.config import ModelConfig
from charrnn.models import ngrams
from charrnn.models.evaluation import evaluate_carried
from charrnn.models.network import Network


def network_of(cell, **settings):
    defaults = {"hidden_size": 8, "num_layers": 2, "embedding_size": 4}
    config = ModelConfig(cell=cell, **{**defaults, **settings})
    return Network(config, 13, random_ngrams(config, 13), seed=3)


def test_an_untrained_network_guesses_uniformly(cell):
    """Its loss is that of guessing among V characters alike."""
    ids = np.random.default_rng(0).integers(13, size=3000).astype(np.uint8)
    assert evaluate_carried(network_of(cell), ids, first=1000) == pytest.approx(
        math.log(13), abs=0.02
    )


def test_weights_have_the_names_and_shapes_of_the_configuration(cell):
    network = network_of(cell)
    shapes = {name: array.shape for name, array in network.arrays().items()}
    assert shapes == network.config.weight_shapes(13, ngrams.num_rows(network.ngram_keys))


def test_weights_survive_arrays_and_back(cell):
    network, other = network_of(cell), network_of(cell)
    with torch.no_grad():
        for weight in other.parameters():
            weight.add_(1)
    other.load(network.arrays())
    for name, array in network.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name])


def test_a_smaller_vocabulary_fills_the_first_rows():
    """The n-grams' rows come before the characters', so that their places stay too."""
    config = ModelConfig(hidden_size=4, embedding_size=3)
    keys = random_ngrams(config, 5)
    small, large = Network(config, 5, keys, seed=1), Network(config, 7, keys, seed=2)
    num_old = ngrams.num_rows(keys) + 5
    new_rows = large.arrays()["embedding"][num_old:]
    assert len(new_rows) == 2
    large.load(small.arrays())
    np.testing.assert_array_equal(
        large.arrays()["embedding"][:num_old], small.arrays()["embedding"]
    )
    np.testing.assert_array_equal(large.arrays()["embedding"][num_old:], new_rows)


def test_only_the_seed_decides_the_weights(cell):
    torch.manual_seed(1)
    first = network_of(cell).arrays()
    torch.manual_seed(2)
    second = network_of(cell).arrays()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_recurrent_blocks_are_orthogonal_and_forget_gates_open(cell):
    arrays, spec = network_of(cell).arrays(), cell_spec(cell)
    for block in np.split(arrays["layers.1.weight_hh"], len(spec.gates)):
        np.testing.assert_allclose(block @ block.T, np.eye(8), atol=1e-5)
    biases = np.split(arrays["layers.0.bias_ih"], len(spec.gates))
    for gate, bias in zip(spec.gates, biases, strict=True):
        assert (bias == (gate == spec.forget_gate)).all()


def test_low_precision_gives_nearly_the_same(cell):
    """bfloat16 has 8 bits of a number: logits and gradients agree to some 1 %; all that is kept is
    float32.
    """
    ids_TB = torch.from_numpy(np.random.default_rng(0).integers(13, size=(20, 3)))
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        network = network_of(cell)
        with torch.no_grad():
            network.head.weight.mul_(20)
        logits_TBV, state = network(ids_TB, network.initial_state(3), dtype=dtype)
        logits_TBV.square().mean().backward()
        gradients = [weight.grad.to_dense() for weight in network.parameters()]
        parts = [part for layer in state.layers for part in layer]
        found[dtype] = [tensor.detach() for tensor in (logits_TBV, *parts, *gradients)]
    for full, brief in zip(*found.values(), strict=True):
        assert brief.dtype == torch.float32
        assert not torch.equal(full, brief)
        assert float((full - brief).norm() / full.norm()) < 0.03
