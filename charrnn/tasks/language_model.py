"""Language modelling: predict the next character of a text, or of each record.

Truncated backpropagation through time along B lanes; the state is carried from window to window.

Shapes: T time, B lanes, V vocabulary.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from charrnn._text import Reporter, bits
from charrnn.config import DataConfig, ModelConfig, TrainConfig
from charrnn.data.batches import ALL, NOT_SCORED, Text
from charrnn.data.reload import reload_text
from charrnn.generation.model import Model
from charrnn.models import ngrams
from charrnn.models.device import to_numpy
from charrnn.models.dropout import Draws, reset_lanes
from charrnn.models.evaluation import validation_loss, validation_loss_reset
from charrnn.models.layers import EMBEDDING_STD
from charrnn.models.network import Network
from charrnn.models.reference import State
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.safetensors_file import Arrays
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks import autosize, ngram_embeddings, text_corpus
from charrnn.tasks.prefetch import Batch, Prefetcher
from charrnn.tasks.task import (
    Batches,
    Constants,
    Plan,
    Resources,
    SourceNames,
    ValidationSize,
    Vocabs,
)
from charrnn.tasks.text_corpus import TextCorpus

_SAMPLE_LENGTH, _MIN_SAMPLE_LENGTH = 240, 40
_MULTIPLY_ADDS = 240 * 2e6  # in a sample: a full one of up to some 600 units in a layer


class LanguageModel:
    """Next-character prediction as a `Task`."""

    name = task_names.LANGUAGE_MODEL
    unit = "chars"
    schema = SCHEMAS[name]
    validation_size = ValidationSize(
        "max_val_chars", "character", at_least=2000, tried=(64 * 1024,)
    )

    def read(
        self,
        sources: SourceNames,
        config: DataConfig,
        *,
        vocabs: Vocabs | None,
        root: Path,
        reporter: Reporter,
    ) -> TextCorpus:
        """Read and encode a text."""
        known = None if vocabs is None else vocabs["text"]
        return text_corpus.read(sources, config, known=known, root=root, reporter=reporter)

    def split(self, corpus: TextCorpus, config: DataConfig, *, seed: int) -> Text:
        """Put the text in the order of learning: training, validation, test."""
        return corpus.split(config, seed=seed)

    def summary(self, corpus: TextCorpus, dataset: Text) -> str:
        """Say how much text there is."""
        return text_corpus.summary(corpus, dataset)

    def show_notes(self, corpus: TextCorpus, dataset: Text, reporter: Reporter) -> None:
        """Tell what the validation split is, and how many characters have no id of their own."""
        text_corpus.show_validation_split(corpus, dataset, reporter)
        text_corpus.show_unknown(corpus, reporter)

    def constants(self, dataset: Text, settings: Mapping[str, Any]) -> Arrays:
        """Return the keys of the n-grams that occur often enough in the training split."""
        model, train = ModelConfig.among(settings), TrainConfig.among(settings)
        ids = dataset.ids[: dataset.num_train]
        keys = ngrams.learn(ids, longest=model.ngrams, min_count=train.ngram_min_count)
        return ngrams.named(keys)

    def plan(
        self,
        settings: Mapping[str, Any],
        dataset: Text,
        vocabs: Vocabs,
        constants: Constants,
        *,
        resources: Resources,
    ) -> Plan:
        """Choose the sizes by the length of the text; see autosize.py."""
        has_records = dataset.starts is not None
        facts = autosize.Facts(
            num_train=dataset.num_train,
            num_val=dataset.size("val"),
            vocab_size=len(vocabs["text"]),
            ngram_rows=ngrams.num_rows_in(constants),
            device=resources.device,
            record_lengths=np.diff(dataset.starts_of("train")) if has_records else None,
            num_ranks=resources.num_ranks,
        )
        return autosize.make(settings, facts, arithmetic=resources.multiply_adds)

    def dataset(self, header: CheckpointHeader, *, keep_corpus: bool, reporter: Reporter) -> Text:
        """Read the text that a run began with."""
        return reload_text(header.corpus_reference, keep_corpus=keep_corpus, reporter=reporter)

    def build(
        self, model: ModelConfig, vocabs: Vocabs, constants: Constants, *, seed: int
    ) -> Network:
        """Build the network. The constants are the keys of its n-grams."""
        keys = ngrams.keys_in(constants, longest=model.ngrams)
        return Network(model, len(vocabs["text"]), keys, seed=seed)

    def initialise(self, module: Network, dataset: Text, config: TrainConfig) -> None:
        """Make the embeddings of what follows each n-gram in the training split."""
        if config.ngram_init == "random":
            return
        ids, keys = dataset.ids[: dataset.num_train], tuple(map(to_numpy, module.ngram_keys))
        embedding_RD = ngram_embeddings.from_counts(
            ids, keys, len(module.head.weight), module.config.embedding_size,
            std=EMBEDDING_STD, seed=config.seed,
        )  # fmt: skip
        with torch.no_grad():
            module.embedding.weight.copy_(torch.from_numpy(embedding_RD))

    def batches(
        self, dataset: Text, config: TrainConfig, share: slice = ALL, *, device: str
    ) -> Batches:
        """Return windows along the lanes through the training split."""
        return Prefetcher(dataset.lanes(config, share), device)

    def initial_state(self, module: Network, batch_size: int) -> State:
        """Return zeros: nothing has been read."""
        return module.initial_state(batch_size)

    def state_tensors(self, carried: State) -> dict[str, tuple[Tensor, int]]:
        """Name the parts of each layer's state, (B, H), and the last characters read, (K, B)."""
        tensors = {
            f"{k}.{j}": (part_BH, 0)
            for k, layer_state in enumerate(carried.layers)
            for j, part_BH in enumerate(layer_state)
        }
        if len(carried.before_KB):
            tensors["before"] = (carried.before_KB, 1)
        return tensors

    def loss(
        self, module: Network, batch: Batch, carried: State, draws: Draws
    ) -> tuple[Tensor, int, State]:
        """Return summed nats, the number of characters that they are of, and the next state."""
        logits_TBV, state = read_window(module, batch, carried, draws)
        loss = functional.cross_entropy(
            logits_TBV.flatten(0, 1),
            batch.targets_TB.flatten(),
            reduction="sum",
            ignore_index=NOT_SCORED,
        )
        return loss, batch.num_scored, state

    def arrays(self, module: Network) -> Arrays:
        """Return copies of the weights and of the n-grams' keys."""
        arrays = {f"weights.{name}": array for name, array in module.arrays().items()}
        return arrays | ngrams.named(map(to_numpy, module.ngram_keys))

    def loss_metrics(self, loss: float) -> dict[str, float]:
        """Return nats and bits per character."""
        return {"loss": loss, "bits_per_char": bits(loss)}

    def metrics(self, module: Network, dataset: Text, split: str) -> Mapping[str, float]:
        """Measure the loss with the state carried along."""
        return self.loss_metrics(validation_loss(module, dataset, split))

    def final_metrics(self, module: Network, dataset: Text, split: str) -> Mapping[str, float]:
        """Measure the loss with the state reset every 256 characters."""
        return {"loss_reset": validation_loss_reset(module, dataset, split)}

    def sample(self, checkpoint: Checkpoint, dataset: Text, *, seed: int) -> str:
        """Write a text from a zero state."""
        length = sample_length(checkpoint.model, len(checkpoint.vocab))
        return Model.of(checkpoint).glimpse(length, seed=seed)


LANGUAGE_MODEL = LanguageModel()


def read_window(
    module: Network, batch: Batch, carried: State, draws: Draws
) -> tuple[Tensor, State]:
    """Read a window with dropout; return logits_TBV, and what to carry on, detached."""
    logits_TBV, state = module(
        batch.inputs_TB,
        reset_lanes(carried, batch.begins_B, draws),
        draws.lane_dropout(),
        draws.weight_dropout(),
        draws.dtype,
    )
    layers = tuple(tuple(part.detach() for part in layer) for layer in state.layers)
    return logits_TBV, State(layers, state.before_KB)


def sample_length(model: ModelConfig, vocab_size: int) -> int:
    """Return how many characters a sample has: fewer where the network is slow to write."""
    length = int(_MULTIPLY_ADDS / autosize.cost(model, vocab_size))
    return max(_MIN_SAMPLE_LENGTH, min(_SAMPLE_LENGTH, length))
