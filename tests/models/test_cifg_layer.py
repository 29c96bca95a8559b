import pytest
import torch

from charrnn.cells import Layer
from charrnn.cells.cifg import step
from charrnn.models.cifg_layer import CifgLayer


def layer_of(input_size, hidden_size, seed=0):
    layer = CifgLayer(input_size, hidden_size).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.normal_(0, 0.5, generator=generator)
    return layer, generator


@pytest.mark.parametrize(("T", "B", "D", "H"), [(1, 1, 1, 1), (7, 3, 2, 4), (5, 1, 3, 2)])
def test_the_gradient_is_that_of_finite_differences(T, B, D, H):
    """Of the outputs and of both parts of the final state, for every input and weight."""
    layer, generator = layer_of(D, H)
    shapes = [(T, B, D), (1, B, H), (1, B, H)]
    x, h, c = (
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in shapes
    )

    def run(x, h, c, *weights):
        named = dict(zip(dict(layer.named_parameters()), weights, strict=True))
        y, state = torch.func.functional_call(layer, named, (x, (h, c)))
        return y, *state

    assert torch.autograd.gradcheck(run, (x, h, c, *layer.parameters()))


def test_a_window_is_its_steps_one_by_one():
    layer, generator = layer_of(3, 4)
    x_TBD = torch.randn(6, 2, 3, generator=generator, dtype=torch.float64)
    state = tuple(torch.randn(2, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    y_TBH, final = layer(x_TBD, tuple(part[None] for part in state))
    weights = Layer(layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0)
    for x_BD, y_BH in zip(x_TBD, y_TBH, strict=True):
        state = step(weights, x_BD, state, torch)
        torch.testing.assert_close(state[0], y_BH)
    torch.testing.assert_close(state, tuple(part[0] for part in final))


def test_outputs_are_not_changed_by_later_calls():
    layer, generator = layer_of(2, 3)
    x = torch.randn(4, 2, 2, generator=generator, dtype=torch.float64)
    zeros = (torch.zeros(1, 2, 3, dtype=torch.float64),) * 2
    y, state = layer(x, zeros)
    kept = y.detach().clone()
    layer(x, state)
    y.sum().backward()
    assert torch.equal(y, kept)
    assert not zeros[0].any()
