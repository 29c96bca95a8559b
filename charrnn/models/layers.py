"""Recurrent layers in torch, called like `nn.LSTM`: the cell's own, or one made from its equations;
and what all networks have in common: weights that numpy can read.

Shapes: T time, B lanes, D inputs, H hidden, G = gates × H.
"""

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.func import functional_call

from charrnn.cells import CellSpec, Layer, LayerState, cell_spec
from charrnn.models import ngrams
from charrnn.models.device import to_numpy
from charrnn.models.tags import tag

Dropout = Callable[[Tensor], Tensor]
EMBEDDING_STD, HEAD_STD = 0.3, 0.02


class NamedWeights(nn.Module):
    """Base of networks whose weights have the names that their configuration declares."""

    def named_weights(self) -> dict[str, nn.Parameter]:
        """Return the parameters under the names of the configuration's `weight_shapes`."""
        return {
            name.removesuffix("_l0").replace("embedding.weight", "embedding"): parameter
            for name, parameter in self.named_parameters()
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return copies of the weights in numpy."""
        return {name: to_numpy(weight) for name, weight in self.named_weights().items()}

    @torch.no_grad()
    def load(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Copy `arrays` into the weights.

        An array with fewer rows than its weight fills the first ones: a vocabulary that grew
        keeps its old ids.
        """
        for name, weight in self.named_weights().items():
            values = torch.from_numpy(np.array(arrays[name]))
            weight[: len(values)].copy_(values)


class NgramNetwork(NamedWeights):
    """Base of networks that read symbols with their n-grams, and decide by a head."""

    head: nn.Linear

    def __init__(self, ngram_keys: ngrams.Keys, num_symbols: int, embedding_size: int) -> None:
        """`ngram_keys` are those of `ngrams.learn`, one array for each length from 2."""
        super().__init__()
        for k, keys in enumerate(ngram_keys):
            self.register_buffer(f"ngram_keys_{k}", torch.from_numpy(keys), persistent=False)
        num_rows = ngrams.num_rows(ngram_keys) + num_symbols
        self.embedding = nn.Embedding(num_rows, embedding_size, sparse=True)

    @property
    def ngram_keys(self) -> tuple[Tensor, ...]:
        """The keys of the n-grams, on the network's device."""
        return tuple(self.buffers())

    @torch.no_grad()
    def draw_weights(self, layers: Iterable[Any], cell: str, seed: int) -> None:
        """Draw the weights: recurrent layers as `initialise` does, and a head that is undecided.
        Tag them for the optimiser.
        """
        generator = torch.Generator().manual_seed(seed)
        self.embedding.weight.normal_(0, EMBEDDING_STD, generator=generator)
        tag(self.embedding.weight, "table")
        for layer in layers:
            initialise(layer, cell, generator)
        self.head.weight.normal_(0, HEAD_STD, generator=generator)
        self.head.bias.zero_()


def recurrent_layer(cell: str, input_size: int, hidden_size: int) -> nn.Module:
    """Make one layer of a cell."""
    spec = cell_spec(cell)
    if spec.torch_layer is None:
        return WrittenOut(spec, input_size, hidden_size)
    layer: nn.Module = pkgutil.resolve_name(spec.torch_layer)(input_size, hidden_size)
    return layer


def initialise(layer: Any, cell: str, generator: torch.Generator) -> None:
    """Draw a layer's weights: orthogonal recurrences, and a forget gate that starts open. Tag its
    matrices for the optimiser.

    Orthogonal blocks keep gradients' length on their way back in time (Saxe et al., 2014,
    arXiv:1312.6120); the forget bias of 1 is from Jozefowicz et al., 2015.
    """
    spec, hidden_size = cell_spec(cell), layer.weight_hh_l0.shape[1]
    nn.init.xavier_uniform_(layer.weight_ih_l0, generator=generator)
    for gate_HH in layer.weight_hh_l0.split(hidden_size):
        nn.init.orthogonal_(gate_HH, generator=generator)
    layer.bias_ih_l0.zero_()
    layer.bias_hh_l0.zero_()
    if spec.forget_gate is not None:
        layer.bias_ih_l0.split(hidden_size)[spec.gates.index(spec.forget_gate)].fill_(1.0)
    tag(layer.weight_ih_l0, "matrix")
    tag(layer.weight_hh_l0, "matrix")


def run_layer(
    layer: Any, x_TBD: Tensor, state: LayerState, weight_dropout: Dropout | None
) -> tuple[Tensor, LayerState]:
    """Run one layer over a window, in the dtype of x_TBD.

    torch's layers take states of shape (1, B, H), and a tuple only if there are several.
    """
    initial = tuple(part_BH.unsqueeze(0).to(x_TBD.dtype) for part_BH in state)
    arguments = (x_TBD, initial if len(initial) > 1 else initial[0])
    others = {}  # weights that take the place of the layer's own
    if weight_dropout is not None:
        others["weight_hh_l0"] = weight_dropout(layer.weight_hh_l0)
    if x_TBD.dtype != layer.weight_hh_l0.dtype:
        others = {
            name: others.get(name, weight).to(x_TBD.dtype)
            for name, weight in layer.named_parameters()
        }
    x_TBH, final = functional_call(layer, others, arguments) if others else layer(*arguments)
    parts = final if isinstance(final, tuple) else (final,)
    return x_TBH, tuple(part.squeeze(0).to(state[0].dtype) for part in parts)


class WrittenOut(nn.Module):
    """A layer that takes the steps of a cell one by one. Autograd makes the gradient."""

    def __init__(self, spec: CellSpec, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self._step = spec.step
        num_rows = len(spec.gates) * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(num_rows, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(num_rows, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(num_rows))
        self.bias_hh_l0 = nn.Parameter(torch.empty(num_rows))

    def forward(self, x_TBD: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return y_TBH, and the state after it. A state is an array (1, B, H), or a tuple of them
        where the cell has several.
        """
        is_one = isinstance(state, Tensor)
        parts = tuple(part.squeeze(0) for part in ([state] if is_one else state))
        layer = Layer(self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        y_TBH = []
        for x_BD in x_TBD.unbind():
            parts = self._step(layer, x_BD, parts, torch)
            y_TBH.append(parts[0])
        final = tuple(part.unsqueeze(0) for part in parts)
        return torch.stack(y_TBH), final[0] if is_one else final
