"""Which unit follows what: the units of a model, ranked by how closely each keeps to something that
a person can name in a text.

The score is |r|, the correlation of a unit's activity with a feature (text_features.py) of a text:
Pearson's, which for a feature that is on or off is the point-biserial one. It is 1 for a unit that
does that and nothing else, 0 for one that takes no notice of it, and it does not change when an
activity is scaled, shifted or turned round. After the quote detection cell of Karpathy, Johnson &
Fei-Fei, 2015 (arXiv:1506.02078), and the sentiment neuron of Radford, Jozefowicz & Sutskever, 2017
(arXiv:1704.01444).

A layer's units are h and what else its cell carries, such as the c of an LSTM, taken as tanh(c) as
those papers draw it: what the output gate would show if it were open.

Shapes: T characters, U units of all layers, F features, W weightings of a sum.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.analysis.text_features import FEATURES, Feature
from charrnn.cells import cell_spec
from charrnn.config import ModelConfig
from charrnn.data.vocab import code_points
from charrnn.errors import UsageError
from charrnn.generation.model import Model
from charrnn.sources.lines import RECORD_END

FloatArray = npt.NDArray[Any]

_CHUNK = 1024  # characters whose activities are in memory at once
_LEAST_OFTEN = 10  # a feature that is on, or off, for fewer characters says nothing
_LEAST_VARIANCE = 1e-12  # less is float32's rounding


class Unit(NamedTuple):
    """One number of the state, written h0.17: of h, in layer 0 (the lowest), number 17."""

    part: str  # of the state: h, or as c of an LSTM
    layer: int
    number: int

    def __str__(self) -> str:
        return f"{self.part}{self.layer}.{self.number}"


def units(config: ModelConfig) -> list[Unit]:
    """All units of a model, in the order of the columns of `activities`."""
    parts = cell_spec(config.cell).state
    return [
        Unit(part, layer, number)
        for layer in range(config.num_layers)
        for part in parts
        for number in range(config.hidden_size)
    ]


def unit_of(typed: str, config: ModelConfig) -> Unit:
    """The unit that is written so: h0.17, c1.3; 17 alone is h0.17 and c3 is c0.3.

    Raises `UsageError` for one that the model has not got.
    """
    match = re.fullmatch(r"([a-z]*)(?:(\d+)\.)?(\d+)", typed)
    if match:
        unit = Unit(match[1] or "h", int(match[2] or 0), int(match[3]))
        if unit in units(config):
            return unit
    last = units(config)[-1]
    raise UsageError(f"--unit {typed!r} is no unit of this model", f"they go from h0.0 to {last}")


@dataclass(frozen=True)
class Follower:
    """How one unit follows one feature."""

    feature: str
    unit: Unit
    correlation: float  # from -1 to 1; below 0 the unit falls where the feature is on
    mean_on: float  # its mean activity where the feature is on, or above its mean
    mean_off: float

    @property
    def score(self) -> float:
        """From 0 to 1: how closely it follows."""
        return abs(self.correlation)


@dataclass(frozen=True)
class Ranking:
    """The units that follow each feature best."""

    num_chars: int
    num_units: int
    best: Mapping[str, tuple[Follower, ...]]  # the closest first
    left_out: tuple[str, ...]  # features that the text hardly ever has, or hardly ever lacks


def rank(
    model: Model,
    text: str,
    *,
    num_best: int = 10,
    features: Mapping[str, Feature] = FEATURES,
    progress: ProgressCallback = ignore_progress,
) -> Ranking:
    """The `num_best` units for each feature, over a text of characters that the model knows."""
    values = {name: np.asarray(feature.of(text), float) for name, feature in features.items()}
    told = {name: value_T for name, value_T in values.items() if _tells(value_T)}
    every, best = units(model.config), {}
    if told:
        found = correlated(activities(model, text, progress), np.stack(list(told.values())))
        for name, *one in zip(told, *found, strict=True):
            r_U, on_U, off_U = (array_U.tolist() for array_U in one)
            closest = sorted(range(len(every)), key=lambda u: -abs(r_U[u]))[:num_best]
            best[name] = tuple(Follower(name, every[u], r_U[u], on_U[u], off_U[u]) for u in closest)
    return Ranking(len(text), len(every), best, tuple(name for name in values if name not in told))


def _tells(value_T: FloatArray) -> bool:
    """Whether a feature is on often enough, and off often enough, to be followed."""
    num_on = int(_on(value_T).sum())
    return _LEAST_OFTEN <= num_on <= len(value_T) - _LEAST_OFTEN


def _on(value_XT: FloatArray) -> npt.NDArray[np.bool_]:
    """Where a feature is on: above its mean."""
    on_XT: npt.NDArray[np.bool_] = value_XT > value_XT.mean(-1, keepdims=True)
    return on_XT


def correlated(
    pieces: Iterable[FloatArray], value_FT: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pearson's r of each feature with each unit, and the unit's mean where the feature is on and
    where it is off: three of shape (F, U). The pieces, (T, U) each, are read once.

    r is 0 for a unit that does not move.
    """
    F, T = value_FT.shape
    standard_FT = value_FT - value_FT.mean(1, keepdims=True)
    standard_FT /= value_FT.std(1, keepdims=True)
    weight_WT = np.concatenate([np.ones((1, T)), standard_FT, _on(value_FT)])
    origin_U, sum_WU, square_U = _sums(pieces, weight_WT)
    x_U, standard_FU, on_FU = sum_WU[0], sum_WU[1 : F + 1], sum_WU[F + 1 :]
    variance_U = square_U / T - np.square(x_U / T)
    moves_U = variance_U > _LEAST_VARIANCE
    r_FU = standard_FU / T / np.sqrt(np.where(moves_U, variance_U, np.inf))
    num_on_F1 = _on(value_FT).sum(1, keepdims=True)
    mean_on_FU = origin_U + on_FU / num_on_F1
    mean_off_FU = origin_U + (x_U - on_FU) / (T - num_on_F1)
    return r_FU.clip(-1, 1), mean_on_FU, mean_off_FU


def _sums(
    pieces: Iterable[FloatArray], weight_WT: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The units' first activities, and relative to them, so that nothing is lost where a unit
    hardly moves: their weighted sums, (W, U), and the sum of their squares.
    """
    origin_U, sum_WU, square_U, first = np.zeros(()), np.zeros(()), np.zeros(()), 0
    for piece_TU in pieces:
        if not first:
            origin_U = piece_TU[0].astype(float)
        x_TU = piece_TU - origin_U
        sum_WU = sum_WU + weight_WT[:, first : first + len(x_TU)] @ x_TU
        square_U = square_U + np.square(x_TU).sum(0)
        first += len(x_TU)
    return origin_U, sum_WU, square_U


def activity(model: Model, text: str, unit: Unit) -> FloatArray:
    """One unit's activity after each character of a text, from -1 to 1."""
    column = units(model.config).index(unit)
    return np.concatenate([piece_TU[:, column] for piece_TU in activities(model, text)])


def activities(
    model: Model, text: str, progress: ProgressCallback = ignore_progress
) -> Iterator[FloatArray]:
    """All units' activities after each character, from -1 to 1, in pieces of shape (T, U).

    The text is read from a new start, each record of a model of records from one of its own.
    """
    is_cell_U = np.array([unit.part != "h" for unit in units(model.config)])
    ids = model.vocab.ids_of(code_points(text)).tolist()
    starts = {0}
    if model.records != "none":
        starts |= {match.end() for match in re.finditer(RECORD_END[model.records], text)}
    for first in range(0, len(ids), _CHUNK):
        piece = ids[first : first + _CHUNK]
        piece_TU = np.empty((len(piece), len(is_cell_U)), np.float32)
        for t, i in enumerate(piece):
            if first + t in starts:
                stepper = model.backend.stepper()
                stepper.step(model.start_id)
            stepper.step(i)
            parts = [part for layer in stepper.state().layers for part in layer]
            np.concatenate(parts, 1, out=piece_TU[t : t + 1])
        piece_TU[:, is_cell_U] = np.tanh(piece_TU[:, is_cell_U])
        progress(first + len(piece), len(ids))
        yield piece_TU
