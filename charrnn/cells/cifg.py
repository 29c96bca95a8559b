"""The LSTM with coupled input and forget gates (Greff et al., 2017, arXiv:1503.04069): what is
forgotten makes room for what is written, i = 1 - f, and a quarter of the arithmetic is saved.

    f, o = σ(W_i x + b_i + W_h h + b_h)     what to keep, what to show
    g = tanh(W_i x + b_i + W_h h + b_h)     the candidate
    c_t = f ⊙ c_{t-1} + (1 - f) ⊙ g
    h_t = o ⊙ tanh(c_t)

each gate with its own weights. Shapes: B streams, D inputs, H hidden, G = 3 H.
"""

from typing import Any

import numpy as np

from charrnn.cells import Array, CellSpec, Columns, FloatArray, Layer, LayerState, sigmoid


def step(layer: Layer, x_BD: Array, state: LayerState, xp: Any) -> LayerState:
    """Take one time step."""
    h_BH, c_BH = state
    H = h_BH.shape[-1]
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    sums = from_input + h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G  # f, o, g side by side
    f_o = sigmoid(sums[:, : 2 * H], xp)
    g = xp.tanh(sums[:, 2 * H :])
    f, o = f_o[:, :H], f_o[:, H:]
    c_BH = g + f * (c_BH - g)
    return (o * xp.tanh(c_BH), c_BH)


def advance(columns: Columns, from_input_GB: FloatArray) -> None:
    """Take one time step in place."""
    columns.compute_gates(from_input_GB)
    (h_HB, c_HB), (f_HB, o_HB, g_HB) = columns.state, columns.gates
    c_HB -= g_HB
    c_HB *= f_HB
    c_HB += g_HB
    np.tanh(c_HB, g_HB)
    np.multiply(o_HB, g_HB, h_HB)


CELL = CellSpec(
    gates=("f", "o", "g"),
    sigmoid_gates=("f", "o"),
    state=("h", "c"),
    step=step,
    forget_gate="f",
    advance=advance,
    torch_layer="charrnn.models.cifg_layer:CifgLayer",
    learning_rates={"soap": 1.2e-2, "adamw": 1.2e-2},
)
