"""The batch on torch tensors against numpy's, here on a CPU."""

import functools

import numpy as np
import pytest
import torch
from conftest import random_weights

from charrnn.config import ModelConfig
from charrnn.models.step_numpy import NumpyBackend
from charrnn.models.step_torch import TorchBackend


def pair(cell, device, num_streams):
    config = ModelConfig(cell=cell, hidden_size=12, num_layers=2, embedding_size=5, ngrams=3)
    weights = random_weights(config, 7)[1]
    backends = NumpyBackend(config, weights), TorchBackend(config, weights, device=device)
    batches = []
    for backend in backends:
        stepper = backend.stepper()
        stepper.read(np.array([3, 1, 4]))
        batches.append(backend.batch(stepper.state(), num_streams))
    return batches


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_it_steps_starts_again_and_leaves_as_numpys_does(cell, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU")
    batches = pair(cell, device, 5)
    agree = functools.partial(np.testing.assert_allclose, atol=1e-5)
    random = np.random.default_rng(0)
    for _ in range(6):
        ids_B = random.integers(7, size=5)
        agree(*(batch.step(ids_B) for batch in batches))
    ours, others = (batch.state() for batch in batches)
    np.testing.assert_array_equal(ours.before_KB, others.before_KB)
    for layer, other in zip(ours.layers, others.layers, strict=True):
        agree(layer, other)
    for batch in batches:
        batch.restart([1, 4])
        batch.keep([0, 2, 4])
    for _ in range(4):
        ids_B = random.integers(7, size=3)
        agree(*(batch.step(ids_B) for batch in batches))
