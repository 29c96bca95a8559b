"""The learning half of the encoder–decoder, in torch: sources and targets in, logits out.

The picture and the equations are in equations.py. Here all steps of a layer are one
fused call, for the whole target is known: the lowest layer of the decoder reads all of it, then all
its outputs attend to the memory at once, then the layers above read both. No Python loop goes over
time, but in cells that have no fused layer.

The encoder is a part that is passed in: `SourceEncoder` reads texts, `PictureEncoder`
(models.encoders.picture_encoder) pictures.

Shapes: B examples, S source and T target symbols (padded), D inputs of a layer, H hidden, M memory,
V target vocabulary.
"""

import math
import re
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from charrnn.cells import LayerState, cell_spec
from charrnn.config import DecoderConfig, EncoderDecoderConfig
from charrnn.models.encoders.encoder import Dropouts, Encoder, is_source
from charrnn.models.encoders.picture_encoder import PictureEncoder
from charrnn.models.layers import (
    EMBEDDING_STD,
    HEAD_STD,
    NamedWeights,
    initialise,
    recurrent_layer,
    run_layer,
)
from charrnn.models.tags import tag


class Memory(NamedTuple):
    """What the encoder hands over."""

    vectors_SBM: Tensor  # zero in the padding
    lengths_B: Tensor  # vectors of each source


class SourceEncoder(nn.Module):
    """The encoder of texts: embeddings of their symbols, and recurrent layers."""

    def __init__(self, config: EncoderDecoderConfig, source_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(source_size, config.embedding_size)
        self.layers = Encoder(config)

    @property
    def recurrent_layers(self) -> list[Any]:
        """All layers, the lowest first."""
        return self.layers.recurrent_layers

    @property
    def numbers_held(self) -> int:
        """Numbers in memory, about, for each symbol that is read."""
        return self.layers.config.memory_size

    def forward(
        self,
        ids_SB: Tensor,
        lengths_B: Tensor,
        dropouts: Dropouts,
        dtype: torch.dtype | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return a vector for each symbol, (S, B, M), and the lengths of the sources.

        Layers compute in `dtype`, if one is given.
        """
        x_SBD = dropouts.inputs(self.embedding(ids_SB))
        return self.layers(x_SBD.to(dtype or x_SBD.dtype), lengths_B, dropouts), lengths_B


class EncoderDecoder(NamedWeights):
    """Two networks, trained together.

    It draws the weights of embeddings and of recurrent layers, those of the encoder included.
    """

    def __init__(
        self,
        config: DecoderConfig,
        encoder: SourceEncoder | PictureEncoder,
        target_size: int,
        *,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder
        num_states = config.decoder_layers * len(cell_spec(config.cell).state)
        self.bridge = nn.Linear(config.memory_size, num_states * config.hidden_size)
        self.target_embedding = nn.Embedding(target_size, config.embedding_size)
        self.decoder = nn.ModuleList(
            recurrent_layer(config.cell, config.decoder_input_size(k), config.hidden_size)
            for k in range(config.decoder_layers)
        )
        self.attention = (
            nn.Linear(config.hidden_size, config.memory_size, bias=False)
            if config.has_attention
            else None
        )
        read_by_head = config.hidden_size + config.has_attention * config.memory_size
        self.head = nn.Linear(read_by_head, target_size)
        self._initialise(seed)

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        """Draw the weights: recurrent layers as in `layers.initialise`, and a head that starts
        undecided. Tag them for the optimiser.
        """
        generator = torch.Generator().manual_seed(seed)
        for part in self.modules():
            if isinstance(part, nn.Embedding):
                part.weight.normal_(0, EMBEDDING_STD, generator=generator)
        for layer in (*self.encoder.recurrent_layers, *self.decoder):
            initialise(layer, self.config.cell, generator)
        for linear in filter(None, (self.bridge, self.attention)):
            nn.init.xavier_uniform_(linear.weight, generator=generator)
            tag(linear.weight, "matrix")
        self.bridge.bias.zero_()
        self.head.weight.normal_(0, HEAD_STD, generator=generator)
        self.head.bias.zero_()

    def named_weights(self) -> dict[str, nn.Parameter]:
        """Return the parameters under the names of the configuration's `weight_shapes`."""
        names = {"encoder.embedding": "source_embedding", "encoder.layers.": "encoder."}
        return {
            re.sub("|".join(names), lambda match: names[match[0]], name): weight
            for name, weight in super().named_weights().items()
        }

    def encode(
        self,
        sources: Tensor,
        lengths_B: Tensor,
        dropouts: Dropouts,
        dtype: torch.dtype | None = None,
    ) -> tuple[Memory, tuple[LayerState, ...]]:
        """Return the memory and the decoder's first states. `sources` and their lengths are what
        the encoder reads.

        Layers compute in `dtype`, if one is given; so does a decoder that gets such a memory.
        """
        y_SBM, lengths_B = self.encoder(sources, lengths_B, dropouts, dtype)
        memory_SBM = y_SBM * is_source(len(y_SBM), lengths_B).unsqueeze(-1)
        pooled_BM = memory_SBM.sum(0) / lengths_B[:, None]
        if self.attention is None:
            pooled_BM = memory_SBM[0]
        first = torch.tanh(_linear(self.bridge, pooled_BM))
        parts = torch.split(first, self.config.hidden_size, -1)
        num_arrays = len(cell_spec(self.config.cell).state)
        states = [tuple(parts[k : k + num_arrays]) for k in range(0, len(parts), num_arrays)]
        return Memory(memory_SBM, lengths_B), tuple(states)

    def decode(
        self,
        memory: Memory,
        states: tuple[LayerState, ...],
        ids_TB: Tensor,
        dropouts: Dropouts,
    ) -> tuple[Tensor, tuple[LayerState, ...]]:
        """Return logits_TBV for the symbol after each of the target's, and the states after it."""
        x_TBD = dropouts.inputs(self.target_embedding(ids_TB)).to(memory.vectors_SBM.dtype)
        contexts: list[Tensor] = []
        new_states = []
        for k, layer in enumerate(self.decoder):
            if k == 1:
                x_TBD = torch.cat([x_TBD, *contexts], -1)
            y_TBH, state = run_layer(layer, x_TBD, states[k], dropouts.recurrent)
            new_states.append(state)
            x_TBD = dropouts.outputs(y_TBH)
            if k == 0 and self.attention is not None:
                contexts.append(self._context(x_TBD, memory))
        logits_TBV = _linear(self.head, torch.cat([x_TBD, *contexts], -1))
        return logits_TBV.to(self.head.weight.dtype), tuple(new_states)

    def _context(self, h_TBH: Tensor, memory: Memory) -> Tensor:
        """Attend to the memory; return context_TBM."""
        assert self.attention is not None
        query_BTM = _linear(self.attention, h_TBH).transpose(0, 1)
        memory_BSM = memory.vectors_SBM.transpose(0, 1)
        scores_BTS = query_BTM @ memory_BSM.transpose(1, 2) / math.sqrt(memory_BSM.shape[-1])
        is_padding_SB = ~is_source(memory_BSM.shape[1], memory.lengths_B)
        scores_BTS = scores_BTS.masked_fill(is_padding_SB.t()[:, None], -math.inf)
        context_BTM: Tensor = scores_BTS.softmax(-1) @ memory_BSM
        return context_BTM.transpose(0, 1)

    def forward(
        self,
        sources: Tensor,
        lengths_B: Tensor,
        targets_TB: Tensor,
        dropouts: Dropouts | None = None,
        dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return logits_TBV for the symbol after each of `targets_TB`, which begin with the
        boundary. What follows a source within its column, and its length, is padding.
        """
        dropouts = dropouts or Dropouts()
        memory, states = self.encode(sources, lengths_B, dropouts, dtype)
        logits_TBV, _ = self.decode(memory, states, targets_TB, dropouts)
        return logits_TBV


def _linear(linear: nn.Linear, x: Tensor) -> Tensor:
    """Apply a linear map in the dtype of x."""
    bias = None if linear.bias is None else linear.bias.to(x.dtype)
    return functional.linear(x, linear.weight.to(x.dtype), bias)
