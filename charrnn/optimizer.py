"""AdamW, written out: how a gradient becomes an update.

torch has one too, but to make it imports torch's compiler, which takes more than a second. The
tests hold this one to that one. It knows nothing of networks or schedules.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

_BETA_1, _BETA_2 = 0.9, 0.99
_EPSILON = 1e-8


class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019, arXiv:1711.05101).

    m ← β₁ m + (1 - β₁) g            the gradient's running mean
    v ← β₂ v + (1 - β₂) g²           that of its square
    w ← w - rate (m̂ / (√v̂ + ε) + decay w)     m̂ and v̂ corrected for having begun at zero

    The decay pulls on matrices only, not on biases.
    """

    def __init__(self, weights: Mapping[str, Tensor], *, weight_decay: float) -> None:
        self._weights = dict(weights)
        self._weight_decay = weight_decay
        self.moments = {
            name: (torch.zeros_like(weight), torch.zeros_like(weight))
            for name, weight in self._weights.items()
        }

    @torch.no_grad()
    def step(self, *, rate: float, number: int) -> None:
        """Apply the gradients and drop them. `number` counts updates from 1."""
        correction_1 = 1 - _BETA_1**number
        correction_2 = 1 - _BETA_2**number
        for name, weight in self._weights.items():
            gradient, (m, v) = weight.grad, self.moments[name]
            assert gradient is not None
            m.lerp_(gradient, 1 - _BETA_1)
            v.lerp_(gradient.square(), 1 - _BETA_2)
            if weight.dim() > 1:
                weight.mul_(1 - rate * self._weight_decay)
            size = (v / correction_2).sqrt_().add_(_EPSILON)
            weight.addcdiv_(m, size, value=-rate / correction_1)
            weight.grad = None
