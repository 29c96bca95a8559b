"""The recurrences, written out: one time step of the vanilla RNN, the GRU, the LSTM and the CIFG.

This page is the textbook, the test oracle for the torch half, and the sampler. Its functions take
numpy arrays, or torch tensors with `xp=torch`: the equations are the same. It knows nothing of
text, files or training.

                        ╭─────────────────────────────────────╮
    character and       │                                     ▼
    what ends with it ──┴► layer 0 ──► … ──► layer L-1 ──► head ──► logits of the next one
       embeddings           │  ▲              │  ▲
                            ╰──╯ state        ╰──╯ state, carried to the next step

Shapes: B streams, D inputs of a layer, H hidden, G = gates × H, V vocabulary, R embeddings, K
characters before the current one.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from charrnn.config import ModelConfig
from charrnn.models import ngrams

Array = Any  # a numpy array or a torch tensor
LayerState = tuple[Array, ...]  # (h_BH,), for an LSTM or a CIFG (h_BH, c_BH)


class State(NamedTuple):
    """What is carried from one step to the next."""

    layers: tuple[LayerState, ...]  # the lowest first
    before_KB: Array  # the last characters read, for the n-grams; ngrams.NOTHING where none was


class Layer(NamedTuple):
    """One recurrent layer's weights; the gates are stacked along G in torch's order."""

    weight_ih_GD: Array
    weight_hh_GH: Array
    bias_ih_G: Array
    bias_hh_G: Array


class Weights(NamedTuple):
    """All the network learned."""

    embedding_RD: Array
    layers: tuple[Layer, ...]
    head_VH: Array  # as wide as what the head reads
    head_bias_V: Array
    ngram_keys: tuple[Array, ...] = ()  # see ngrams.py

    def __repr__(self) -> str:
        size = f"{len(self.layers)}×{self.layers[0].weight_hh_GH.shape[1]}"
        return f"Weights({size}, {len(self.head_bias_V):,} characters)"

    @classmethod
    def from_arrays(
        cls, config: ModelConfig, arrays: Mapping[str, Array], ngram_keys: tuple[Array, ...] = ()
    ) -> "Weights":
        """Gather arrays named as in `ModelConfig.weight_shapes`."""
        parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        layers = tuple(
            Layer(*(arrays[f"layers.{k}.{part}"] for part in parts))
            for k in range(config.num_layers)
        )
        head = arrays["head.weight"], arrays["head.bias"]
        return cls(arrays["embedding"], layers, *head, ngram_keys)


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


def cifg_step(layer: Layer, x_BD: Array, state: LayerState, xp: Any = np) -> LayerState:
    """The LSTM with coupled input and forget gates (Greff et al., 2017, arXiv:1503.04069): what is
    forgotten makes room for what is written, i = 1 - f, and a quarter of the arithmetic is saved.

    f, o = σ(…) what to keep, what to show
    g = tanh(…) the candidate
    c_t = f ⊙ c_{t-1} + (1 - f) ⊙ g
    h_t = o ⊙ tanh(c_t)
    """
    h_BH, c_BH = state
    H = h_BH.shape[-1]
    from_input = x_BD @ layer.weight_ih_GD.T + layer.bias_ih_G
    sums = from_input + h_BH @ layer.weight_hh_GH.T + layer.bias_hh_G  # f, o, g side by side
    f_o = sigmoid(sums[:, : 2 * H], xp)
    g = xp.tanh(sums[:, 2 * H :])
    f, o = f_o[:, :H], f_o[:, H:]
    c_BH = g + f * (c_BH - g)
    return (o * xp.tanh(c_BH), c_BH)


STEPS: dict[str, Callable[..., LayerState]] = {
    "rnn": rnn_step,
    "gru": gru_step,
    "lstm": lstm_step,
    "cifg": cifg_step,
}


def num_state_arrays(cell: str) -> int:
    """How many (B, H) arrays a layer carries: h, and for an LSTM or a CIFG c as well."""
    return 2 if cell in ("lstm", "cifg") else 1


def initial_state(config: ModelConfig, batch_size: int) -> State:
    """All zeros, and no character before: nothing has been read yet."""
    zeros = np.zeros((batch_size, config.hidden_size), np.float32)
    layers = ((zeros,) * num_state_arrays(config.cell),) * config.num_layers
    return State(layers, np.full((config.ngrams - 1, batch_size), ngrams.NOTHING))


def step(
    config: ModelConfig, weights: Weights, ids_B: Array, state: State, xp: Any = np
) -> tuple[Array, State]:
    """Read one character on each of B streams: logits_BV for the next one, and the new state."""
    rows_BN = ngrams.rows(weights.ngram_keys, ids_B[None], state.before_KB, xp)[0]
    read_BD = x = weights.embedding_RD[rows_BN].reshape(len(ids_B), config.input_size)
    new_layers = []
    for layer, layer_state in zip(weights.layers, state.layers, strict=True):
        layer_state = STEPS[config.cell](layer, x, layer_state, xp)
        new_layers.append(layer_state)
        x = layer_state[0]
    if config.skip:
        x = xp.concatenate([x, read_BD], -1)
    before_KB = ngrams.after(ids_B[None], state.before_KB, xp)
    return x @ weights.head_VH.T + weights.head_bias_V, State(tuple(new_layers), before_KB)
