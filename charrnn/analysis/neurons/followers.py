"""Units of a model, ranked by how closely each follows a feature of a text, such as quotes.

The score is |r|, Pearson's correlation of a unit's activity with a feature (text_features.py); for
a feature that is on or off this is the point-biserial correlation. It is 1 for a unit that follows
the feature exactly and 0 for one that ignores it, and does not change when an activity is scaled,
shifted or negated. After the quote detection cell of Karpathy, Johnson & Fei-Fei, 2015
(arXiv:1506.02078).

Shapes: T characters, U units of all layers, F features, W weightings of a sum.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.analysis.neurons.activities import FloatArray, activities
from charrnn.analysis.neurons.text_features import FEATURES, Feature
from charrnn.analysis.neurons.units import Unit, units
from charrnn.generation.model import Model

_LEAST_OFTEN = 10  # characters; a feature that is on, or off, for fewer is left out
_LEAST_VARIANCE = 1e-12  # less is rounding in float32


@dataclass(frozen=True)
class Follower:
    """How one unit follows one feature."""

    feature: str
    unit: Unit
    correlation: float  # from -1 to 1; below 0 the unit is low where the feature is on
    mean_on: float  # mean activity where the feature is on, or above its mean
    mean_off: float

    @property
    def score(self) -> float:
        """How closely the unit follows the feature, from 0 to 1."""
        return abs(self.correlation)


@dataclass(frozen=True)
class Ranking:
    """The units that follow each feature best."""

    num_chars: int
    num_units: int
    best: Mapping[str, tuple[Follower, ...]]  # the closest first
    left_out: tuple[str, ...]  # features that are on, or off, almost nowhere in the text


def rank(
    model: Model,
    text: str,
    *,
    num_best: int = 10,
    features: Mapping[str, Feature] = FEATURES,
    progress: ProgressCallback = ignore_progress,
) -> Ranking:
    """Rank the `num_best` units for each feature over a text of characters that the model knows."""
    values = {name: np.asarray(feature.of(text), float) for name, feature in features.items()}
    ranked = {name: value_T for name, value_T in values.items() if _is_frequent(value_T)}
    every, best = units(model.config), {}
    if ranked:
        figures = correlate(activities(model, text, progress), np.stack(list(ranked.values())))
        for name, *rows in zip(ranked, *figures, strict=True):
            r_U, on_U, off_U = (row_U.tolist() for row_U in rows)
            closest = sorted(range(len(every)), key=lambda u: -abs(r_U[u]))[:num_best]
            best[name] = tuple(Follower(name, every[u], r_U[u], on_U[u], off_U[u]) for u in closest)
    left_out = tuple(name for name in values if name not in ranked)
    return Ranking(len(text), len(every), best, left_out)


def _is_frequent(value_T: FloatArray) -> bool:
    """Whether a feature is on, and off, often enough to be followed."""
    num_on = int(_on(value_T).sum())
    return _LEAST_OFTEN <= num_on <= len(value_T) - _LEAST_OFTEN


def _on(value_XT: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where a feature is on: above its mean."""
    on_XT: npt.NDArray[np.bool_] = value_XT > value_XT.mean(-1, keepdims=True)
    return on_XT


def correlate(
    chunks: Iterable[FloatArray], value_FT: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Pearson's r of each feature with each unit, and the means of each unit where the
    feature is on and where it is off: three arrays (F, U).

    `chunks` are activities, (T, U) each, and are read once. r is 0 for a unit that never changes.
    """
    F, T = value_FT.shape
    standard_FT = value_FT - value_FT.mean(1, keepdims=True)
    standard_FT /= value_FT.std(1, keepdims=True)
    weight_WT = np.concatenate([np.ones((1, T)), standard_FT, _on(value_FT)])
    origin_U, sum_WU, square_U = _sums(chunks, weight_WT)
    x_U, standard_FU, on_FU = sum_WU[0], sum_WU[1 : F + 1], sum_WU[F + 1 :]
    variance_U = square_U / T - np.square(x_U / T)
    changes_U = variance_U > _LEAST_VARIANCE
    r_FU = standard_FU / T / np.sqrt(np.where(changes_U, variance_U, np.inf))
    num_on_F1 = _on(value_FT).sum(1, keepdims=True)
    mean_on_FU = origin_U + on_FU / num_on_F1
    mean_off_FU = origin_U + (x_U - on_FU) / (T - num_on_F1)
    return r_FU.clip(-1, 1), mean_on_FU, mean_off_FU


def _sums(
    chunks: Iterable[FloatArray], weight_WT: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the first activities, and relative to them the weighted sums, (W, U), and the sums of
    squares, (U,). Relative, because a unit that hardly changes would lose its digits otherwise.
    """
    origin_U, sum_WU, square_U, first = np.zeros(()), np.zeros(()), np.zeros(()), 0
    for chunk_TU in chunks:
        if not first:
            origin_U = chunk_TU[0].astype(float)
        x_TU = chunk_TU - origin_U
        sum_WU = sum_WU + weight_WT[:, first : first + len(x_TU)] @ x_TU
        square_U = square_U + np.square(x_TU).sum(0)
        first += len(x_TU)
    return origin_U, sum_WU, square_U
