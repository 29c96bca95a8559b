"""Units of a model and their names: h0.17, c1.3.

A layer's units are h and what else its cell carries, such as the c of an LSTM.
"""

import re
from typing import NamedTuple

from charrnn.cells import cell_spec
from charrnn.config import ModelConfig
from charrnn.errors import SettingError


class Unit(NamedTuple):
    """One number of the state, written h0.17: of h, in layer 0 (the lowest), number 17."""

    part: str  # of the state: h, or as c of an LSTM
    layer: int
    number: int

    def __str__(self) -> str:
        return f"{self.part}{self.layer}.{self.number}"


def units(config: ModelConfig) -> list[Unit]:
    """Return all units of a model, in the order of the columns of `activities`."""
    parts = cell_spec(config.cell).state
    return [
        Unit(part, layer, number)
        for layer in range(config.num_layers)
        for part in parts
        for number in range(config.hidden_size)
    ]


def unit_of(typed: str, config: ModelConfig) -> Unit:
    """Parse the name of a unit: h0.17, c1.3; 17 is short for h0.17 and c3 for c0.3.

    Raises `SettingError` if the model does not have it.
    """
    match = re.fullmatch(r"([a-z]*)(?:(\d+)\.)?(\d+)", typed)
    if match:
        unit = Unit(match[1] or "h", int(match[2] or 0), int(match[3]))
        if unit in units(config):
            return unit
    hint = f"choose one from h0.0 to {units(config)[-1]}"
    raise SettingError(f"unit {typed!r} is not a unit of this model", hint, "unit")
