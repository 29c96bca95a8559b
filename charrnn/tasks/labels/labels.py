"""Classification: learn which label belongs to which text.

A label is the target of a pair, in one symbol.

The loss counts each text alike. Weights that make rare labels count more, or a prior that is taken
out of the logits (Menon et al., 2021, arXiv:2007.07314), were measured: on languages of surnames
they cost accuracy and brought no better macro F1.

Shapes: B examples, S source symbols (padded), N texts, C labels.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from charrnn._text import Reporter
from charrnn.analysis import label_scores
from charrnn.config import ClassifierConfig, LabelsConfig
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.buckets import Ids, PairBatch, Texts, of_like_length
from charrnn.generation.classification import Classifier
from charrnn.models import ngrams
from charrnn.models.classifier.classifier import ClassifierNetwork
from charrnn.models.device import to_device, to_numpy
from charrnn.models.dropout import Draws
from charrnn.models.encoders.encoder import Dropouts
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks.labels import label_sizes, learned_labels
from charrnn.tasks.pairs import learned_pairs
from charrnn.tasks.pairs.learned_pairs import LearnedPairs, PairTexts
from charrnn.tasks.pairs.ngram_task import NgramTask
from charrnn.tasks.task import Constants, ValidationSize


class Batch(NamedTuple):
    """Texts and the numbers of their labels, on a device."""

    sources_SB: Tensor
    lengths_B: Tensor
    labels_B: Tensor  # from 0; `NOT_SCORED` for an idle example
    num_texts: int  # of the whole batch, also where the examples are a share of it


class Classify(NgramTask):
    """A text and its label, as a `Task`."""

    name = task_names.CLASSIFY
    unit = "texts"
    schema = SCHEMAS[name]
    validation_size = ValidationSize("max_val_pairs", "text", at_least=100, tried=(32, 512))
    sizes = label_sizes.SIZES
    model, network = ClassifierConfig, ClassifierNetwork
    ngram_min_count = label_sizes.NGRAM_MIN_COUNT

    def split(self, corpus: LearnedPairs, config: LabelsConfig, *, seed: int) -> PairTexts:
        """Choose the texts for training, validation and test at random."""
        dataset = corpus.split(config, seed=seed)
        learned_labels.require_labels(dataset, allows_few=corpus.sources.allows_short)
        return dataset

    def summary(self, corpus: LearnedPairs, dataset: PairTexts) -> str:
        """Say how many texts and labels there are."""
        return learned_labels.summary(corpus)

    def show_notes(self, corpus: LearnedPairs, dataset: PairTexts, reporter: Reporter) -> None:
        """Tell how often labels occur, and what the validation split decides."""
        learned_labels.show_counts(dataset, reporter)
        learned_pairs.show_validation_split(
            dataset, reporter, unit="text", best="the most labels right"
        )

    def facts(self, dataset: PairTexts, constants: Constants, shared: Mapping[str, Any]) -> Any:
        """Return what the sizes are chosen by."""
        return label_sizes.Facts(
            **shared,
            length=dataset.mean_lengths()[0],
            source_size=dataset.source.size,
            num_labels=len(dataset.target.vocab),
            ngram_rows=ngrams.num_rows_in(constants),
        )

    def on_device(self, pairs: PairBatch, device: str) -> Batch:
        """Return texts and the numbers of their labels."""
        ids_B = pairs.targets_TB[0]
        numbers_B = np.where(ids_B == NOT_SCORED, NOT_SCORED, ids_B - 1)
        sources_SB, lengths_B, labels_B = (
            to_device(part, device) for part in (pairs.sources, pairs.lengths_B, numbers_B)
        )
        return Batch(sources_SB, lengths_B, labels_B, pairs.num_pairs)

    def loss(
        self, module: ClassifierNetwork, batch: Batch, carried: None, draws: Draws
    ) -> tuple[Tensor, int, None]:
        """Return summed nats of the labels, and how many texts have one."""
        dropouts = Dropouts.of(draws, num_ngrams=module.config.ngrams)
        logits_BC = module(batch.sources_SB, batch.lengths_B, dropouts, draws.dtype)
        loss = functional.cross_entropy(
            logits_BC, batch.labels_B, reduction="sum", ignore_index=NOT_SCORED
        )
        return loss, batch.num_texts, None

    def metrics(
        self, module: ClassifierNetwork, dataset: PairTexts, split: str
    ) -> dict[str, float]:
        """Measure the share of labels that are wrong, macro F1 and the loss.

        The error rate decides: a network that becomes too sure of itself has a rising loss while it
        still learns.
        """
        pairs = dataset.pairs
        numbers = pairs.numbers[split]
        log_prob_NC = log_probabilities(module, pairs.sources, numbers)
        labels_N = pairs.targets.ids[pairs.targets.starts[numbers]].astype(np.int64) - 1
        score = label_scores.measure(labels_N, log_prob_NC)
        return {
            "error_rate": 1 - score.accuracy, "macro_f1": score.macro_f1, "loss": score.loss
        }  # fmt: skip

    def sample(self, checkpoint: Checkpoint, dataset: PairTexts, *, seed: int) -> str:
        """Classify the first texts of the validation split, always the same ones."""
        classifier = Classifier.of((checkpoint,))
        return "\n".join(classifier.compared(*pair) for pair in dataset.examples(self.num_samples))


CLASSIFY = Classify()


@torch.no_grad()
def log_probabilities(
    network: ClassifierNetwork, sources: Texts, numbers: Ids
) -> label_scores.Floats:
    """Return the log probability of each label for these texts, (N, C)."""
    device = str(network.head.weight.device)
    log_prob_NC = np.empty((len(numbers), len(network.head.weight)))
    size = max(network.config.input_size, 2 * network.config.memory_size)  # about
    for places in of_like_length(sources, numbers, size):
        ids_SB, lengths_B = (to_device(part, device) for part in sources.padded(numbers[places]))
        logits_BC = network(ids_SB, lengths_B).double()
        log_prob_NC[places] = to_numpy(logits_BC.log_softmax(-1))
    return log_prob_NC
