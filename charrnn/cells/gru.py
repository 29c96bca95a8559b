"""The gated recurrent unit (Cho et al., 2014, arXiv:1406.1078), with the reset applied after W_hn
as in cuDNN.

    r = σ(W_ir x + b_ir + W_hr h + b_hr)              how much of the past the candidate sees
    z = σ(W_iz x + b_iz + W_hz h + b_hz)              how much of the past stays
    n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))     the candidate
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}

Shapes: B streams, D inputs, H hidden, G = 3 H.
"""

from typing import Any

import numpy as np

from charrnn.cells import Array, CellSpec, Columns, FloatArray, Layer, LayerState, sigmoid

_HALF = np.float32(0.5)


def step(layer: Layer, x_BD: Array, state: LayerState, xp: Any) -> LayerState:
    """Take one time step."""
    (h_BH,) = state
    H = h_BH.shape[-1]
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    from_state = h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G
    gates = sigmoid(from_input[:, : 2 * H] + from_state[:, : 2 * H], xp)
    r, z = gates[:, :H], gates[:, H:]
    n = xp.tanh(from_input[:, 2 * H :] + r * from_state[:, 2 * H :])
    return ((1 - z) * n + z * h_BH,)


def advance(columns: Columns, from_input_GB: FloatArray) -> None:
    """Take one time step in place."""
    (h_HB,), (r_HB, z_HB, n_HB) = columns.state, columns.gates
    gates = columns.sigmoid_GB
    np.dot(columns.weight_hh_GH, h_HB, columns.gates_GB)
    columns.gates_GB += columns.bias_hh_G1
    gates += from_input_GB[: len(gates)]
    np.tanh(gates, gates)
    gates *= _HALF
    gates += _HALF
    n_HB *= r_HB
    n_HB += from_input_GB[len(gates) :]
    np.tanh(n_HB, n_HB)
    h_HB -= n_HB
    h_HB *= z_HB
    h_HB += n_HB


CELL = CellSpec(
    gates=("r", "z", "n"),
    sigmoid_gates=("r", "z"),
    step=step,
    has_separate_biases=True,
    advance=advance,
    torch_layer="torch.nn:GRU",
    learning_rates={"soap": 1.2e-2, "adamw": 8e-3},
)
