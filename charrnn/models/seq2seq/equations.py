"""The encoder–decoder, written out: read a source, then give the logits of each target symbol.

Like reference.py, this page is the textbook, and what the torch half and the fast steps of the
translator (encoder_decoder_numpy.py) are tested against. The functions take numpy arrays or, with
`xp=torch`, torch tensors.

    source ─► encoder, both ways ─► memory ──────────────╮ attention    context
                                      │ mean             ▼                 │
                                      ╰► bridge ─► first states    ╭───────┴──────╮
                                                      │            ▼              ▼
    target so far ──────────────────► decoder layer 0 ┴──► decoder layers 1, … ─► head ─► logits

The source is a text here. The encoder of pictures is in encoders/picture_encoder_numpy.py; from the
memory on all is the same (`hand_over`).

Without attention there is no context. The encoder then reads the source once, from its end to its
beginning (Sutskever et al., 2014, arXiv:1409.3215), and its last state is all that is handed over.

Shapes: B examples, S source symbols (padded), E embedding, M memory, H hidden, V target vocabulary.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from charrnn.cells import Array, Layer, LayerState, cell_spec
from charrnn.config import DecoderConfig, EncoderDecoderConfig
from charrnn.models.encoders import encoder_equations

BOUNDARY = 0  # the id, in every target vocabulary, of what begins and ends a target
_NEVER = -1e9  # the score of padding


class SourceWeights(NamedTuple):
    """What an encoder of texts learned."""

    embedding_RE: Array
    layers: encoder_equations.EncoderLayers

    @classmethod
    def from_arrays(
        cls, config: EncoderDecoderConfig, arrays: Mapping[str, Array]
    ) -> "SourceWeights":
        """Gather arrays that are named as in `EncoderDecoderConfig.weight_shapes`."""
        layers = encoder_equations.layers_from(config, arrays)
        return cls(arrays["source_embedding"], layers)


class Weights(NamedTuple):
    """All that encoder and decoder learned."""

    encoder: Any  # `SourceWeights`, or `PictureWeights`
    bridge_weight: Array
    bridge_bias: Array
    target_embedding_VE: Array
    decoder: tuple[Layer, ...]
    attention_MH: Array | None
    head_weight: Array
    head_bias_V: Array

    @classmethod
    def from_arrays(
        cls, config: DecoderConfig, arrays: Mapping[str, Array], encoder: Any = SourceWeights
    ) -> "Weights":
        """Gather arrays that are named as in the configuration's `weight_shapes`. `encoder` is the
        type of what the encoder learned.
        """
        return cls(
            encoder.from_arrays(config, arrays),
            arrays["bridge.weight"],
            arrays["bridge.bias"],
            arrays["target_embedding"],
            tuple(Layer.from_arrays(arrays, f"decoder.{k}") for k in range(config.decoder_layers)),
            arrays.get("attention.weight"),
            arrays["head.weight"],
            arrays["head.bias"],
        )


class Memory(NamedTuple):
    """What the encoder hands over."""

    vectors_SBM: Array  # one for each source symbol; zero in the padding
    is_source_SB: Array  # False in the padding


def encode(
    config: EncoderDecoderConfig,
    weights: Weights,
    ids_SB: Array,
    lengths_B: Array,
    xp: Any = np,
) -> tuple[Memory, tuple[LayerState, ...]]:
    """Read sources; return the memory and the decoder's first states.

    What follows a source within its column is padding, which changes nothing. Each source has at
    least one symbol.
    """
    x_SBD = xp.concatenate(list(read(config, weights, ids_SB, lengths_B, xp)[-1].values()), -1)
    return hand_over(config, weights, x_SBD, lengths_B, xp)


def hand_over(
    config: DecoderConfig, weights: Weights, x_SBM: Array, lengths_B: Array, xp: Any = np
) -> tuple[Memory, tuple[LayerState, ...]]:
    """Return the memory and the decoder's first states, by what an encoder gives for each symbol of
    texts, or for each cell of pictures.
    """
    is_source_SB = xp.arange(len(x_SBM))[:, None] < lengths_B[None]
    vectors_SBM = x_SBM * is_source_SB[..., None]
    pooled_BM = vectors_SBM.sum(0) / lengths_B[:, None]
    if not config.has_attention:
        pooled_BM = vectors_SBM[0]  # read last
    first = xp.tanh(pooled_BM @ weights.bridge_weight.T + weights.bridge_bias)
    return Memory(vectors_SBM, is_source_SB), _split(config, first)


def read(
    config: EncoderDecoderConfig,
    weights: Weights,
    ids_SB: Array,
    lengths_B: Array,
    xp: Any = np,
) -> list[dict[str, Array]]:
    """Return h_SBH after each symbol of some sources, by layer and direction."""
    x_SBD = weights.encoder.embedding_RE[ids_SB]
    return encoder_equations.read(config, weights.encoder.layers, x_SBD, lengths_B, xp)


def _split(config: DecoderConfig, first: Array) -> tuple[LayerState, ...]:
    """Cut what the bridge gives, (B, layers × arrays × H), into states."""
    H, num_arrays = config.hidden_size, len(cell_spec(config.cell).state)
    parts = [first[:, start : start + H] for start in range(0, first.shape[1], H)]
    return tuple(tuple(parts[k : k + num_arrays]) for k in range(0, len(parts), num_arrays))


def attend(weights: Weights, h_BH: Array, memory: Memory, xp: Any = np) -> tuple[Array, Array]:
    """Scaled dot-product attention (Luong et al., 2015, arXiv:1508.04025; the scale is that of
    Vaswani et al., 2017, arXiv:1706.03762).

    score_s = (W h) · m_s / √M,    α = softmax of the scores,    context = Σ α_s m_s

    Return context_BM and the alignment α_BS.
    """
    assert weights.attention_MH is not None
    query_BM = h_BH @ weights.attention_MH.T / math.sqrt(memory.vectors_SBM.shape[-1])
    scores_SB = (memory.vectors_SBM * query_BM[None]).sum(-1)
    scores_SB = xp.where(memory.is_source_SB, scores_SB, scores_SB * 0 + _NEVER)
    exponentials_SB = xp.exp(scores_SB - xp.amax(scores_SB, 0)[None])
    alignment_SB = exponentials_SB / exponentials_SB.sum(0)[None]
    return (alignment_SB[..., None] * memory.vectors_SBM).sum(0), alignment_SB.T


def step(
    config: DecoderConfig,
    weights: Weights,
    memory: Memory,
    ids_B: Array,
    state: Sequence[LayerState],
    xp: Any = np,
) -> tuple[Array, tuple[LayerState, ...], Array | None]:
    """Read one target symbol of each example, first the boundary.

    Return logits_BV for the next one, the new states, and the alignment_BS where there is
    attention.
    """
    cell = cell_spec(config.cell)
    x, context, alignment = weights.target_embedding_VE[ids_B], None, None
    new_state = []
    for k, layer in enumerate(weights.decoder):
        if k == 1 and context is not None:
            x = xp.concatenate([x, context], -1)
        new_state.append(cell.step(layer, x, state[k], xp))
        x = new_state[-1][0]
        if k == 0 and weights.attention_MH is not None:
            context, alignment = attend(weights, x, memory, xp)
    if context is not None:
        x = xp.concatenate([x, context], -1)
    return x @ weights.head_weight.T + weights.head_bias_V, tuple(new_state), alignment
