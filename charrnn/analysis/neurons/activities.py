"""The activity of units: the state after each character of a text.

c is taken as tanh(c), as by Karpathy et al., 2015 (arXiv:1506.02078): the output of the cell if its
output gate were fully open.

Shapes: T characters, U units of all layers, B texts.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.analysis.neurons.units import Unit, units
from charrnn.data.vocab import code_points
from charrnn.errors import UsageError
from charrnn.generation.model import Model
from charrnn.generation.predict import whole_characters
from charrnn.generation.translation import batching
from charrnn.models.reference import State
from charrnn.models.step_backend import Stepper
from charrnn.models.step_numpy import NumpyBackend
from charrnn.sources.lines import RECORD_END

FloatArray = npt.NDArray[Any]

_CHUNK = 1024  # characters whose activities are in memory at once


def activity(model: Model, text: str, unit: Unit) -> FloatArray:
    """Return one unit's activity after each character of a text, from -1 to 1."""
    column = units(model.config).index(unit)
    return np.concatenate([chunk_TU[:, column] for chunk_TU in activities(model, text)])


def activity_of_characters(model: Model, text: str, unit: Unit) -> tuple[str, FloatArray]:
    """Return a text as people read it, and one unit's activity for each of its characters.

    Of a model of bytes it is the mean over the bytes of a character.
    """
    value_T = activity(model, text, unit)
    if not model.vocab.is_bytes:
        return text, value_T
    shown, sum_T = whole_characters(text, value_T)
    _, num_bytes_T = whole_characters(text, np.ones(len(text)))
    return shown, sum_T / num_bytes_T


def activities(
    model: Model, text: str, progress: ProgressCallback = ignore_progress
) -> Iterator[FloatArray]:
    """Yield all units' activities after each character, from -1 to 1, in chunks of shape (T, U).

    The text is read from a zero state; with a model of records, so is each record. Raises
    `UsageError` for an ensemble.
    """
    is_cell_U = _are_cells(model)
    ids = model.vocab.ids_of(code_points(text)).tolist()
    starts = {0}
    if model.records != "none":
        starts |= {match.end() for match in re.finditer(RECORD_END[model.records], text)}
    for first in range(0, len(ids), _CHUNK):
        chunk = ids[first : first + _CHUNK]
        chunk_TU = np.empty((len(chunk), len(is_cell_U)), np.float32)
        for t, i in enumerate(chunk):
            if first + t in starts:
                stepper = _at_the_start(model)
            stepper.step(i)
            np.concatenate(_parts(stepper.state()), 1, out=chunk_TU[t : t + 1])
        chunk_TU[:, is_cell_U] = np.tanh(chunk_TU[:, is_cell_U])
        progress(first + len(chunk), len(ids))
        yield chunk_TU


def mean_activities(model: Model, texts: Iterable[str]) -> Iterator[FloatArray]:
    """Yield all units' mean activities over the characters of each text, (U,), in order.

    Each text is read from a zero state, many side by side. A text has at least one character, and
    all its characters are known. Raises `UsageError` for an ensemble.
    """
    start = _at_the_start(model).state()
    backend = NumpyBackend(model.config, model.weights)
    ids = (model.vocab.ids_of(code_points(text)) for text in texts)
    return batching.in_order(ids, len, partial(_means, model, backend, start))


def _means(
    model: Model, backend: NumpyBackend, start: State, texts: Sequence[npt.NDArray[Any]]
) -> list[FloatArray]:
    """Return the mean activities over each of some texts, given as ids."""
    longest_first = sorted(range(len(texts)), key=lambda k: -len(texts[k]))
    lengths = [len(texts[k]) for k in longest_first]
    is_cell_U, num_left = _are_cells(model), len(texts)
    batch = backend.batch(start, num_left)
    sum_BU = np.zeros((num_left, len(is_cell_U)))
    for t in range(lengths[0]):
        if lengths[num_left - 1] == t:
            num_left = sum(length > t for length in lengths)
            batch.keep(range(num_left))
        batch.step(np.array([texts[k][t] for k in longest_first[:num_left]]))
        now_BU = np.concatenate(_parts(batch.state()), 1)
        now_BU[:, is_cell_U] = np.tanh(now_BU[:, is_cell_U])
        sum_BU[:num_left] += now_BU
    mean_BU = np.empty_like(sum_BU, np.float32)
    mean_BU[longest_first] = sum_BU / np.array(lengths)[:, None]
    return list(mean_BU)


def _at_the_start(model: Model) -> Stepper:
    """Return a stream at the beginning of a text."""
    if model.others:
        raise UsageError("several runs together have no units of their own", "name one run")
    stepper = model.backend.stepper()
    stepper.step(model.start_id)
    return stepper


def _are_cells(model: Model) -> npt.NDArray[np.bool_]:
    """Return for each unit whether tanh is taken of it."""
    return np.array([unit.part != "h" for unit in units(model.config)])


def _parts(state: State) -> list[FloatArray]:
    """Return the arrays of a state in the order of `units`: (B, H) each."""
    return [part_BH for layer in state.layers for part_BH in layer]
