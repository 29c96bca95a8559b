"""The seam between what is learned and how: the trainer knows a task by this protocol alone.

A task is stateless; what it returns is passed back to it. `Any` stands for types of the task's own:
its module (with `named_weights` and `load`, as `models.network.Network` has), its batches, and what
it carries from one batch to the next (recurrent states; nothing, where examples are independent).
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt
from torch import Tensor

from charrnn._text import Reporter
from charrnn.config import ModelConfig, TrainConfig
from charrnn.data.batches import ALL
from charrnn.data.vocab import Vocab
from charrnn.models.dropout import Draws
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.safetensors_file import Arrays
from charrnn.runs.schemas import Schema

Constants = Mapping[str, npt.NDArray[Any]]
Vocabs = Mapping[str, Vocab]  # by what they spell: "text"; a task may have others


class Batches(Protocol):
    """Batches of the training split, on the device."""

    @property
    def units_per_step(self) -> float:
        """Characters or examples in a batch (on average), those of other processes included."""

    @property
    def steps_per_epoch(self) -> float:
        """Steps that read every example once."""

    def batch(self, step: int) -> Any:
        """Return the batch of a step, or this process's share: a function of (seed, step) alone."""


class Dataset(Protocol):
    """What a run learns from and is measured on."""

    def size(self, split: str) -> int:
        """Characters or examples in "train", "val" or "test"; 0 where there is no such split."""

    def beginning(self, split: str, size: int) -> "Dataset":
        """Return a dataset whose "val" or "test" is cut to about that size."""


class Task(Protocol):
    """What is learned."""

    @property
    def name(self) -> str:
        """Name in the registry and in checkpoints."""

    @property
    def schema(self) -> Schema:
        """What its checkpoints hold, and the names of its metrics."""

    @property
    def unit(self) -> str:
        """What `Batches.units_per_step` counts, as in the metric "chars_per_second"."""

    def dataset(self, header: CheckpointHeader, *, keep_corpus: bool, reporter: Reporter) -> Any:
        """Read the dataset that a run began with (a `Dataset`).

        Raises `CorpusError` where it is gone or has changed; `keep_corpus` allows the latter.
        """

    def build(self, model: ModelConfig, vocabs: Vocabs, constants: Constants, *, seed: int) -> Any:
        """Build the module, its parameters tagged for the optimiser (`models.tags`). `constants`
        are arrays that a checkpoint holds beside the weights.
        """

    def batches(
        self, dataset: Any, config: TrainConfig, share: slice = ALL, *, device: str
    ) -> Batches:
        """Return the training batches, each of `batch_size` lanes or examples (idle ones included,
        which are not scored); `share` is this process's part of each.
        """

    def initial_state(self, module: Any, batch_size: int) -> Any:
        """Return what is carried into the first batch."""

    def state_tensors(self, carried: Any) -> Mapping[str, tuple[Tensor, int]]:
        """Name the tensors of what is carried, each with the axis of its lanes (to be divided among
        processes). They are saved, and overwritten in place on resuming. Empty where nothing is.
        """

    def loss(self, module: Any, batch: Any, carried: Any, draws: Draws) -> tuple[Tensor, int, Any]:
        """Return the summed loss of this process's share, the count of what is scored in the whole
        batch, and what to carry on, detached. All that is random comes from `draws`.
        """

    def arrays(self, module: Any) -> Arrays:
        """Return copies of weights ("weights.…") and constants: what using the model takes."""

    def loss_figures(self, loss: float) -> Mapping[str, float]:
        """Return the mean training loss as it is recorded, in the units that people read."""

    def metrics(self, module: Any, dataset: Any, split: str) -> Mapping[str, float]:
        """Measure the `schema.metrics` of a split. The first one decides which checkpoint is best:
        lower is better, so it is a loss or an error rate.
        """

    def final_metrics(self, module: Any, dataset: Any, split: str) -> Mapping[str, float]:
        """Measure `schema.final_metrics`, which are too slow or too special to be measured on the
        way: of the best weights, once at the end.
        """

    def sample(self, checkpoint: Checkpoint, dataset: Any, *, seed: int) -> str:
        """Return an example of what the model makes now, for people to watch."""
