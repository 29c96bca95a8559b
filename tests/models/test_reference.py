"""The written-out steps against torch's fused layers: two implementations, one mathematics."""

import numpy as np
import pytest
import torch
from conftest import random_weights

from charrnn.config import ModelConfig
from charrnn.models import ngrams
from charrnn.models.network import Network
from charrnn.models.reference import Weights, initial_state, step

VOCAB_SIZE = 11
SHAPES = [(1, 1, 1), (5, 3, 2), (16, 1, 3)]  # hidden size, lanes, layers
READING = [{"ngrams": 1, "skip": False}, {"ngrams": 3, "skip": True}, {"ngrams": 2, "skip": False}]


def models(cell, hidden_size, num_layers, **reading):
    config = ModelConfig(
        cell=cell, hidden_size=hidden_size, num_layers=num_layers, embedding_size=4, **reading
    )
    arrays, weights = random_weights(config, VOCAB_SIZE)
    network = Network(config, VOCAB_SIZE, weights.ngram_keys)
    network.load(arrays)
    return config, arrays, weights, network


def read(config, weights, ids_TB, state, xp=np):
    logits = []
    for ids_B in ids_TB:
        logits_BV, state = step(config, weights, ids_B, state, xp)
        logits.append(logits_BV)
    return xp.stack(logits), state


@pytest.mark.parametrize("reading", READING)
@pytest.mark.parametrize(("hidden_size", "batch_size", "num_layers"), SHAPES)
def test_the_written_out_step_equals_torch_over_a_sequence(
    cell, hidden_size, batch_size, num_layers, reading
):
    config, _, weights, network = models(cell, hidden_size, num_layers, **reading)
    ids_TB = np.random.default_rng(1).integers(VOCAB_SIZE, size=(20, batch_size))
    logits_TBV, state = read(config, weights, ids_TB, initial_state(config, batch_size))
    with torch.no_grad():
        expected_TBV, expected_state = network(
            torch.from_numpy(ids_TB), network.initial_state(batch_size)
        )
    np.testing.assert_allclose(logits_TBV, expected_TBV.numpy(), atol=2e-5)
    np.testing.assert_array_equal(state.before_KB, expected_state.before_KB.numpy())
    for layer, expected_layer in zip(state.layers, expected_state.layers, strict=True):
        for part, expected in zip(layer, expected_layer, strict=True):
            np.testing.assert_allclose(part, expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("reading", READING)
@pytest.mark.parametrize(("hidden_size", "batch_size", "num_layers"), SHAPES)
def test_torch_gradients_equal_autograd_through_the_written_out_step(
    cell, hidden_size, batch_size, num_layers, reading
):
    config, arrays, _, network = models(cell, hidden_size, num_layers, **reading)
    network.double()
    leaves = {
        name: torch.from_numpy(array).double().requires_grad_() for name, array in arrays.items()
    }
    ids_TB = torch.from_numpy(np.random.default_rng(2).integers(VOCAB_SIZE, size=(9, batch_size)))
    zeros = network.initial_state(batch_size)
    weights = Weights.from_arrays(config, leaves, network.ngram_keys)
    written_TBV, _ = read(config, weights, ids_TB, zeros, torch)
    written_TBV.square().mean().backward()
    fused_TBV, _ = network(ids_TB, network.initial_state(batch_size))
    fused_TBV.square().mean().backward()
    for name, weight in network.named_weights().items():
        gradient = weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
        torch.testing.assert_close(gradient, leaves[name].grad, atol=1e-12, rtol=1e-9)


def test_a_sequence_equals_its_two_halves_with_the_state_carried(cell):
    _, _, _, network = models(cell, 6, 2)
    ids_TB = torch.randint(VOCAB_SIZE, (12, 3), generator=torch.Generator().manual_seed(0))
    whole, end = network(ids_TB, network.initial_state(3))
    first, middle = network(ids_TB[:5], network.initial_state(3))
    second, end_of_halves = network(ids_TB[5:], middle)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(end_of_halves, end)


def test_streams_are_independent(cell):
    config, _, weights, _ = models(cell, 6, 2)
    ids_TB = np.random.default_rng(3).integers(VOCAB_SIZE, size=(10, 4))
    together, _ = read(config, weights, ids_TB, initial_state(config, 4))
    for b in range(4):
        alone, _ = read(config, weights, ids_TB[:, b : b + 1], initial_state(config, 1))
        np.testing.assert_allclose(together[:, b : b + 1], alone, atol=1e-5)


def test_a_step_leaves_the_old_state_as_it_was(cell):
    config, _, weights, _ = models(cell, 4, 1)
    state = initial_state(config, 1)
    step(config, weights, np.array([1]), state)
    assert all(not part.any() for layer in state.layers for part in layer)
    assert (state.before_KB == ngrams.NOTHING).all()
