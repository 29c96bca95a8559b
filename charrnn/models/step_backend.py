"""Step backends: what reads characters and gives the logits of the next ones, on some device.

Callers say what they want read; `step_backend` is the one place that chooses what computes it.

Shapes: T time, B streams, V vocabulary.
"""

from collections.abc import Sequence
from typing import Protocol

from charrnn._text import ProgressCallback
from charrnn.cells import FloatArray
from charrnn.config import ModelConfig
from charrnn.data.vocab import IntArray
from charrnn.models.compiled import step_c
from charrnn.models.compiled.step_c import CBackend
from charrnn.models.reference import State, Weights
from charrnn.models.step_numpy import NumpyBackend


class Stepper(Protocol):
    """One stream of characters."""

    def step(self, i: int) -> FloatArray:
        """Read one character; return logits_V for the next one."""

    def read(self, ids_T: IntArray, progress: ProgressCallback = ...) -> FloatArray:
        """Read a text of at least one character; return logits_V for what follows it.

        A text of any length takes the same memory. `progress` is called now and then.
        """

    def read_all(self, ids_T: IntArray) -> FloatArray:
        """Read a text; return logits_VT for what follows each of its characters."""

    def state(self) -> State:
        """Return a copy of the state, in numpy: (1, H) arrays."""


class Batch(Protocol):
    """Streams side by side; each gives what it would give alone."""

    def step(self, ids_B: IntArray) -> FloatArray:
        """Read a character on each stream; return logits_VB for the next ones."""

    def restart(self, streams: Sequence[int]) -> None:
        """Put some streams back into the state that the batch began with."""

    def keep(self, streams: Sequence[int]) -> None:
        """Drop all other streams."""

    def state(self) -> State:
        """Return a copy of the state of all streams, in numpy: (B, H) arrays."""


class StepBackend(Protocol):
    """The weights of one model, laid out for a device."""

    @property
    def is_parallel(self) -> bool:
        """Whether several batches at once, each on a CPU core of its own, are faster than one."""

    def stepper(self, start: State | None = None) -> Stepper:
        """Return a stream in the state `start`; one that has read nothing if None."""

    def batch(self, start: State, num_streams: int) -> Batch:
        """Return so many streams, all in the state `start` of one stream, or each in its own."""


def step_backend(config: ModelConfig, weights: Weights, *, device: str = "cpu") -> StepBackend:
    """Return the fastest backend for a device; several become one by `EnsembleBackend`."""
    if device == "cpu":
        backend = CBackend if step_c.is_available(config) else NumpyBackend
        return backend(config, weights)
    from charrnn.models.step_torch import TorchBackend  # imports torch

    return TorchBackend(config, weights, device=device)
