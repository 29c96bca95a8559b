"""What tasks that learn pairs have in common: how pairs are read, split and read again, and that
nothing is carried from batch to batch, for each pair is read from its beginning to its end.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from charrnn._text import Reporter
from charrnn.config import PairsConfig, TrainConfig
from charrnn.data.batches import ALL
from charrnn.data.pairs.buckets import PairBatch, PairBatches
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.safetensors_file import Arrays
from charrnn.tasks.example_sizes import ExampleSizes
from charrnn.tasks.pairs import learned_pairs
from charrnn.tasks.pairs.learned_pairs import LearnedPairs, PairTexts
from charrnn.tasks.task import Constants, Plan, Resources, SourceNames, Vocabs


class BatchesOnDevice:
    """The batches of the training split, on a device. A `task.Batches`."""

    def __init__(self, batches: PairBatches, on_device: Callable[[PairBatch], Any]) -> None:
        self.batches, self._on_device = batches, on_device

    @property
    def units_per_step(self) -> float:
        """Pairs in a batch, on average."""
        return len(self.batches.numbers) / self.batches.steps_per_epoch

    @property
    def steps_per_epoch(self) -> float:
        """Steps that read every pair once."""
        return self.batches.steps_per_epoch

    def batch(self, step: int) -> Any:
        """Return the batch of a step."""
        return self._on_device(self.batches.batch(step))


class PairsTask:
    """The methods of a `Task` that all of them share."""

    sizes: ExampleSizes[Any, Any]  # its tables
    num_samples = 3  # sources that are shown with what is made of them

    def read(
        self,
        sources: SourceNames,
        config: PairsConfig,
        *,
        vocabs: Vocabs | None,
        root: Path,
        reporter: Reporter,
    ) -> LearnedPairs:
        """Read and encode pairs."""
        return learned_pairs.read(sources, config, known=vocabs, root=root, reporter=reporter)

    def split(self, corpus: LearnedPairs, config: Any, *, seed: int) -> PairTexts:
        """Choose the pairs for training, validation and test at random."""
        return corpus.split(config, seed=seed)

    def summary(self, corpus: LearnedPairs, dataset: PairTexts) -> str:
        """Say how many pairs there are."""
        return learned_pairs.summary(corpus)

    def constants(self, dataset: PairTexts, settings: Mapping[str, Any]) -> Arrays:
        """Return nothing: all that the network holds is learned."""
        return {}

    def initialise(self, module: Any, dataset: PairTexts, config: TrainConfig) -> None:
        """Leave the weights as they were drawn."""

    def plan(
        self,
        settings: Mapping[str, Any],
        dataset: PairTexts,
        vocabs: Vocabs,
        constants: Constants,
        *,
        resources: Resources,
    ) -> Plan:
        """Choose the sizes by the tables of the task."""
        shared = {
            "num_train": len(dataset.pairs.numbers["train"]),
            "num_val": dataset.pairs.size("val"),
            "device": resources.device,
            "num_ranks": resources.num_ranks,
        }
        return self.sizes.make(
            settings,
            self.facts(dataset, constants, shared),
            arithmetic=resources.multiply_adds,
            steps=resources.steps,
            epochs=resources.epochs,
        )

    def facts(self, dataset: PairTexts, constants: Constants, shared: Mapping[str, Any]) -> Any:
        """Return what the sizes are chosen by; `shared` are the facts that every task has."""
        raise NotImplementedError

    def dataset(
        self, header: CheckpointHeader, *, keep_corpus: bool, reporter: Reporter
    ) -> PairTexts:
        """Read the pairs that a run began with."""
        return learned_pairs.reload(header, keep_corpus=keep_corpus, reporter=reporter)

    def batches(
        self, dataset: PairTexts, config: TrainConfig, share: slice = ALL, *, device: str
    ) -> BatchesOnDevice:
        """Return batches of pairs of like length."""
        pairs = dataset.pairs.batches(config, share)
        return BatchesOnDevice(pairs, lambda batch: self.on_device(batch, device))

    def on_device(self, pairs: PairBatch, device: str) -> Any:
        """Return a batch as the network reads it."""
        raise NotImplementedError

    def initial_state(self, module: Any, batch_size: int) -> None:
        """Return None: nothing is carried."""

    def state_tensors(self, carried: None) -> dict[str, tuple[torch.Tensor, int]]:
        """Return nothing."""
        return {}

    def arrays(self, module: Any) -> Arrays:
        """Return copies of the weights."""
        return {f"weights.{name}": array for name, array in module.arrays().items()}

    def loss_metrics(self, loss: float) -> dict[str, float]:
        """Return nats for each of what is scored: a target symbol, or a text."""
        return {"loss": loss}

    def final_metrics(self, module: Any, dataset: PairTexts, split: str) -> dict[str, float]:
        """Return nothing: all is measured on the way."""
        return {}
