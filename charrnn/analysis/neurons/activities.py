"""The activity of units: the state after each character of a text.

c is taken as tanh(c), as by Karpathy et al., 2015 (arXiv:1506.02078): the output of the cell if its
output gate were fully open.

Shapes: T characters, U units of all layers.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.analysis.neurons.units import Unit, units
from charrnn.data.vocab import code_points
from charrnn.generation.model import Model
from charrnn.sources.lines import RECORD_END

FloatArray = npt.NDArray[Any]

_CHUNK = 1024  # characters whose activities are in memory at once


def activity(model: Model, text: str, unit: Unit) -> FloatArray:
    """Return one unit's activity after each character of a text, from -1 to 1."""
    column = units(model.config).index(unit)
    return np.concatenate([chunk_TU[:, column] for chunk_TU in activities(model, text)])


def activities(
    model: Model, text: str, progress: ProgressCallback = ignore_progress
) -> Iterator[FloatArray]:
    """Yield all units' activities after each character, from -1 to 1, in chunks of shape (T, U).

    The text is read from a zero state; with a model of records, so is each record.
    """
    is_cell_U = np.array([unit.part != "h" for unit in units(model.config)])
    ids = model.vocab.ids_of(code_points(text)).tolist()
    starts = {0}
    if model.records != "none":
        starts |= {match.end() for match in re.finditer(RECORD_END[model.records], text)}
    for first in range(0, len(ids), _CHUNK):
        chunk = ids[first : first + _CHUNK]
        chunk_TU = np.empty((len(chunk), len(is_cell_U)), np.float32)
        for t, i in enumerate(chunk):
            if first + t in starts:
                stepper = model.backend.stepper()
                stepper.step(model.start_id)
            stepper.step(i)
            parts = [part for layer in stepper.state().layers for part in layer]
            np.concatenate(parts, 1, out=chunk_TU[t : t + 1])
        chunk_TU[:, is_cell_U] = np.tanh(chunk_TU[:, is_cell_U])
        progress(first + len(chunk), len(ids))
        yield chunk_TU
