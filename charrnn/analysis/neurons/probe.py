"""A logistic probe: what all units together tell about the labels of texts.

Multinomial logistic regression on standardised activities, with an L2 penalty on the weights:

    log p(c | x) = (x · w_c + b_c) - log Σ_k exp(x · w_k + b_k)
    loss = mean over the texts of -log p(label | x) + strength / 2 · Σ w²

Its strength is chosen by cross-validation.

Shapes: N texts, U units, C labels, P = U + 1 (a row for each unit, then the biases).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.analysis.neurons.auc import Floats

Ints = npt.NDArray[np.int64]
Loss = Callable[[Floats], tuple[float, Floats]]  # of a point: the value and the gradient

STRENGTHS = (10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4)  # the strongest first
_LEAST_SCALE = 1e-6  # a unit with a smaller deviation does not change but for rounding
_TOLERANCE = 1e-5  # of the gradient
_MAX_STEPS = 1000
_NUM_KEPT = 10  # steps that L-BFGS remembers
_ENOUGH = 1e-4  # share of the expected decrease that a step has to bring (Armijo)


@dataclass(frozen=True)
class Probe:
    """A fitted probe."""

    mean_U: Floats
    scale_U: Floats
    weights_PC: Floats
    strength: float

    def log_probabilities(self, x_NU: npt.NDArray[np.floating]) -> Floats:
        """Return the log probability of each label, (N, C)."""
        return _log_softmax(_with_ones((x_NU - self.mean_U) / self.scale_U) @ self.weights_PC)


def fit(
    x_NU: npt.NDArray[np.floating],
    label_N: Ints,
    *,
    num_labels: int,
    strength: float,
    start_PC: Floats | None = None,
) -> Probe:
    """Fit a probe with this strength of the penalty, from some weights or from zero."""
    mean_U, scale_U = x_NU.mean(0, dtype=float), x_NU.std(0, dtype=float)
    scale_U[scale_U < _LEAST_SCALE] = 1.0
    x_NP = _with_ones((x_NU - mean_U) / scale_U)
    is_label_NC = np.eye(num_labels)[label_N]

    def loss(weights_PC: Floats) -> tuple[float, Floats]:
        log_prob_NC = _log_softmax(x_NP @ weights_PC)
        penalised_PC = weights_PC.copy()
        penalised_PC[-1] = 0
        value = -(log_prob_NC * is_label_NC).sum() / len(x_NP)
        gradient_PC = x_NP.T @ (np.exp(log_prob_NC) - is_label_NC) / len(x_NP)
        penalty = strength / 2 * np.square(penalised_PC).sum()
        return float(value + penalty), gradient_PC + strength * penalised_PC

    start_PC = np.zeros((x_NP.shape[1], num_labels)) if start_PC is None else start_PC
    return Probe(mean_U, scale_U, minimum(loss, start_PC), strength)


def fit_chosen(
    x_NU: npt.NDArray[np.floating], label_N: Ints, fold_N: Ints, *, num_labels: int
) -> Probe:
    """Fit a probe with the strength that has the lowest loss on folds that were left out of a fit.

    The strengths are tried from the strongest on, until one has a higher loss than the one before.
    """
    held_out = [fold_N == fold for fold in np.unique(fold_N)]
    starts: list[Floats | None] = [None] * len(held_out)
    best, least = STRENGTHS[0], np.inf
    for strength in STRENGTHS:
        sum_nats = 0.0
        for k, is_out_N in enumerate(held_out):
            probe = fit(
                x_NU[~is_out_N], label_N[~is_out_N], num_labels=num_labels, strength=strength,
                start_PC=starts[k],
            )  # fmt: skip
            log_prob_NC = probe.log_probabilities(x_NU[is_out_N])
            sum_nats -= log_prob_NC[np.arange(len(log_prob_NC)), label_N[is_out_N]].sum()
            starts[k] = probe.weights_PC
        if sum_nats >= least:
            break
        best, least = strength, sum_nats
    return fit(x_NU, label_N, num_labels=num_labels, strength=best)


def minimum(loss: Loss, start: Floats) -> Floats:
    """Return where a smooth, convex loss is lowest: L-BFGS (Liu & Nocedal, 1989) with steps that
    are halved until they bring enough.
    """
    point, (value, gradient) = start, loss(start)
    kept: list[tuple[Floats, Floats]] = []  # steps, and the changes of the gradient that they made
    for _ in range(_MAX_STEPS):
        if np.abs(gradient).max() <= _TOLERANCE:
            break
        direction = -_times_inverse_hessian(gradient, kept)
        slope = float((gradient * direction).sum())
        length = 1.0 if kept else 1 / max(1.0, float(np.linalg.norm(gradient)))
        while True:
            following = point + length * direction
            new_value, new_gradient = loss(following)
            if new_value <= value + _ENOUGH * length * slope or length < 1e-12:
                break
            length /= 2
        if new_value >= value:  # no more than rounding is left
            break
        kept = [*kept[1 - _NUM_KEPT :], (following - point, new_gradient - gradient)]
        point, value, gradient = following, new_value, new_gradient
    return point


def _times_inverse_hessian(gradient: Floats, kept: list[tuple[Floats, Floats]]) -> Floats:
    """Return the gradient times an estimate of the inverse Hessian: the two-loop recursion."""
    product, factors = gradient.copy(), []
    for step, change in reversed(kept):
        factors.append(float((step * product).sum() / (step * change).sum()))
        product -= factors[-1] * change
    if kept:
        step, change = kept[-1]
        product *= float((step * change).sum() / np.square(change).sum())
    for (step, change), factor in zip(kept, reversed(factors), strict=True):
        product += (factor - float((change * product).sum() / (step * change).sum())) * step
    return product


def _with_ones(x_NU: Floats) -> Floats:
    """Return activities with a column of ones, for the biases."""
    return np.column_stack([x_NU, np.ones(len(x_NU))])


def _log_softmax(logits_NC: Floats) -> Floats:
    shifted_NC = logits_NC - logits_NC.max(1, keepdims=True)
    log_prob_NC: Floats = shifted_NC - np.log(np.exp(shifted_NC).sum(1, keepdims=True))
    return log_prob_NC
