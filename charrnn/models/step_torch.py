"""Streams side by side on a GPU: the textbook's own step, on torch tensors.

Shapes: B streams, V vocabulary.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charrnn.cells import Layer
from charrnn.config import ModelConfig
from charrnn.data.vocab import IntArray
from charrnn.models import reference
from charrnn.models.reference import State, Weights


class TorchBatch:
    """What `step_numpy.Batch` is, on another device."""

    def __init__(
        self, config: ModelConfig, weights: Weights, start: State, num_streams: int, *, device: str
    ) -> None:
        """All streams stand at `start`, a state of one stream in numpy."""

        def there(array: npt.NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        self._config, self._device = config, device
        layers = tuple(Layer(*map(there, layer)) for layer in weights.layers)
        head = there(weights.head_VH), there(weights.head_bias_V)
        keys = tuple(map(there, weights.ngram_keys))
        self._weights = Weights(there(weights.embedding_RD), layers, *head, keys)
        parts = tuple(tuple(map(there, layer)) for layer in start.layers)
        self._start = State(parts, there(start.before_KB))
        self._state = State(
            tuple(tuple(part.repeat(num_streams, 1) for part in layer) for layer in parts),
            self._start.before_KB.repeat(1, num_streams),
        )

    @torch.inference_mode()
    def step(self, ids_B: IntArray) -> npt.NDArray[np.float32]:
        """Read a character on each stream: logits_VB for the next ones."""
        ids = torch.from_numpy(np.asarray(ids_B, np.int64)).to(self._device)
        logits_BV, self._state = reference.step(
            self._config, self._weights, ids, self._state, torch
        )
        logits_VB: npt.NDArray[np.float32] = logits_BV.T.cpu().numpy()
        return logits_VB

    @torch.inference_mode()
    def restart(self, streams: Sequence[int]) -> None:
        """Put some streams back to the start."""
        for layer, start in zip(self._state.layers, self._start.layers, strict=True):
            for part_BH, start_1H in zip(layer, start, strict=True):
                part_BH[streams] = start_1H
        self._state.before_KB[:, streams] = self._start.before_KB

    @torch.inference_mode()
    def keep(self, streams: Sequence[int]) -> None:
        """Let all others go."""
        layers = tuple(tuple(part[streams] for part in layer) for layer in self._state.layers)
        self._state = State(layers, self._state.before_KB[:, streams])
