"""The encoder, written out: recurrent layers that read a source in one direction or in both.

Like reference.py, this page is the textbook; the torch half (encoder.py) and the fast one in numpy
(encoder_numpy.py) are tested against it. The functions take numpy arrays or, with `xp=torch`, torch
tensors.

    what each symbol is ──┬─► forwards  ──╮
                          │               ├─► side by side ─► the next layer, … ─► a vector for each
                          ╰─► backwards ──╯

Shapes: B examples, S source symbols (padded), D what a layer reads, H hidden in one direction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charrnn.cells import Array, Layer, LayerState, cell_spec
from charrnn.config import EncoderConfig

EncoderLayers = Sequence[Mapping[str, Layer]]  # by direction; the lowest layer first


def layers_from(config: EncoderConfig, arrays: Mapping[str, Array]) -> tuple[dict[str, Layer], ...]:
    """Gather arrays that are named as in `EncoderConfig.encoder_shapes`."""
    return tuple(
        {way: Layer.from_arrays(arrays, f"encoder.{k}.{way}") for way in config.directions}
        for k in range(config.encoder_layers)
    )


def read(
    config: EncoderConfig,
    encoder: EncoderLayers,
    x_SBD: Array,
    lengths_B: Array,
    xp: Any = np,
) -> list[dict[str, Array]]:
    """Return h_SBH after each symbol, by layer and direction.

    What follows a source within its column is padding, which changes nothing. Each source has at
    least one symbol.
    """
    is_source_SB = xp.arange(len(x_SBD))[:, None] < lengths_B[None]
    outputs = []
    for layers in encoder:
        ways = {
            way: _read_layer(config, layer, x_SBD, is_source_SB, xp, is_backward=way == "backwards")
            for way, layer in layers.items()
        }
        outputs.append(ways)
        x_SBD = xp.concatenate(list(ways.values()), -1)
    return outputs


def _read_layer(
    config: EncoderConfig,
    layer: Layer,
    x_SBD: Array,
    is_source_SB: Array,
    xp: Any,
    *,
    is_backward: bool,
) -> Array:
    """Return h after each symbol, (S, B, H), of one layer in one direction.

    The state stays as it is in the padding. So, backwards, it is still zero where a source ends.
    """
    cell = cell_spec(config.cell)
    zeros_BH = xp.zeros((x_SBD.shape[1], layer.weight_hh_GH.shape[1]), dtype=x_SBD.dtype)
    state: LayerState = (zeros_BH,) * len(cell.state)
    h_SBH = [zeros_BH] * len(x_SBD)
    for s in reversed(range(len(x_SBD))) if is_backward else range(len(x_SBD)):
        is_source_B1 = is_source_SB[s][:, None]
        new_state = cell.step(layer, x_SBD[s], state, xp)
        state = tuple(
            xp.where(is_source_B1, new, old) for new, old in zip(new_state, state, strict=True)
        )
        h_SBH[s] = state[0]
    return xp.stack(h_SBH)
