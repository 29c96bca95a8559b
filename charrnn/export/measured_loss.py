"""What rounded weights cost: the loss of a run on its own validation text, for each way to write
its weights.
"""

import dataclasses
from collections.abc import Mapping
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
    """Measure the loss of a language model or of a model of pairs, in nats per character or symbol.

    Raises `CorpusError` where the corpus is gone or has changed, or has no validation split.
    """
    if checkpoint.task == task_names.LANGUAGE_MODEL:
        return _of_text(checkpoint)
    return _of_pairs(checkpoint)


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
    from charrnn.generation.translation.translator import Translator
    from charrnn.tasks.pairs import learned_pairs

    dataset = learned_pairs.reload(checkpoint, keep_corpus=True, reporter=Reporter())
    numbers = dataset.pairs.numbers["val"][:NUM_PAIRS].tolist()
    if not numbers:
        raise CorpusError("the run has no validation pairs", "train with val_fraction")
    sources, targets = zip(*map(dataset.texts, numbers), strict=True)
    nats = {}
    for weights in _possible(checkpoint):
        translator = Translator.of([with_rounded_weights(checkpoint, weights)])
        losses = list(translator.losses(sources, targets))
        nats[weights] = sum(each.nats for each in losses) / sum(each.num_symbols for each in losses)
    return MeasuredLoss(nats, f"{number_of(len(numbers), 'pair')} of the validation split")
