"""The recurrences, written out: one time step of the vanilla RNN, the GRU and the LSTM.

This page is the textbook, the test oracle for the torch half, and the sampler. Its functions take
numpy arrays, or torch tensors with `xp=torch`: the equations are the same. It knows nothing of
text, files or training.

    character ──► embedding ──► layer 0 ──► … ──► layer L-1 ──► head ──► logits of the next one
                                 │  ▲              │  ▲
                                 ╰──╯ state        ╰──╯ state, carried to the next step

Shapes: B streams, D inputs of a layer, H hidden, G = gates × H, V vocabulary.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from charrnn.config import ModelConfig

Array = Any  # a numpy array or a torch tensor
LayerState = tuple[Array, ...]  # (h_BH,), for an LSTM (h_BH, c_BH)
State = tuple[LayerState, ...]  # one for each layer, the lowest first


class Layer(NamedTuple):
    """One recurrent layer's weights; the gates are stacked along G in torch's order."""

    weight_ih_GD: Array
    weight_hh_GH: Array
    bias_ih_G: Array
    bias_hh_G: Array


class Weights(NamedTuple):
    """All the network learned."""

    embedding_VD: Array
    layers: tuple[Layer, ...]
    head_VH: Array
    head_bias_V: Array

    @classmethod
    def from_arrays(cls, config: ModelConfig, arrays: Mapping[str, Array]) -> "Weights":
        """Gather arrays named as in `ModelConfig.weight_shapes`."""
        parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        layers = tuple(
            Layer(*(arrays[f"layers.{k}.{part}"] for part in parts))
            for k in range(config.num_layers)
        )
        return cls(arrays["embedding"], layers, arrays["head.weight"], arrays["head.bias"])


def sigmoid(x: Array, xp: Any) -> Array:
    """1 / (1 + exp(-x)), by way of tanh, which cannot overflow."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def rnn_step(layer: Layer, x_BD: Array, state: LayerState, xp: Any = np) -> LayerState:
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh): the simple recurrent network (Elman,
    1990).
    """
    (h_BH,) = state
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    from_state = h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G
    return (xp.tanh(from_input + from_state),)


def gru_step(layer: Layer, x_BD: Array, state: LayerState, xp: Any = np) -> LayerState:
    """The gated recurrent unit (Cho et al., 2014, arXiv:1406.1078), reset applied after W_hh as
    in cuDNN.

    r = σ(…) how much of the past the candidate sees
    z = σ(…) how much of the past stays
    n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn)) the candidate
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}
    """
    (h_BH,) = state
    H = h_BH.shape[-1]
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    from_state = h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G
    gates = sigmoid(from_input[:, : 2 * H] + from_state[:, : 2 * H], xp)
    r, z = gates[:, :H], gates[:, H:]
    n = xp.tanh(from_input[:, 2 * H :] + r * from_state[:, 2 * H :])
    return ((1 - z) * n + z * h_BH,)


def lstm_step(layer: Layer, x_BD: Array, state: LayerState, xp: Any = np) -> LayerState:
    """Long short-term memory (Hochreiter & Schmidhuber, 1997) with a forget gate (Gers et al.,
    2000).

    i, f, o = σ(…) what to write, what to keep, what to show
    g = tanh(…) the candidate
    c_t = f ⊙ c_{t-1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)
    """
    h_BH, c_BH = state
    H = h_BH.shape[-1]
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    sums = from_input + h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G  # i, f, g, o side by side
    i_f = sigmoid(sums[:, : 2 * H], xp)
    g = xp.tanh(sums[:, 2 * H : 3 * H])
    o = sigmoid(sums[:, 3 * H :], xp)
    c_BH = i_f[:, H:] * c_BH + i_f[:, :H] * g
    return (o * xp.tanh(c_BH), c_BH)


STEPS: dict[str, Callable[..., LayerState]] = {
    "rnn": rnn_step,
    "gru": gru_step,
    "lstm": lstm_step,
}


def num_state_arrays(cell: str) -> int:
    """How many (B, H) arrays a layer carries: h, and for an LSTM c as well."""
    return 2 if cell == "lstm" else 1


def initial_state(config: ModelConfig, batch_size: int) -> State:
    """All zeros: nothing has been read yet."""
    zeros = np.zeros((batch_size, config.hidden_size), np.float32)
    return ((zeros,) * num_state_arrays(config.cell),) * config.num_layers


def step(
    config: ModelConfig, weights: Weights, ids_B: Array, state: State, xp: Any = np
) -> tuple[Array, State]:
    """Read one character on each of B streams: logits_BV for the next one, and the new state."""
    x = weights.embedding_VD[ids_B]
    new_state = []
    for layer, layer_state in zip(weights.layers, state, strict=True):
        layer_state = STEPS[config.cell](layer, x, layer_state, xp)
        new_state.append(layer_state)
        x = layer_state[0]
    return x @ weights.head_VH.T + weights.head_bias_V, tuple(new_state)
