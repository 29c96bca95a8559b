"""How well a number tells texts of a label from others: AUC, its interval, a threshold.

AUC, the area under the ROC curve, is the probability that a text of the label has a higher number
than another text; equal numbers count half (Mann & Whitney, 1947). 0.5 tells nothing, 1 all, and 0
all with the sign turned round.

Shapes: N texts, U units, X labels (each against the rest).
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_Z = 1.959964  # of a normal distribution: 95 % of it are within
_HALVINGS = 60  # of an interval in which a root is


def midranks(x_NU: npt.NDArray[np.floating]) -> Floats:
    """Return the ranks of each column from 1; equal numbers share the mean of their ranks."""
    rank_NU = np.empty(x_NU.shape)
    for u, x_N in enumerate(x_NU.T):
        _, inverse_N, counts = np.unique(x_N, return_inverse=True, return_counts=True)
        rank_NU[:, u] = (np.cumsum(counts) - (counts - 1) / 2)[inverse_N]
    return rank_NU


def aucs(rank_NU: Floats, is_of_label_XN: Flags) -> Floats:
    """Return the AUC of each unit for each label, (X, U), by the ranks of `midranks`.

    Of each label there is a text, and one without it.
    """
    num_X1 = is_of_label_XN.sum(1, keepdims=True)
    sum_XU = is_of_label_XN.astype(float) @ rank_NU
    auc_XU: Floats = (sum_XU - num_X1 * (num_X1 + 1) / 2) / (num_X1 * (len(rank_NU) - num_X1))
    return auc_XU


def interval(auc: float, num_positive: int, num_negative: int) -> tuple[float, float]:
    """Return the 95 % interval of an AUC (Newcombe, 2006, method 5): all values θ that are within
    1.96 of their own standard errors of it. It is sound where the AUC is 1, or texts are few.

    Var θ = θ (1 - θ) [1 + (n - 1) ((1 - θ) / (2 - θ) + θ / (1 + θ))] / (positive · negative)

    n is the mean of the two numbers.
    """
    n = (num_positive + num_negative) / 2

    def error(theta: float) -> float:
        both = (1 - theta) / (2 - theta) + theta / (1 + theta)
        variance = theta * (1 - theta) * (1 + (n - 1) * both) / (num_positive * num_negative)
        return _Z * math.sqrt(variance)

    def least(auc: float) -> float:
        low, high = 0.0, auc
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if auc - middle > error(middle) else (low, middle)
        return high

    return least(auc), 1 - least(1 - auc)  # Var is the same at θ and 1 - θ


def best_threshold(x_N: npt.NDArray[np.floating], is_of_label_N: Flags) -> float:
    """Return the threshold with the highest accuracy if texts above it are taken for the label's.

    It lies half-way between two of the numbers, or at the end of them, where all texts are taken
    for one kind. Compare it with float64: between two float32 there may be no other.
    """
    order = np.argsort(-x_N, kind="stable")
    sorted_N = x_N[order].astype(float)
    num_gained_N = np.cumsum(
        np.where(is_of_label_N[order], 1, -1)
    )  # right ones, if so many are above
    is_border_N = np.append(sorted_N[1:] < sorted_N[:-1], True)
    place = int(np.where(is_border_N, num_gained_N, 0).argmax())
    if num_gained_N[place] <= 0 or not is_border_N[place]:
        return float(sorted_N[0])
    if place == len(sorted_N) - 1:
        return float(np.nextafter(sorted_N[-1], -np.inf))
    return float(sorted_N[place] + sorted_N[place + 1]) / 2
