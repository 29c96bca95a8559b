"""A layer made from a cell's equations against the cell's own."""

import dataclasses

import pytest
import torch

from charrnn.cells import cell_spec
from charrnn.config import ModelConfig
from charrnn.models import layers
from charrnn.models.layers import WrittenOut, recurrent_layer
from charrnn.models.network import Network


def test_a_layer_made_from_the_step_equals_the_cells_own(cell):
    own, written_out = recurrent_layer(cell, 3, 4), WrittenOut(cell_spec(cell), 3, 4)
    written_out.load_state_dict(own.state_dict())
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight, same in zip(own.parameters(), written_out.parameters(), strict=True):
            same.copy_(weight.normal_(0, 0.4, generator=generator))
    x_TBD = torch.randn(7, 2, 3, generator=generator)
    state = tuple(torch.randn(1, 2, 4, generator=generator) for _ in cell_spec(cell).state)
    results = []
    for layer in (own, written_out):
        y_TBH, final = layer(x_TBD, state if len(state) > 1 else state[0])
        y_TBH.square().sum().backward()
        results.append((y_TBH, final, [weight.grad for weight in layer.parameters()]))
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)


def test_a_cell_without_a_layer_of_its_own_has_one_made_from_its_step(cell, monkeypatch):
    spec = dataclasses.replace(cell_spec(cell), torch_layer=None)
    monkeypatch.setattr(layers, "cell_spec", lambda name: spec)
    config = ModelConfig(cell=cell, hidden_size=4, num_layers=2, ngrams=1)
    network = Network(config, 5)
    assert all(isinstance(layer, WrittenOut) for layer in network.layers)
    ids_TB = torch.tensor([[1], [2], [4]])
    logits_TBV, state = network(ids_TB, network.initial_state(1))
    monkeypatch.undo()
    own = Network(config, 5)
    expected_TBV, expected_state = own(ids_TB, own.initial_state(1))
    torch.testing.assert_close((logits_TBV, state), (expected_TBV, expected_state))


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float64])
def test_a_layer_made_from_the_step_computes_in_the_dtype_of_its_weights(cell, precision):
    layer = WrittenOut(cell_spec(cell), 3, 4).to(precision)
    state = tuple(torch.zeros(1, 2, 4, dtype=precision) for _ in cell_spec(cell).state)
    y_TBH, _ = layer(torch.ones(5, 2, 3, dtype=precision), state if len(state) > 1 else state[0])
    assert y_TBH.dtype == precision
