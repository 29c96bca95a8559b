"""How a gradient becomes an update: Adam, Adam in a better basis (SOAP), and Adam for tables of
which a step reads few rows.

torch has an AdamW too, but to make it imports torch's compiler, which takes more than a second.
The tests hold ours to it.

Shapes: G rows of a matrix (gates), I columns (what the gates read).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from charrnn.models.tags import tag_of

_EPSILON = 1e-8
GRAM_BETA = 0.95  # how slowly the statistics that give SOAP its basis move
_STEPS_BETWEEN_BASES = 10
MAX_SIDE = 4096  # a basis of more directions would cost more than it brings


class Betas(NamedTuple):
    """How slowly the running means of the gradient and of its square move."""

    mean: float
    square: float


# SOAP wants shorter memories than Adam does; measured in docs/recipe.md.
BETAS = {"adamw": Betas(0.9, 0.99), "soap": Betas(0.8, 0.95)}


class Adam:
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019, arXiv:1711.05101).

    m ← β₁ m + (1 - β₁) g            the gradient's running mean
    v ← β₂ v + (1 - β₂) g²           that of its square
    w ← w - rate (m̂ / (√v̂ + ε) + decay w)     m̂ and v̂ corrected for having begun at zero
    """

    def __init__(self, weight: Tensor, betas: Betas, *, weight_decay: float = 0.0) -> None:
        self._weight, self._betas, self._decay = weight, betas, weight_decay
        self.tensors = {"m": torch.zeros_like(weight), "v": torch.zeros_like(weight)}

    def step(self, gradient: Tensor, *, rate: float, number: int) -> None:
        """Apply a gradient. `number` counts updates from 1."""
        m, v = self.tensors["m"], self.tensors["v"]
        self._update(self._weight, m, v, gradient, rate=rate, number=number)

    def _update(
        self, weight: Tensor, m: Tensor, v: Tensor, gradient: Tensor, *, rate: float, number: int
    ) -> None:
        """Apply a gradient to a weight and its running means, in place."""
        size, scale = _averaged(gradient, m, v, self._betas, number)
        weight.mul_(1 - rate * self._decay).addcdiv_(m, size, value=-rate * scale)


class RowAdam(Adam):
    """Adam for a table ("lazy" Adam): rows that a step did not read stay as they are, and so do
    their running means.
    """

    def step(self, gradient: Tensor, *, rate: float, number: int) -> None:
        """Apply a gradient, coalesced if it is sparse. `number` counts updates from 1.

        A GPU has dense gradients, zero in the rows that were not read: counting the rows of a
        sparse one would mean waiting for the GPU.
        """
        kept = self._weight, self.tensors["m"], self.tensors["v"]
        if gradient.is_sparse:
            rows, gradient = gradient.indices()[0], gradient.values()
            weight, m, v = (each.index_select(0, rows) for each in kept)
            self._update(weight, m, v, gradient, rate=rate, number=number)
            for each, new in zip(kept, (weight, m, v), strict=True):
                each.index_copy_(0, rows, new)
        else:
            is_read = (gradient != 0).any(1, keepdim=True)
            weight, m, v = (each.clone() for each in kept)
            self._update(weight, m, v, gradient, rate=rate, number=number)
            for each, new in zip(kept, (weight, m, v), strict=True):
                each.copy_(torch.where(is_read, new, each))


class Soap(Adam):
    """Adam in the eigenbasis of what the gradients have in common: SOAP (Vyas et al., 2024,
    arXiv:2409.11321), on the side of the columns only.

    L ← β L + (1 - β) gᵀg            (I, I)
    Q: the eigenvectors of L, brought up to date every few steps by one step of the power method,
       Q ← the orthogonal factor of L Q
    w ← w - rate · Adam(g Q) Qᵀ

    The columns are what all gates read, so they share much; the rows, four times as many, would
    cost more time than they save.
    """

    def __init__(self, weight: Tensor, betas: Betas, *, weight_decay: float = 0.0) -> None:
        super().__init__(weight, betas, weight_decay=weight_decay)
        num_columns = weight.shape[1]
        self.tensors["gram"] = weight.new_zeros(num_columns, num_columns)
        self.tensors["basis"] = torch.eye(num_columns, device=weight.device)

    def step(self, gradient: Tensor, *, rate: float, number: int) -> None:
        """Apply a gradient. `number` counts updates from 1."""
        m, v, gram, basis = (self.tensors[name] for name in ("m", "v", "gram", "basis"))
        gram.lerp_(gradient.t() @ gradient, 1.0 if number == 1 else 1 - GRAM_BETA)
        if number == 1:
            home = "cpu" if gram.device.type == "mps" else gram.device  # mps has no eigh
            basis.copy_(torch.linalg.eigh(gram.to(home))[1])
        elif number % _STEPS_BETWEEN_BASES == 0:
            turned = torch.linalg.qr(gram @ basis)[0]
            m.copy_(m @ (basis.t() @ turned))
            basis.copy_(turned)
        size, scale = _averaged(gradient @ basis, m, v, self._betas, number)
        step = torch.div(m, size, out=size)
        self._weight.addmm_(step, basis.t(), beta=1 - rate * self._decay, alpha=-rate * scale)


def _averaged(
    gradient: Tensor, m: Tensor, v: Tensor, betas: Betas, number: int
) -> tuple[Tensor, float]:
    """Update the running means in place; return a tensor, size, and a number, scale, with which
    m̂ / (√v̂ + ε) = scale · m / size: correcting a number costs no pass over the weights.
    """
    m.lerp_(gradient, 1 - betas.mean)
    v.mul_(betas.square).addcmul_(gradient, gradient, value=1 - betas.square)
    root = math.sqrt(1 - betas.square**number)
    return v.sqrt().add_(_EPSILON * root), root / (1 - betas.mean**number)


class Optimizer:
    """A rule for each weight, chosen by its tag (`models.tags`). Weight decay spares vectors, such
    as biases.
    """

    def __init__(self, weights: Mapping[str, Tensor], *, kind: str, weight_decay: float) -> None:
        self.weights = dict(weights)
        self._rules: dict[str, Adam] = {}
        for name, weight in self.weights.items():
            decay = weight_decay if weight.dim() > 1 else 0.0
            self._rules[name] = _rule(weight, kind)(weight, BETAS[kind], weight_decay=decay)

    def tensors(self) -> dict[str, Tensor]:
        """Return all that changes from step to step, by name."""
        return {
            f"{name}.{part}": tensor
            for name, rule in self._rules.items()
            for part, tensor in rule.tensors.items()
        }

    @torch.no_grad()
    def step(self, *, rate: float, number: int, clip: float = 0.0) -> Tensor:
        """Apply the gradients, clear them, and return their norm before it was clipped to `clip`
        (0 is no limit). `number` counts updates from 1.
        """
        gradients = {name: _taken(weight) for name, weight in self.weights.items()}
        parts = [g.values() if g.is_sparse else g for g in gradients.values()]
        norm = torch.stack([part.square().sum() for part in parts]).sum().sqrt()
        if clip:
            factor = (clip / (norm + 1e-6)).clamp(max=1.0)
            for part in parts:
                part.mul_(factor)
        for name, gradient in gradients.items():
            self._rules[name].step(gradient, rate=rate, number=number)
        return norm


def _rule(weight: Tensor, kind: str) -> type[Adam]:
    """Return the rule of a weight when the optimiser is of that kind."""
    tag = tag_of(weight)
    if tag == "table":
        return RowAdam
    if tag == "matrix" and kind == "soap" and weight.shape[1] <= MAX_SIDE:
        return Soap
    return Adam


def _taken(weight: Tensor) -> Tensor:
    """Return the weight's gradient and clear it."""
    gradient = weight.grad
    assert gradient is not None
    weight.grad = None
    return gradient.coalesce() if gradient.is_sparse else gradient
