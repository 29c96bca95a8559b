"""The recurrent cells, one module each. To add a cell, add its module: no other place names it.

A module holds `CELL`, a `CellSpec`: the equations of one time step, and what training and sampling
have to know beside them. The module's name is the cell's name, on the command line and in
checkpoints. What a spec leaves out is derived from the equations: slower, but correct. Everything
that is tested for one cell is tested for all of them.

Shapes: B streams, D inputs of a layer, H hidden, G = gates × H.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:  # --help needs the names of the cells only, and does not wait for numpy
    import numpy as np
    import numpy.typing as npt

Array = Any  # a numpy array or a torch tensor
LayerState = tuple[Array, ...]  # (B, H) each, in the order of `CellSpec.state`
FloatArray: TypeAlias = "npt.NDArray[np.float32]"

CELLS = tuple(module.name for module in pkgutil.iter_modules(__path__))


class Layer(NamedTuple):
    """One recurrent layer's weights; the gates are blocks of H rows, in the order of the spec."""

    weight_ih_GD: Array
    weight_hh_GH: Array
    bias_ih_G: Array
    bias_hh_G: Array

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], name: str) -> "Layer":
        """Gather the arrays of the layer with that name, as checkpoints name them."""
        parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return cls(*(arrays[f"{name}.{part}"] for part in parts))


class Columns(Protocol):
    """A layer in the numpy sampler, which takes its steps in place; each stream is a column.

    The sigmoid gates come first and their weights are halved, so that one tanh serves all gates:
    σ(x) = ½ tanh(½ x) + ½.
    """

    state: list[FloatArray]  # (H, B) each
    weight_hh_GH: FloatArray
    bias_hh_G1: FloatArray  # zero, unless the cell has separate biases
    gates_GB: FloatArray  # room for the gates
    gates: list[FloatArray]  # its parts, (H, B) each, the sigmoid gates first
    sigmoid_GB: FloatArray  # its rows of sigmoid gates

    def compute_gates(self, from_input_GB: FloatArray) -> None:
        """Compute all gates of a cell in which they see only the sum of both products."""


Step = Callable[[Layer, Array, LayerState, Any], LayerState]
Advance = Callable[[Columns, FloatArray], None]


@dataclass(frozen=True)
class CellSpec:
    """All there is to know about a cell."""

    gates: tuple[str, ...]  # the blocks of H rows in each weight, in order
    step: Step  # the equations: (layer, x_BD, state, numpy or torch) → the next state
    learning_rates: Mapping[str, float]  # peak of each optimiser, for one layer of 256 units
    # the arrays that are carried from step to step; the layer above reads the first
    state: tuple[str, ...] = ("h",)
    sigmoid_gates: tuple[str, ...] = ()  # those of the gates that are sigmoids, in order
    forget_gate: str | None = None  # the gate whose bias begins at 1, so that the state is kept
    # Whether bias_hh is multiplied by a gate; if not, only the sum of the two biases matters.
    has_separate_biases: bool = False
    # The step in numpy, in place: (columns, products with the input). None: made from `step`.
    advance: Advance | None = None
    # A layer called like nn.LSTM, as "module:class". None: made from `step`.
    torch_layer: str | None = None


@cache
def cell_spec(cell: str) -> CellSpec:
    """Return the spec of one of the `CELLS`."""
    spec: CellSpec = import_module(f"charrnn.cells.{cell}").CELL
    return spec


def sigmoid(x: Array, xp: Any) -> Array:
    """Compute 1 / (1 + exp(-x)) by way of tanh, which cannot overflow."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5
