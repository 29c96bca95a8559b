"""The network, written out: read one character, give the logits of the next one.

This page and the equations of the cells (`charrnn.cells`) are the textbook, what the fast sampler
and the torch half are tested against, and the sampler on a GPU. The functions take numpy arrays or,
with `xp=torch`, torch tensors: the equations are the same.

                        ╭─────────────────────────────────────╮
    character and       │                                     ▼
    what ends with it ──┴► layer 0 ──► … ──► layer L-1 ──► head ──► logits of the next one
       embeddings           │  ▲              │  ▲
                            ╰──╯ state        ╰──╯ state, carried to the next step

Shapes: B streams, D inputs of a layer, H hidden, V vocabulary, R embeddings, K characters before
the current one.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from charrnn.cells import Array, Layer, LayerState, cell_spec
from charrnn.config import ModelConfig
from charrnn.models import ngrams


class State(NamedTuple):
    """What is carried from one step to the next."""

    layers: tuple[LayerState, ...]  # the lowest first
    before_KB: Array  # the last characters read, for the n-grams; ngrams.NOTHING where none was


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
        """Gather arrays that are named as in `ModelConfig.weight_shapes`."""
        layers = tuple(Layer.from_arrays(arrays, f"layers.{k}") for k in range(config.num_layers))
        head = arrays["head.weight"], arrays["head.bias"]
        return cls(arrays["embedding"], layers, *head, ngram_keys)


def initial_state(config: ModelConfig, batch_size: int) -> State:
    """Return the state before the first character: all zeros, and no character before."""
    zeros = np.zeros((batch_size, config.hidden_size), np.float32)
    layers = ((zeros,) * len(cell_spec(config.cell).state),) * config.num_layers
    return State(layers, np.full((config.ngrams - 1, batch_size), ngrams.NOTHING))


def step(
    config: ModelConfig, weights: Weights, ids_B: Array, state: State, xp: Any = np
) -> tuple[Array, State]:
    """Read one character on each stream; return logits_BV for the next one, and the new state."""
    cell = cell_spec(config.cell)
    rows_BN = ngrams.rows(weights.ngram_keys, ids_B[None], state.before_KB, xp)[0]
    read_BD = x = weights.embedding_RD[rows_BN].reshape(len(ids_B), config.input_size)
    new_layers = []
    for layer, layer_state in zip(weights.layers, state.layers, strict=True):
        layer_state = cell.step(layer, x, layer_state, xp)
        new_layers.append(layer_state)
        x = layer_state[0]
    if config.skip:
        x = xp.concatenate([x, read_BD], -1)
    before_KB = ngrams.after(ids_B[None], state.before_KB, xp)
    return x @ weights.head_VH.T + weights.head_bias_V, State(tuple(new_layers), before_KB)
