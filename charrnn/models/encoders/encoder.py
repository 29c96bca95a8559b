"""The learning half of the encoder, in torch: all steps of a layer are one fused call.

The picture and the equations are in encoder_equations.py. Nothing is packed: to read backwards,
each source is turned round within its length, and its padding stays.

Shapes: B examples, S source symbols (padded), D what a layer reads, M memory: all directions.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from charrnn.cells import cell_spec
from charrnn.config import EncoderConfig
from charrnn.models.dropout import Draws
from charrnn.models.layers import Dropout, recurrent_layer, run_layer


class Dropouts(NamedTuple):
    """What is dropped while it trains; by default nothing."""

    inputs: Dropout = lambda x: x  # of embeddings
    outputs: Dropout = lambda x: x  # of layers
    recurrent: Dropout | None = None  # of recurrent matrices

    @classmethod
    def of(cls, draws: Draws, *, num_ngrams: int | None = None) -> "Dropouts":
        """Return the dropout of a step: a mask for each layer, held over time; of embeddings the
        same, or whole ones, if a symbol has those of `num_ngrams` n-grams.
        """
        outputs, recurrent = draws.lane_dropout(), draws.weight_dropout()
        if outputs is None:
            return cls(recurrent=recurrent)
        inputs = outputs if num_ngrams is None else draws.vector_dropout(num_ngrams)
        assert inputs is not None
        return cls(inputs, outputs, recurrent)


class Encoder(nn.ModuleList):
    """Layers that read a source, each in every direction of the configuration.

    Who makes it initialises and tags its layers: `recurrent_layers`.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(
            nn.ModuleDict(
                {
                    direction: recurrent_layer(
                        config.cell,
                        config.input_size if k == 0 else config.memory_size,
                        config.direction_size,
                    )
                    for direction in config.directions
                }
            )
            for k in range(config.encoder_layers)
        )
        self.config = config

    @property
    def recurrent_layers(self) -> list[Any]:
        """All layers, the lowest first."""
        return [layer for ways in self for layer in ways.values()]  # type: ignore[operator]

    def forward(self, x_SBD: Tensor, lengths_B: Tensor, dropouts: Dropouts) -> Tensor:
        """Return a vector for each symbol, (S, B, M); what comes in the padding means nothing.

        Layers compute in the dtype of what they read.
        """
        reversed_SB = _reversed_within(len(x_SBD), lengths_B)
        zeros_BH = x_SBD.new_zeros(x_SBD.shape[1], self.config.direction_size)
        start = (zeros_BH,) * len(cell_spec(self.config.cell).state)
        for ways in self:
            y_SBM = []
            for direction, layer in ways.items():  # type: ignore[operator]
                is_backward = direction == "backwards"
                read_SBD = _reorder(x_SBD, reversed_SB) if is_backward else x_SBD
                y_SBH, _ = run_layer(layer, read_SBD, start, dropouts.recurrent)
                y_SBM.append(_reorder(y_SBH, reversed_SB) if is_backward else y_SBH)
            x_SBD = dropouts.outputs(torch.cat(y_SBM, -1))
        return x_SBD


def is_source(num_symbols: int, lengths_B: Tensor) -> Tensor:
    """Return which places are not padding, (S, B)."""
    return _places(num_symbols, lengths_B) < lengths_B


def _places(num_symbols: int, lengths_B: Tensor) -> Tensor:
    """Return 0, 1, … along the first axis, (S, 1)."""
    return torch.arange(num_symbols, device=lengths_B.device)[:, None]


def _reversed_within(num_symbols: int, lengths_B: Tensor) -> Tensor:
    """Return, for each place, the place that has it when each source is turned round and its
    padding stays: (S, B). To turn round twice changes nothing.
    """
    places_S1 = _places(num_symbols, lengths_B)
    return torch.where(places_S1 < lengths_B, lengths_B - 1 - places_S1, places_S1)


def _reorder(x_SBD: Tensor, places_SB: Tensor) -> Tensor:
    return x_SBD.gather(0, places_SB[..., None].expand_as(x_SBD))
