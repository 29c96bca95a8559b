"""Models with random weights, in which a unit can be planted, and their units by the reference."""

import numpy as np
from conftest import random_weights, small_text

from charrnn.config import ModelConfig
from charrnn.data.vocab import Vocab, code_points
from charrnn.generation.model import Model
from charrnn.models.reference import Weights, initial_state, step

TEXT = small_text(1500)
VOCAB = Vocab(tuple(sorted(map(ord, set(TEXT)))))


def model_of(cell, *, records="none", changed=lambda arrays, config: None, **settings):
    config = ModelConfig(
        cell=cell, **{"hidden_size": 12, "num_layers": 2, "embedding_size": 5, **settings}
    )
    arrays, weights = random_weights(config, len(VOCAB))
    changed(arrays, config)
    return Model(config, VOCAB, Weights.from_arrays(config, arrays, weights.ngram_keys), records)


# Gates in torch's order: (bias, what a newline adds). Each cell creeps up from -1 and falls back.
CREEPING = {
    "rnn": [(0.05, -50)],
    "gru": [(0, 0), (4, -100), (5, -100)],
    "lstm": [(-4, 100), (8, -100), (5, -100), (5, 0)],
    "cifg": [(4, -100), (5, 0), (5, -100)],
}
PLANTED = 7


def plant(arrays, config):
    """Make unit 7 of the lowest layer rise with each character and fall with a newline."""
    newline = VOCAB.code_points.index(ord("\n"))
    arrays["embedding"][:, 0] = 0
    arrays["embedding"][newline, 0] = 1
    for gate, (bias, at_newline) in enumerate(CREEPING[config.cell]):
        row = gate * config.hidden_size + PLANTED
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            arrays[f"layers.0.{name}"][row] = 0
        arrays["layers.0.weight_ih"][row, 0] = at_newline
        arrays["layers.0.bias_ih"][row] = bias
    if config.cell == "rnn":
        arrays["layers.0.weight_hh"][PLANTED, PLANTED] = 1


def reference(model, text):
    """All units' activities (T, U) by reference.py, c as tanh(c)."""
    state = initial_state(model.config, 1)
    read = []
    for i in [model.start_id, *model.vocab.ids_of(code_points(text))]:
        _, state = step(model.config, model.weights, np.array([i]), state)
        layers = [(h, *map(np.tanh, c)) for h, *c in state.layers]
        read.append(np.concatenate([part[0] for layer in layers for part in layer]))
    return np.array(read[1:])
