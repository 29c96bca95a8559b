"""What rounded weights cost: the loss of a run on its own validation text, for each way to write
its weights.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charrnn._text import Reporter, number_of
from charrnn.cells import FloatArray
from charrnn.data import reload
from charrnn.errors import CorpusError
from charrnn.export import packing
from charrnn.generation.model import Model
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint

NUM_CHARS, NUM_PAIRS = 10_000, 300  # of the validation split that are read


@dataclass(frozen=True)
class MeasuredLoss:
    """The mean loss, by the format of the weights; all on the same text."""

    nats: Mapping[str, float]
    text: str  # what it is the mean over, for people: "the first 10,000 characters of …"


def measured(checkpoint: Checkpoint) -> MeasuredLoss:
    """Measure the loss of a model, in nats per character, symbol or label.

    Raises `CorpusError` where the corpus is gone or has changed, or has no validation split.
    """
    of_task = _of_text if checkpoint.task == task_names.LANGUAGE_MODEL else _of_pairs
    return of_task(checkpoint)


def with_rounded_weights(checkpoint: Checkpoint, weights: str) -> Checkpoint:
    """Return the checkpoint as it is read back from a file whose weights are written like that."""
    arrays: dict[str, FloatArray] = {
        name: packing.rounded(array, weights) if name.startswith("weights.") else array
        for name, array in checkpoint.arrays.items()
    }
    return dataclasses.replace(checkpoint, arrays=arrays)


def _possible(checkpoint: Checkpoint) -> list[str]:
    """Return the formats that can hold the weights."""
    arrays = checkpoint.group("weights").values()
    return [weights for weights in packing.WEIGHTS if packing.can_hold(arrays, weights)]


def _of_text(checkpoint: Checkpoint) -> MeasuredLoss:
    reference = checkpoint.corpus_reference
    text = reload.beginning_of_split(reference, "val", num_chars=NUM_CHARS)
    spelled = text.encode("latin-1") if checkpoint.vocab.is_bytes else text
    nats = {
        weights: float(Model.of(with_rounded_weights(checkpoint, weights)).surprise(spelled).mean())
        for weights in _possible(checkpoint)
    }
    return MeasuredLoss(
        nats, f"the first {number_of(len(text), 'character')} of the validation text"
    )


def _of_pairs(checkpoint: Checkpoint) -> MeasuredLoss:
    from charrnn.tasks.pairs import learned_pairs

    dataset = learned_pairs.reload(checkpoint, keep_corpus=True, reporter=Reporter())
    numbers = dataset.pairs.numbers["val"][:NUM_PAIRS].tolist()
    if not numbers:
        raise CorpusError("the run has no validation pairs", "train with val_fraction")
    pairs = list(map(dataset.texts, numbers))
    mean = _mean_of_labels if checkpoint.task == task_names.CLASSIFY else _mean_of_symbols
    nats = {
        weights: mean(with_rounded_weights(checkpoint, weights), pairs)
        for weights in _possible(checkpoint)
    }
    return MeasuredLoss(nats, f"{number_of(len(pairs), 'pair')} of the validation split")


def _mean_of_symbols(checkpoint: Checkpoint, pairs: Sequence[tuple[str, str]]) -> float:
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator

    kind = Tagger if checkpoint.task == task_names.TAG else Translator
    losses = list(kind.of([checkpoint]).losses(*zip(*pairs, strict=True)))
    return sum(each.nats for each in losses) / max(1, sum(each.num_symbols for each in losses))


def _mean_of_labels(checkpoint: Checkpoint, pairs: Sequence[tuple[str, str]]) -> float:
    from charrnn.generation.classification import Classifier

    classifier = Classifier.of([checkpoint])
    texts, labels = zip(*pairs, strict=True)
    probabilities = zip(labels, classifier.classify_many(texts), strict=True)
    nats = [-math.log(made[classifier.label_of(label)]) for label, made in probabilities]
    return sum(nats) / len(nats)
