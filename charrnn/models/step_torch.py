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
from charrnn.models.device import to_numpy
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

    def stepper(self, start: State | None = None) -> NumpyStepper:
        """Return a stream in the state `start`; one that has read nothing if None."""
        return self._numpy.stepper(start)

    def batch(self, start: State, num_streams: int) -> "TorchBatch":
        """Return so many streams, all in the state `start` of one stream, or each in its own."""
        return TorchBatch(self, start, num_streams)

    def tensor(self, array: npt.NDArray[np.generic]) -> Tensor:
        """Return an array as a tensor on the device."""
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


class TorchBatch:
    """Many streams side by side. A `step_backend.Batch`."""

    def __init__(self, backend: TorchBackend, start: State, num_streams: int) -> None:
        self._backend = backend
        layers = tuple(
            tuple(backend.tensor(part).expand(num_streams, -1) for part in layer)
            for layer in start.layers
        )
        self._start = State(layers, backend.tensor(start.before_KB).expand(-1, num_streams))
        self._state = State(
            tuple(tuple(part_BH.clone() for part_BH in layer) for layer in layers),
            self._start.before_KB.clone(),
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
            for part_BH, start_BH in zip(layer, start, strict=True):
                part_BH[streams] = start_BH[streams]
        self._state.before_KB[:, streams] = self._start.before_KB[:, streams]

    @torch.inference_mode()
    def keep(self, streams: Sequence[int]) -> None:
        """Drop all other streams."""
        self._start, self._state = (
            State(
                tuple(tuple(part[streams] for part in layer) for layer in state.layers),
                state.before_KB[:, streams],
            )
            for state in (self._start, self._state)
        )

    def state(self) -> State:
        """Return a copy of the state of all streams, in numpy: (B, H) arrays."""
        layers = tuple(tuple(to_numpy(part) for part in layer) for layer in self._state.layers)
        return State(layers, to_numpy(self._state.before_KB))
