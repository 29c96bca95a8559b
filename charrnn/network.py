"""The learning half: embedding → recurrent layers → features, then features → logits, in torch.

The layers are torch's fused `nn.LSTM`, `nn.GRU` and `nn.RNN`, one at a time, so that dropout
between them can be our own: a mask that follows from (seed, step), which no checkpoint needs to
store.

Shapes: T time, B lanes, D embedding, H hidden, V vocabulary. Time comes first, as the fused kernels
want it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from charrnn.config import ModelConfig
from charrnn.recurrence import num_state_arrays

LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

LayerState = tuple[Tensor, ...]  # (h_BH,), for an LSTM (h_BH, c_BH)
State = tuple[LayerState, ...]  # one for each layer, the lowest first
Dropout = Callable[[Tensor], Tensor]


class Network(nn.Module):
    """A character model: ids in, logits of each next character out, with a state carried along."""

    def __init__(self, config: ModelConfig, vocab_size: int, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocab_size, config.embedding_size)
        sizes = [config.embedding_size] + [config.hidden_size] * (config.num_layers - 1)
        self.layers = nn.ModuleList(LAYERS[config.cell](size, config.hidden_size) for size in sizes)
        self.head = nn.Linear(config.hidden_size, vocab_size)
        self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        """Orthogonal recurrences, a forget gate that starts open, a head that starts undecided.

        Orthogonal blocks keep gradients' length on their way back in time (Saxe et al., 2014,
        arXiv:1312.6120); the forget bias of 1 is from Jozefowicz et al., 2015.
        """
        generator = torch.Generator().manual_seed(seed)
        hidden = self.config.hidden_size
        self.embedding.weight.normal_(0, 0.3, generator=generator)
        for layer in self._recurrent_layers():
            nn.init.xavier_uniform_(layer.weight_ih_l0, generator=generator)
            for gate_HH in layer.weight_hh_l0.split(hidden):
                nn.init.orthogonal_(gate_HH, generator=generator)
            layer.bias_ih_l0.zero_()
            layer.bias_hh_l0.zero_()
            if self.config.cell == "lstm":
                layer.bias_ih_l0[hidden : 2 * hidden] = 1.0
        self.head.weight.normal_(0, 0.02, generator=generator)
        self.head.bias.zero_()

    def _recurrent_layers(self) -> list[Any]:
        return list(self.layers)

    def initial_state(self, batch_size: int) -> State:
        """All zeros: nothing has been read yet."""
        shape = (batch_size, self.config.hidden_size)
        num_parts = num_state_arrays(self.config.cell)
        return tuple(
            tuple(self.head.weight.new_zeros(shape) for _ in range(num_parts)) for _ in self.layers
        )

    def features(
        self, ids_TB: Tensor, state: State, dropout: Dropout | None = None
    ) -> tuple[Tensor, State]:
        """What the recurrence made of the text: features_TBH, and the state after it."""
        x_TBD = self.embedding(ids_TB)
        new_state = []
        for layer, layer_state in zip(self._recurrent_layers(), state, strict=True):
            x_TBD, layer_state = _run(layer, x_TBD, layer_state)
            new_state.append(layer_state)
            if dropout is not None:
                x_TBD = dropout(x_TBD)
        return x_TBD, tuple(new_state)

    def forward(
        self, ids_TB: Tensor, state: State, dropout: Dropout | None = None
    ) -> tuple[Tensor, State]:
        """logits_TBV for the character after each of ids_TB, and the state after them."""
        features_TBH, state = self.features(ids_TB, state, dropout)
        return self.head(features_TBH), state

    def named_weights(self) -> dict[str, nn.Parameter]:
        """The parameters under the names of `ModelConfig.weight_shapes`."""
        return {
            name.removesuffix("_l0").replace("embedding.weight", "embedding"): parameter
            for name, parameter in self.named_parameters()
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """A copy of the weights as numpy arrays, for a checkpoint or for the numpy half."""
        return {name: to_numpy(weight) for name, weight in self.named_weights().items()}

    @torch.no_grad()
    def load(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over weights from `arrays`.

        An array with fewer rows than its weight fills the first ones: a vocabulary that grew
        keeps its old ids.
        """
        for name, weight in self.named_weights().items():
            values = torch.from_numpy(np.array(arrays[name]))
            weight[: len(values)].copy_(values)


def _run(layer: Any, x_TBD: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """One fused layer over a window; torch wants (1, B, H) states, a pair only for the LSTM."""
    initial = tuple(part_BH.unsqueeze(0) for part_BH in state)
    if len(initial) == 1:
        x_TBH, h = layer(x_TBD, initial[0])
        return x_TBH, (h.squeeze(0),)
    x_TBH, (h, c) = layer(x_TBD, initial)
    return x_TBH, (h.squeeze(0), c.squeeze(0))


def to_numpy(tensor: Tensor) -> npt.NDArray[Any]:
    """A copy in numpy, wherever the tensor lives."""
    return tensor.detach().cpu().numpy().copy()
