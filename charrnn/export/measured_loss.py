"""What rounded weights cost: the loss of a run on its own validation text, for each way to write
its weights.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from charrnn._text import ProgressCallback, Reporter, after, ignore_progress, number_of
from charrnn.cells import FloatArray
from charrnn.data import reload
from charrnn.errors import CorpusError
from charrnn.export import packing
from charrnn.generation.model import Model
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint

T = TypeVar("T")
NUM_CHARS, NUM_PAIRS = 10_000, 300  # of the validation split that are read


@dataclass(frozen=True)
class MeasuredLoss:
    """The mean loss, by the format of the weights; all on the same text."""

    nats: Mapping[str, float]
    text: str  # what it is the mean over, for people: "the first 10,000 characters of …"


def measured(checkpoint: Checkpoint, progress: ProgressCallback = ignore_progress) -> MeasuredLoss:
    """Measure the loss of a model, in nats per character, symbol or label. `progress` is of all
    that is read, once for each way to write the weights.

    Raises `CorpusError` where the corpus is gone or has changed, or has no validation split.
    """
    of_task = _of_text if checkpoint.task == task_names.LANGUAGE_MODEL else _of_pairs
    return of_task(checkpoint, progress)


def with_rounded_weights(checkpoint: Checkpoint, weights: str) -> Checkpoint:
    """Return the checkpoint as it is read back from a file whose weights are written like that."""
    arrays: dict[str, FloatArray] = {
        name: packing.rounded(array, weights) if name.startswith("weights.") else array
        for name, array in checkpoint.arrays.items()
    }
    return dataclasses.replace(checkpoint, arrays=arrays)


def _in_each_format(
    checkpoint: Checkpoint,
    mean: Callable[[Checkpoint, ProgressCallback], float],
    length: int,
    progress: ProgressCallback,
) -> dict[str, float]:
    """Return the mean loss for each format that can hold the weights; `length` is what is read for
    one of them.
    """
    arrays = checkpoint.group("weights").values()
    possible = [weights for weights in packing.WEIGHTS if packing.can_hold(arrays, weights)]
    return {
        weights: mean(
            with_rounded_weights(checkpoint, weights),
            after(k * length, len(possible) * length, progress),
        )
        for k, weights in enumerate(possible)
    }


def _of_text(checkpoint: Checkpoint, progress: ProgressCallback) -> MeasuredLoss:
    reference = checkpoint.corpus_reference
    text = reload.beginning_of_split(reference, "val", num_chars=NUM_CHARS)
    spelled = text.encode("latin-1") if checkpoint.vocab.is_bytes else text

    def mean(rounded: Checkpoint, progress: ProgressCallback) -> float:
        model = dataclasses.replace(Model.of(rounded), progress=progress)
        return float(model.surprise(spelled).mean())

    nats = _in_each_format(checkpoint, mean, len(spelled), progress)
    return MeasuredLoss(
        nats, f"the first {number_of(len(text), 'character')} of the validation text"
    )


def _of_pairs(checkpoint: Checkpoint, progress: ProgressCallback) -> MeasuredLoss:
    from charrnn.tasks.pairs import learned_pairs

    dataset = learned_pairs.reload(checkpoint, keep_corpus=True, reporter=Reporter())
    numbers = dataset.pairs.numbers["val"][:NUM_PAIRS].tolist()
    if not numbers:
        raise CorpusError("the run has no validation pairs", "train with val_fraction")
    pairs = list(map(dataset.texts, numbers))
    of_pairs = _mean_of_labels if checkpoint.task == task_names.CLASSIFY else _mean_of_symbols

    def mean(rounded: Checkpoint, progress: ProgressCallback) -> float:
        return of_pairs(rounded, pairs, progress)

    nats = _in_each_format(checkpoint, mean, len(pairs), progress)
    return MeasuredLoss(nats, f"{number_of(len(pairs), 'pair')} of the validation split")


def _mean_of_symbols(
    checkpoint: Checkpoint, pairs: Sequence[tuple[str, str]], progress: ProgressCallback
) -> float:
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator

    kind = Tagger if checkpoint.task == task_names.TAG else Translator
    computed = kind.of([checkpoint]).losses(*zip(*pairs, strict=True))
    losses = [*_counted(computed, len(pairs), progress)]
    return sum(each.nats for each in losses) / max(1, sum(each.num_symbols for each in losses))


def _mean_of_labels(
    checkpoint: Checkpoint, pairs: Sequence[tuple[str, str]], progress: ProgressCallback
) -> float:
    from charrnn.generation.classification import Classifier

    classifier = Classifier.of([checkpoint])
    texts, labels = zip(*pairs, strict=True)
    computed = _counted(classifier.classify_many(texts), len(pairs), progress)
    nats = [
        -math.log(made[classifier.label_of(label)])
        for label, made in zip(labels, computed, strict=True)
    ]
    return sum(nats) / len(nats)


def _counted(items: Iterable[T], num: int, progress: ProgressCallback) -> Iterator[T]:
    """Yield items, and tell how many of them have come."""
    for done, item in enumerate(items, 1):
        yield item
        progress(done, num)
