"""Dynamic evaluation: score a text with networks that learn from it on the way.

Each segment is scored before a network learns from it, so no text is predicted that was already
seen. What a text repeats, above all its names, is soon expected. After Krause et al., 2018
(arXiv:1709.07432). The networks are changed.

Shapes: M networks, T characters of a segment, B = 1, V vocabulary.
"""

import math
from collections.abc import Iterator, Sequence

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
    networks: Sequence[Network],
    ids: IntArray,
    *,
    first: int,
    rate: float = 1e-3,
    decay: float = 3e-4,
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the nats of ids[first:], segment by segment, read once with the state carried.

    Of several networks the probabilities are averaged; each learns by itself. The 256 characters
    before are read, but neither scored nor learned from.

    θ ← θ - rate g / (√v̂ + ε) + decay (θ₀ - θ)        v the running mean of g²

    rate: step size of a weight whose gradient has its usual size.
    decay: fraction of the way back to the trained weights θ₀, in each step.
    """
    all_learning = [_Learning(network, ids, first, rate, decay) for network in networks]
    for start in range(first, len(ids), SEGMENT):
        segment = ids[start - 1 : start + SEGMENT]
        losses = [learning.losses(segment) for learning in all_learning]  # (T,) each
        log_prob_MT = -torch.stack([nats_T.detach() for nats_T in losses]).cpu().double()
        yield (math.log(len(networks)) - log_prob_MT.logsumexp(0)).numpy()
        for learning, nats_T in zip(all_learning, losses, strict=True):
            learning.learn(nats_T)


class _Learning:
    """A network that learns from the text that it reads."""

    def __init__(
        self, network: Network, ids: IntArray, first: int, rate: float, decay: float
    ) -> None:
        self._network, self._rate, self._decay = network, rate, decay
        self._trained = [weight.detach().clone() for weight in network.parameters()]
        self._squares = [torch.zeros_like(weight) for weight in self._trained]
        self._num_steps = 0
        self._state = _state_before(network, ids, first)

    def losses(self, segment: IntArray) -> Tensor:
        """Return the nats, (T,), of the characters of a segment after its first one."""
        read = _tensor(self._network, segment)
        logits_TBV, state = self._network(read[:-1, None], self._state)
        layers = tuple(tuple(part.detach() for part in layer) for layer in state.layers)
        self._state = State(layers, state.before_KB)
        return functional.cross_entropy(logits_TBV[:, 0], read[1:], reduction="none")

    def learn(self, nats_T: Tensor) -> None:
        """Take one step along the gradient, and a part of the way back to the trained weights."""
        nats_T.mean().backward()  # type: ignore[no-untyped-call]
        self._num_steps += 1
        self._update()

    @torch.no_grad()
    def _update(self) -> None:
        weights, gradients = list(self._network.parameters()), []
        for weight in weights:
            assert weight.grad is not None
            gradients.append(weight.grad.to_dense() if weight.grad.is_sparse else weight.grad)
            weight.grad = None
        norm = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
        factor = (_MAX_NORM / (norm + 1e-6)).clamp(max=1.0)
        correction = 1 - _SQUARE_BETA**self._num_steps
        for weight, gradient, start, square in zip(
            weights, gradients, self._trained, self._squares, strict=True
        ):
            gradient = gradient * factor
            square.lerp_(gradient.square(), 1 - _SQUARE_BETA)
            size = (square / correction).sqrt_().add_(_EPSILON)
            weight.addcdiv_(gradient, size, value=-self._rate).lerp_(start, self._decay)


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
