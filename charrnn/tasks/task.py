"""The seam between what is learned and how: setup and the trainer know a task by `Task` alone.

A new task is one module, one line of the registry and one entry in runs/schemas.py, which names the
types of its configurations. The methods, in the order in which they are called:

    new run        read, split             the named files become a dataset
                   summary, show_notes     what people are told about it
                   constants, plan, build  the module, and how it is trained
    resumed run    dataset, build
    training       batches, initial_state, loss, loss_metrics, metrics, sample
    at the end     final_metrics
    checkpoint     arrays, state_tensors

A task is stateless; what it returns is passed back to it. `Any` stands for types of the task's own:
its dataset, its module (with `named_weights` and `load`, as `models.network.Network` has), its
batches, and what it carries from one batch to the next (recurrent states; nothing, where examples
are independent). Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from charrnn._text import Reporter
from charrnn.config import TrainConfig
from charrnn.data.batches import ALL
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.safetensors_file import Arrays
from charrnn.runs.schemas import Schema
from charrnn.sources import paths
from charrnn.sources.file_types import uncompressed_name

if TYPE_CHECKING:
    from torch import Tensor

    from charrnn.models.dropout import Draws

Constants = Mapping[str, npt.NDArray[Any]]
Vocabs = Mapping[str, Any]  # by what they spell: "text"; a task may have others


@dataclass(frozen=True)
class SourceNames:
    """The files that a new run learns from, as a person names them."""

    names: tuple[str, ...]
    val_names: tuple[str, ...] = ()  # of a validation text that is not part of the corpus
    allows_short: bool = False  # learn a few characters, too
    target_names: tuple[str, ...] = ()  # of targets, line by line beside the sources in `names`

    @property
    def title(self) -> str:
        """A short name for messages, and for the run."""
        first = self.names[0]
        if paths.can_be_read_once(first):
            return "stdin"
        if first == paths.SHAKESPEARE:
            return first
        return Path(uncompressed_name(first)).resolve().stem


class Corpus(Protocol):
    """What a new run learns from, read and encoded, but not yet split."""

    @property
    def vocabs(self) -> Vocabs:
        """The vocabularies of the model to be trained."""

    @property
    def corpora(self) -> Mapping[str, Any]:
        """What a checkpoint keeps of each corpus: to find it again, and to notice a change."""

    def release(self) -> None:
        """Give up the claim on the encoded copy, which a run that was saved keeps from now on."""


@dataclass(frozen=True)
class ValidationSize:
    """How the size of the validation split is limited, to save time."""

    setting: str  # of the data: the largest size; 0 is no limit
    unit: str  # what a size counts, for people: "character"
    at_least: int  # no shorter, however little time there is
    # sizes to estimate by how long a validation takes: the first, and as long as that is quick the
    # next, which is a better estimate
    tried: tuple[int, ...]


@dataclass(frozen=True)
class Resources:
    """What a new run may use."""

    device: str
    num_ranks: int = 1  # processes that share each batch evenly
    # the budget, in one of these; none of them before a trial has told what there is time for
    multiply_adds: float | None = None  # in forward passes
    steps: int | None = None
    epochs: float | None = None


@dataclass(frozen=True)
class Plan:
    """The configuration of a new run, but for the number of steps."""

    model: Any  # of the type in `Schema.model`
    train: TrainConfig
    why: str  # a line for people: the sizes, and what decided them
    multiply_adds: float  # of a step's forward pass
    shrunk: str = ""  # a sentence, if the corpus is too small for what was given


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

    def beginning(self, split: str, size: int) -> Dataset:
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

    @property
    def validation_size(self) -> ValidationSize:
        """How the validation split is kept short where there is little time."""

    def read(
        self,
        sources: SourceNames,
        config: Any,
        *,
        vocabs: Vocabs | None,
        root: Path,
        reporter: Reporter,
    ) -> Any:
        """Read and encode what a new run learns from (a `Corpus`).

        `vocabs` are those of a model whose weights it starts with; ids in them keep their meaning.
        `root` is the folder of all runs, which has a cache of encoded copies. Raises `CorpusError`
        or `SettingError`.
        """

    def split(self, corpus: Any, config: Any, *, seed: int) -> Any:
        """Split a corpus into training, validation and test (a `Dataset`). Raises `CorpusError`.

        The setting that `validation_size` names limits the validation split.
        """

    def summary(self, corpus: Any, dataset: Any) -> str:
        """Describe a corpus in a few words: "names: 2,000 records, 14,000 characters"."""

    def show_notes(self, corpus: Any, dataset: Any, reporter: Reporter) -> None:
        """Tell people what else is worth knowing about a corpus."""

    def constants(self, dataset: Any, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return arrays that the module of a new run looks up and does not learn, such as the keys
        of n-grams. `settings` are those given; the others have their defaults.
        """

    def plan(
        self,
        settings: Mapping[str, Any],
        dataset: Any,
        vocabs: Vocabs,
        constants: Constants,
        *,
        resources: Resources,
    ) -> Plan:
        """Choose what is not among the settings, by the size of the dataset and what is available.

        The batch size is a multiple of the number of processes, if the dataset is large enough.
        """

    def dataset(self, header: CheckpointHeader, *, keep_corpus: bool, reporter: Reporter) -> Any:
        """Read the dataset of a run again, as it was read and split when the run began.

        Raises `CorpusError` where it is gone or has changed; `keep_corpus` allows the latter.
        """

    def build(self, model: Any, vocabs: Vocabs, constants: Constants, *, seed: int) -> Any:
        """Build the module, its parameters tagged for the optimiser (`models.tags`). `constants`
        are arrays that a checkpoint holds beside the weights.
        """

    def initialise(self, module: Any, dataset: Any, config: TrainConfig) -> None:
        """Change the random weights of a new module into what the training split tells at once."""

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

    def loss_metrics(self, loss: float) -> Mapping[str, float]:
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
