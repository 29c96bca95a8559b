"""The simple recurrent network (Elman, 1990).

    h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

Shapes: B streams, D inputs, H hidden, G = H.
"""

from typing import Any

import numpy as np

from charrnn.cells import Array, CellSpec, Columns, FloatArray, Layer, LayerState


def step(layer: Layer, x_BD: Array, state: LayerState, xp: Any) -> LayerState:
    """Take one time step."""
    (h_BH,) = state
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    from_state = h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G
    return (xp.tanh(from_input + from_state),)


def advance(columns: Columns, from_input_GB: FloatArray) -> None:
    """Take one time step in place."""
    (h_HB,) = columns.state
    np.dot(columns.weight_hh_GH, h_HB, columns.gates_GB)
    columns.gates_GB += from_input_GB
    np.tanh(columns.gates_GB, h_HB)


CELL = CellSpec(
    gates=("h",),
    step=step,
    advance=advance,
    torch_layer="torch.nn:RNN",
    learning_rates={"soap": 6e-3, "adamw": 6e-3},
)
