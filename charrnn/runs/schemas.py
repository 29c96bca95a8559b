"""What a checkpoint of each task must hold: one entry a task.

The reader checks a file against it before memory is taken for arrays, and without torch. A new task
is one more entry; the format of the file stays as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config import Checked, DataConfig, ModelConfig
from charrnn.data.corpus import CorpusFacts
from charrnn.data.vocab import Vocab
from charrnn.runs.safetensors_file import Shape

Shapes = Mapping[str, Shape]


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What is special to the checkpoints of one task.

    Every type that is named here has `to_json` and `from_json`, which raises ValueError, TypeError,
    LookupError or a `CharRNNError` for what is not valid. Constants are arrays that the model needs
    besides its weights.
    """

    needs: str  # the first version of charrnn that has the task
    learned: str  # what a run of it is a model of, for people: "text", "pairs"
    model: type[Checked]
    data: type[Checked]
    vocabs: Mapping[str, Any]  # the type of each vocabulary by its name
    corpora: Mapping[str, Any]
    metrics: tuple[str, ...]  # of a split; the first decides which checkpoint is the best
    final_metrics: tuple[str, ...] = ()  # measured once, of the best weights
    # (model) → names
    constants: Callable[[Any], Sequence[str]] = lambda model: ()
    # (name, array) → why the array is no such constant, or ""
    constant_problem: Callable[[str, npt.NDArray[Any]], str] = lambda name, array: ""
    # (model, vocabs, shapes of the constants) → shapes of the weights by their names
    weights: Callable[[Any, Mapping[str, Any], Shapes], Shapes]
    # (data, vocabs) → why they contradict each other, or ""
    contradiction: Callable[[Any, Mapping[str, Any]], str] = lambda data, vocabs: ""

    @property
    def decisive_metric(self) -> str:
        """Its name in a checkpoint, of the validation split."""
        return f"val_{self.metrics[0]}"


def _ngram_names(model: ModelConfig) -> list[str]:
    return [f"ngrams.{length}" for length in range(2, model.ngrams + 1)]


def _ngram_problem(name: str, keys: npt.NDArray[Any]) -> str:
    """The keys of n-grams rise, and end with a sentinel (see models/ngrams.py)."""
    is_valid = (
        keys.dtype == np.int64
        and len(keys) > 0
        and keys[0] >= 0
        and bool((np.diff(keys) > 0).all())
        and keys[-1] == np.iinfo(np.int64).max
    )
    return "" if is_valid else "is not a sorted list of n-grams"


def _language_model_weights(
    model: ModelConfig, vocabs: Mapping[str, Vocab], ngrams: Shapes
) -> Shapes:
    if any(len(shape) != 1 for shape in ngrams.values()):
        raise ValueError("its n-grams are not lists")
    num_rows = sum(shape[0] for shape in ngrams.values())
    return model.weight_shapes(len(vocabs["text"]), num_rows)


def _of_other_alphabet(data: DataConfig, vocabs: Mapping[str, Vocab]) -> str:
    is_other = data.is_bytes != vocabs["text"].is_bytes
    return "its vocabulary and its data differ in whether they are bytes" if is_other else ""


SCHEMAS: dict[str, Schema] = {
    "language_model": Schema(
        needs="0.6",
        learned="text",
        model=ModelConfig,
        data=DataConfig,
        vocabs={"text": Vocab},
        corpora={"text": CorpusFacts},
        metrics=("loss", "bits_per_char"),
        final_metrics=("loss_reset",),
        constants=_ngram_names,
        constant_problem=_ngram_problem,
        weights=_language_model_weights,
        contradiction=_of_other_alphabet,
    ),
}
