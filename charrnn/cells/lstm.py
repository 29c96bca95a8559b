"""Long short-term memory (Hochreiter & Schmidhuber, 1997) with a forget gate (Gers et al., 2000).

    i, f, o = σ(W_i x + b_i + W_h h + b_h)     what to write, what to keep, what to show
    g = tanh(W_i x + b_i + W_h h + b_h)        the candidate
    c_t = f ⊙ c_{t-1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)

each gate with its own weights. Shapes: B streams, D inputs, H hidden, G = 4 H.
"""

from typing import Any

import numpy as np

from charrnn.cells import Array, CellSpec, Columns, FloatArray, Layer, LayerState, sigmoid


def step(layer: Layer, x_BD: Array, state: LayerState, xp: Any) -> LayerState:
    """Take one time step."""
    h_BH, c_BH = state
    H = h_BH.shape[-1]
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    sums = from_input + h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G  # i, f, g, o side by side
    i_f = sigmoid(sums[:, : 2 * H], xp)
    g = xp.tanh(sums[:, 2 * H : 3 * H])
    o = sigmoid(sums[:, 3 * H :], xp)
    c_BH = i_f[:, H:] * c_BH + i_f[:, :H] * g
    return (o * xp.tanh(c_BH), c_BH)


def advance(columns: Columns, from_input_GB: FloatArray) -> None:
    """Take one time step in place."""
    columns.compute_gates(from_input_GB)
    (h_HB, c_HB), (i_HB, f_HB, o_HB, g_HB) = columns.state, columns.gates
    c_HB *= f_HB
    g_HB *= i_HB
    c_HB += g_HB
    np.tanh(c_HB, g_HB)
    np.multiply(o_HB, g_HB, h_HB)


CELL = CellSpec(
    gates=("i", "f", "g", "o"),
    sigmoid_gates=("i", "f", "o"),
    state=("h", "c"),
    step=step,
    forget_gate="f",
    advance=advance,
    torch_layer="torch.nn:LSTM",
    learning_rates={"soap": 1.2e-2, "adamw": 1.2e-2},
)
