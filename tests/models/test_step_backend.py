"""The one place that chooses what computes the steps."""

import sys

import pytest
import torch
from conftest import random_weights

from charrnn.config import ModelConfig
from charrnn.models.step_backend import step_backend
from charrnn.models.step_numpy import NumpyBackend

CONFIG = ModelConfig(hidden_size=4, embedding_size=3)
WEIGHTS = random_weights(CONFIG, 5)[1]


def test_a_processor_has_numpy_and_does_not_wait_for_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "charrnn.models.step_torch", raising=False)
    backend = step_backend(CONFIG, WEIGHTS)
    assert isinstance(backend, NumpyBackend) and backend.is_parallel
    assert "charrnn.models.step_torch" not in sys.modules


@pytest.mark.parametrize("device", ["meta", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_another_device_has_torch(device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU")
    backend = step_backend(CONFIG, WEIGHTS, device=device)
    assert backend.weights.head_VH.device.type == device
    assert not backend.is_parallel
