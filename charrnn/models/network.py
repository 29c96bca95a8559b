"""The network in torch, for training: embeddings → recurrent layers → features → logits.

The layers run one at a time (`layers.recurrent_layer`), so that dropout between them can be our
own: a mask that follows from (seed, step), which no checkpoint needs to store.

Shapes: T time, B lanes, D inputs of a layer, H hidden, F features, V vocabulary, N lengths of
n-grams, K characters before the current one. Time comes first, as the fused kernels want it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from charrnn.cells import cell_spec
from charrnn.config import ModelConfig
from charrnn.models import ngrams
from charrnn.models.layers import (
    Dropout,
    NgramNetwork,
    recurrent_layer,
    run_layer,
)
from charrnn.models.reference import State


class Network(NgramNetwork):
    """A character model: ids in, logits of each next character out, with a state carried along."""

    def __init__(
        self,
        config: ModelConfig,
        vocab_size: int,
        ngram_keys: ngrams.Keys = (),
        *,
        seed: int = 0,
    ) -> None:
        """`ngram_keys` are those of `ngrams.learn`, one array for each length from 2."""
        super().__init__(ngram_keys, vocab_size, config.embedding_size)
        assert len(ngram_keys) == config.ngrams - 1
        self.config = config
        sizes = [config.input_size] + [config.hidden_size] * (config.num_layers - 1)
        self.layers = nn.ModuleList(
            recurrent_layer(config.cell, size, config.hidden_size) for size in sizes
        )
        num_features = config.hidden_size + config.skip * config.input_size
        self.head = nn.Linear(num_features, vocab_size)
        self.draw_weights(self.layers, config.cell, seed)

    def initial_state(self, batch_size: int) -> State:
        """Return the state before the first character: all zeros, and no character before."""
        shape = (batch_size, self.config.hidden_size)
        num_parts = len(cell_spec(self.config.cell).state)
        weight = self.head.weight
        layers = tuple(
            tuple(weight.new_zeros(shape) for _ in range(num_parts)) for _ in self.layers
        )
        before_KB = torch.full((self.config.ngrams - 1, batch_size), ngrams.NOTHING)
        return State(layers, before_KB.to(weight.device))

    def features(
        self,
        ids_TB: Tensor,
        state: State,
        dropout: Dropout | None = None,
        weight_dropout: Dropout | None = None,
        dtype: torch.dtype | None = None,
    ) -> tuple[Tensor, State]:
        """Return what the head reads, features_TBF, and the state after the window."""
        dropped = dropout or (lambda x: x)
        rows_TBN = ngrams.rows(self.ngram_keys, ids_TB, state.before_KB, torch)
        read_TBD = dropped(self.embedding(rows_TBN).flatten(2))
        read_TBD = x_TBD = read_TBD.to(dtype or read_TBD.dtype)
        new_layers = []
        for layer, layer_state in zip(self.layers, state.layers, strict=True):
            x_TBD, layer_state = run_layer(layer, x_TBD, layer_state, weight_dropout)
            new_layers.append(layer_state)
            x_TBD = dropped(x_TBD)
        if self.config.skip:
            x_TBD = torch.cat([x_TBD, read_TBD], -1)
        before_KB = ngrams.after(ids_TB, state.before_KB, torch)
        return x_TBD, State(tuple(new_layers), before_KB)

    def forward(
        self,
        ids_TB: Tensor,
        state: State,
        dropout: Dropout | None = None,
        weight_dropout: Dropout | None = None,
        dtype: torch.dtype | None = None,
    ) -> tuple[Tensor, State]:
        """Return logits_TBV for the character after each of ids_TB, and the state after them.

        `dropout` is applied to the embeddings and to each layer's output, `weight_dropout` to the
        recurrent matrices. Layers and head compute in `dtype`, if one is given; logits, state and
        gradients are returned in that of the weights.
        """
        features_TBF, state = self.features(ids_TB, state, dropout, weight_dropout, dtype)
        weight, bias = (part.to(features_TBF.dtype) for part in self.head.parameters())
        logits_TBV = functional.linear(features_TBF, weight, bias)
        return logits_TBV.to(self.head.weight.dtype), state
