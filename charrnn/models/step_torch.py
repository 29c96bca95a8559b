"""Streams side by side on a GPU: the reference step, on torch tensors.

Shapes: B streams, V vocabulary.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charrnn.cells import FloatArray, Layer
from charrnn.config import ModelConfig
from charrnn.data.vocab import IntArray
from charrnn.models import reference
from charrnn.models.reference import State, Weights
from charrnn.models.step_numpy import NumpyBackend, NumpyStepper


class TorchBackend:
    """The weights on a GPU, for batches; numpy steps a single stream faster than a GPU. A
    `step_backend.StepBackend`.
    """

    is_parallel = False

    def __init__(self, config: ModelConfig, weights: Weights, *, device: str) -> None:
        self._numpy = NumpyBackend(config, weights)
        self.config, self._device = config, device
        self.weights = Weights(
            self.tensor(weights.embedding_RD),
            tuple(Layer(*map(self.tensor, layer)) for layer in weights.layers),
            self.tensor(weights.head_VH),
            self.tensor(weights.head_bias_V),
            tuple(map(self.tensor, weights.ngram_keys)),
        )

    def stepper(self) -> NumpyStepper:
        """Return a stream that has read nothing."""
        return self._numpy.stepper()

    def batch(self, start: State, num_streams: int) -> "TorchBatch":
        """Return so many streams, all in the state `start` of one stream."""
        return TorchBatch(self, start, num_streams)

    def tensor(self, array: npt.NDArray[np.generic]) -> Tensor:
        """Return an array as a tensor on the device."""
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


class TorchBatch:
    """Many streams side by side. A `step_backend.Batch`."""

    def __init__(self, backend: TorchBackend, start: State, num_streams: int) -> None:
        self._backend = backend
        layers = tuple(tuple(map(backend.tensor, layer)) for layer in start.layers)
        self._start = State(layers, backend.tensor(start.before_KB))
        self._state = State(
            tuple(tuple(part_1H.repeat(num_streams, 1) for part_1H in layer) for layer in layers),
            self._start.before_KB.repeat(1, num_streams),
        )

    @torch.inference_mode()
    def step(self, ids_B: IntArray) -> FloatArray:
        """Read a character on each stream; return logits_VB for the next ones."""
        config, weights = self._backend.config, self._backend.weights
        ids = self._backend.tensor(np.asarray(ids_B, np.int64))
        logits_BV, self._state = reference.step(config, weights, ids, self._state, torch)
        logits_VB: FloatArray = logits_BV.T.cpu().numpy()
        return logits_VB

    @torch.inference_mode()
    def restart(self, streams: Sequence[int]) -> None:
        """Put some streams back into the state that the batch began with."""
        for layer, start in zip(self._state.layers, self._start.layers, strict=True):
            for part_BH, start_1H in zip(layer, start, strict=True):
                part_BH[streams] = start_1H
        self._state.before_KB[:, streams] = self._start.before_KB

    @torch.inference_mode()
    def keep(self, streams: Sequence[int]) -> None:
        """Drop all other streams."""
        layers = tuple(tuple(part[streams] for part in layer) for layer in self._state.layers)
        self._state = State(layers, self._state.before_KB[:, streams])
