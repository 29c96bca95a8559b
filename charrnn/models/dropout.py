"""Random draws of a training step: dropout masks and state resets. Each follows from (seed, step),
so no checkpoint stores them and a resumed run makes the same ones.

Shapes: T time, B lanes, N vectors side by side, D features of a layer, K characters before, H
hidden.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from charrnn.config import CPU, RuntimeConfig, TrainConfig
from charrnn.data.batches import ALL
from charrnn.models import ngrams
from charrnn.models.device import to_device
from charrnn.models.layers import Dropout
from charrnn.models.reference import State

# What products are computed in, if not in the dtype of the weights; tf32 is a setting of torch.
_DTYPES = {"float32": None, "tf32": None, "bf16": torch.bfloat16}
# purposes: their draws are independent
_RESET, _DROPOUT, _WEIGHT_DROPOUT, _VECTOR_DROPOUT = 0, 1, 2, 3


@dataclass(frozen=True)
class Draws:
    """The random draws of one step. `share` says which of all lanes are in this process."""

    config: TrainConfig
    step: int
    share: slice = field(default_factory=lambda: ALL)
    runtime: RuntimeConfig = CPU

    @property
    def dtype(self) -> torch.dtype | None:
        """The dtype of products; None for that of the weights."""
        return _DTYPES[self.runtime.precision]

    def lane_dropout(self) -> Dropout | None:
        """Dropout (Srivastava et al., 2014) for values in time, (T, B, …); None where it is 0.

        A mask is held over the window, as Gal & Ghahramani propose (2016, arXiv:1512.05287). It is
        drawn for all lanes, so that a lane's mask does not depend on which process has the lane.
        """
        config, share = self.config, self.share
        if not config.dropout:
            return None
        draw = self._masks(config.dropout, _DROPOUT)
        return lambda x_TBD: x_TBD * draw(x_TBD, config.batch_size)[share]

    def vector_dropout(self, num_vectors: int) -> Dropout | None:
        """Dropout of whole vectors, of which N lie side by side in each (T, B, N·D), such as those
        of n-grams; each is drawn anew at each time. None where it is 0.

        Iyyer et al. (2015, https://aclanthology.org/P15-1162) drop words like this. Drawn for all
        lanes, and later times after earlier ones, as a share of them may be padded to a shorter
        time.
        """
        config, share = self.config, self.share
        if not config.dropout:
            return None
        generator, keep = self._generator(_VECTOR_DROPOUT), 1 - config.dropout

        def drop(x_TBD: Tensor) -> Tensor:
            mask_TBN1 = x_TBD.new_empty(len(x_TBD), config.batch_size, num_vectors, 1)
            mask_TBN1.bernoulli_(keep, generator=generator).div_(keep)
            vectors_TBND = x_TBD.view(*x_TBD.shape[:-1], num_vectors, -1)
            return (vectors_TBND * mask_TBN1[:, share]).flatten(2)

        return drop

    def weight_dropout(self) -> Dropout | None:
        """Dropout for a matrix, where each number has its own (Merity et al., 2018,
        arXiv:1708.02182); None where it is 0.
        """
        if not self.config.weight_dropout:
            return None
        draw = self._masks(self.config.weight_dropout, _WEIGHT_DROPOUT)
        return lambda matrix: matrix * draw(matrix, len(matrix))

    def resets_B(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which lanes of this process start from a zero state, with the chance `state_reset`."""
        draws_B = self._random(_RESET).random(self.config.batch_size)
        return draws_B[self.share] < self.config.state_reset

    def _masks(self, probability: float, purpose: int) -> Callable[[Tensor, int], Tensor]:
        """Return a function that draws a mask of so many rows, as wide as a tensor."""
        generator, keep = self._generator(purpose), 1 - probability

        def draw(x: Tensor, num_rows: int) -> Tensor:
            mask = x.new_empty(num_rows, x.shape[-1])
            return mask.bernoulli_(keep, generator=generator).div_(keep)

        return draw

    def _generator(self, purpose: int) -> torch.Generator:
        seed = int(self._random(purpose).integers(2**63))
        return torch.Generator(self.runtime.device).manual_seed(seed)

    def _random(self, purpose: int) -> np.random.Generator:
        seeds = np.random.SeedSequence(self.config.seed, spawn_key=(self.step, purpose))
        return np.random.default_rng(seeds)


def reset_lanes(state: State, begins_B: Tensor, draws: Draws) -> State:
    """Set the state of lanes that begin a new text to zero, and of others now and then at random.

    A network that never started from a zero state writes badly at first. The random state reset is
    from Melis et al., 2020 (arXiv:1909.01792).
    """
    return keep_lanes(state, to_device(~draws.resets_B(), draws.runtime.device) & ~begins_B)


def keep_lanes(state: State, kept_B: Tensor) -> State:
    """Set the state of all other lanes to zero."""
    layers = tuple(
        tuple(part_BH * kept_B[:, None] for part_BH in layer_state) for layer_state in state.layers
    )
    return State(layers, torch.where(kept_B, state.before_KB, ngrams.NOTHING))
