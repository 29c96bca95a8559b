"""Dynamic evaluation: score a text with a model that learns from it on the way.

Each segment is scored before the model learns from it, so no text is predicted that was already
seen. What a text repeats, above all its names, is soon expected. After Krause et al., 2018
(arXiv:1709.07432). The network is changed.

Shapes: T characters of a segment, B = 1, V vocabulary.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charrnn.data.vocab import IntArray
from charrnn.models.network import Network
from charrnn.models.reference import State

SEGMENT = 32  # characters between two updates
_SQUARE_BETA = 0.999
_EPSILON = 1e-8
_MAX_NORM = 1.0


def adapting_losses(
    network: Network, ids: IntArray, *, first: int, rate: float = 1e-3, decay: float = 3e-4
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the nats of ids[first:], segment by segment, read once with the state carried.

    The 256 characters before are read, but neither scored nor learned from.

    θ ← θ - rate g / (√v̂ + ε) + decay (θ₀ - θ)        v the running mean of g²

    rate: step size of a weight whose gradient has its usual size.
    decay: fraction of the way back to the trained weights θ₀, in each step.
    """
    trained = [weight.detach().clone() for weight in network.parameters()]
    squares = [torch.zeros_like(weight) for weight in trained]
    state = _state_before(network, ids, first)
    for number, start in enumerate(range(first, len(ids), SEGMENT), start=1):
        segment = _tensor(network, ids[start - 1 : start + SEGMENT])
        inputs, targets = segment[:-1], segment[1:]
        logits_TBV, state = network(inputs[:, None], state)
        nats_T = functional.cross_entropy(logits_TBV[:, 0], targets, reduction="none")
        yield nats_T.detach().cpu().double().numpy()
        state = State(
            tuple(tuple(part.detach() for part in layer) for layer in state.layers), state.before_KB
        )
        nats_T.mean().backward()  # type: ignore[no-untyped-call]
        _update(list(network.parameters()), trained, squares, number, rate=rate, decay=decay)


@torch.no_grad()
def _state_before(network: Network, ids: IntArray, first: int) -> State:
    """Read the 256 characters before ids[first - 1], which the first segment reads."""
    state = network.initial_state(1)
    if first > 1:
        before = _tensor(network, ids[max(0, first - 257) : first - 1])
        _, state = network(before[:, None], state)
    return state


def _tensor(network: Network, ids: IntArray) -> Tensor:
    return torch.from_numpy(ids.astype("int64")).to(network.head.weight.device)


@torch.no_grad()
def _update(
    weights: list[torch.nn.Parameter],
    trained: list[Tensor],
    squares: list[Tensor],
    number: int,
    *,
    rate: float,
    decay: float,
) -> None:
    """Take one step along the gradient, and a part of the way back to the trained weights."""
    gradients = []
    for weight in weights:
        assert weight.grad is not None
        gradients.append(weight.grad.to_dense() if weight.grad.is_sparse else weight.grad)
        weight.grad = None
    norm = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
    factor = (_MAX_NORM / (norm + 1e-6)).clamp(max=1.0)
    for weight, gradient, start, square in zip(weights, gradients, trained, squares, strict=True):
        gradient = gradient * factor
        square.lerp_(gradient.square(), 1 - _SQUARE_BETA)
        size = (square / (1 - _SQUARE_BETA**number)).sqrt_().add_(_EPSILON)
        weight.addcdiv_(gradient, size, value=-rate).lerp_(start, decay)
