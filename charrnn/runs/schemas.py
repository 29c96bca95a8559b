"""What a checkpoint of each task must hold: one entry a task.

The reader checks a file against it before memory is taken for arrays, and without torch. A new task
is one more entry; the format of the file stays as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._text import bits, percent
from charrnn.config import (
    CaptionerConfig,
    CaptionsConfig,
    Checked,
    ClassifierConfig,
    DataConfig,
    EncoderDecoderConfig,
    GivenConfig,
    InStepConfig,
    LabelsConfig,
    ModelConfig,
    PairsConfig,
    RuntimeConfig,
    TaggerConfig,
    TextEncoderConfig,
    TrainConfig,
)
from charrnn.data.corpus import CorpusFacts
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import AnyVocab, SideVocab, kind_of, kinds_of
from charrnn.data.vocab import Vocab
from charrnn.runs import task_names
from charrnn.runs.safetensors_file import Shape

Shapes = Mapping[str, Shape]

# settings of training: those of teachers, and all that mean something to a language model alone
OF_TEACHERS = frozenset({"teachers", "teacher_weight", "teacher_sha256"})
_OF_A_TEXT = OF_TEACHERS | {"seq_length", "state_reset", "ngram_init"}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What is special to the checkpoints of one task.

    Every type that is named here has `to_json` and `from_json`, which raises ValueError, TypeError,
    LookupError or a `CharRNNError` for what is not valid. Constants are arrays that the model needs
    besides its weights.
    """

    needs: str  # the first version of charrnn that has the task
    learned: str  # what a run of it is a model of, for people: "text", "pairs"
    flag: str = ""  # of train, for such a run: "pairs"; empty: none is needed
    flag_value: str = ""  # what is typed after that flag
    symbol: str  # what a loss is the mean over, for people: "character", "symbol"
    command: str  # that uses a run of it, when the run's name is put after it
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
    unused: frozenset[str] = frozenset()  # settings of training that mean nothing to it
    # (metrics of a checkpoint) → how well it does on its validation split, for people, or ""
    in_words: Callable[[Mapping[str, float]], str] = lambda metrics: ""

    @property
    def train_flag(self) -> str:
        """The flag of train as it is typed, with its value: "--images FOLDER"."""
        return " ".join(filter(None, (f"--{self.flag.replace('_', '-')}", self.flag_value)))

    @property
    def decisive_metric(self) -> str:
        """Its name in a checkpoint, of the validation split."""
        return f"val_{self.metrics[0]}"

    @property
    def settings(self) -> frozenset[str]:
        """The names of the settings that a new run may be given."""
        groups: tuple[type[Checked], ...] = (self.model, self.data, TrainConfig, RuntimeConfig)
        return frozenset().union(*(group.names() for group in groups)) - self.unused


def _ngram_names(model: ModelConfig | TextEncoderConfig) -> list[str]:
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


def _num_rows(ngrams: Shapes) -> int:
    """Count the embeddings of n-grams by the shapes of their keys."""
    if any(len(shape) != 1 for shape in ngrams.values()):
        raise ValueError("its n-grams are not lists")
    return sum(shape[0] for shape in ngrams.values())


def _language_model_weights(
    model: ModelConfig, vocabs: Mapping[str, Vocab], ngrams: Shapes
) -> Shapes:
    return model.weight_shapes(len(vocabs["text"]), _num_rows(ngrams))


def _text_encoder_weights(
    model: TextEncoderConfig, vocabs: Mapping[str, AnyVocab], ngrams: Shapes
) -> Shapes:
    return model.weight_shapes(len(vocabs["source"]) + 1, len(vocabs["target"]), _num_rows(ngrams))


def _of_other_alphabet(data: DataConfig, vocabs: Mapping[str, Vocab]) -> str:
    is_other = data.is_bytes != vocabs["text"].is_bytes
    return "its vocabulary and its data differ in whether they are bytes" if is_other else ""


def _loss_in_words(metrics: Mapping[str, float]) -> str:
    loss = metrics.get("val_loss")
    return "" if loss is None else f"validation loss {loss:.4f} nats ({bits(loss):.3f} bits)"


def _error_rates_in_words(metrics: Mapping[str, float]) -> str:
    words, symbols = (metrics.get(f"val_{name}_error_rate") for name in ("word", "symbol"))
    if words is None or symbols is None:
        return ""
    return f"validation word error rate {percent(words)}, symbol error rate {percent(symbols)}"


def _accuracy_in_words(metrics: Mapping[str, float]) -> str:
    errors, macro_f1 = metrics.get("val_error_rate"), metrics.get("val_macro_f1")
    if errors is None or macro_f1 is None:
        return ""
    return f"validation accuracy {percent(1 - errors)}, macro F1 {percent(macro_f1)}"


def _encoder_decoder_weights(
    model: EncoderDecoderConfig, vocabs: Mapping[str, AnyVocab], constants: Shapes
) -> Shapes:
    return model.weight_shapes(len(vocabs["source"]) + 1, len(vocabs["target"]) + 1)


def _captioner_weights(
    model: CaptionerConfig, vocabs: Mapping[str, AnyVocab], constants: Shapes
) -> Shapes:
    return model.weight_shapes(len(vocabs["target"]) + 1)


def _of_other_symbols(data: PairsConfig, vocabs: Mapping[str, AnyVocab]) -> str:
    kinds = kinds_of(data)
    others = [name for name, vocab in vocabs.items() if kind_of(vocab) != kinds[name]]
    if not others:
        return ""
    return f"its {others[0]} vocabulary and its data differ in what a symbol is"


_pairs_schema = partial(
    Schema,
    vocabs={"source": SideVocab, "target": SideVocab},
    corpora={"pairs": PairFacts},
    contradiction=_of_other_symbols,
)

SCHEMAS: dict[str, Schema] = {
    task_names.LANGUAGE_MODEL: Schema(
        needs="0.7",
        learned="text",
        symbol="character",
        command="charrnn sample",
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
        in_words=_loss_in_words,
    ),
    task_names.SEQ2SEQ: _pairs_schema(
        needs="0.7",
        learned="pairs",
        flag="pairs",
        symbol="symbol",
        command="charrnn translate --run",
        model=EncoderDecoderConfig,
        data=PairsConfig,
        metrics=("word_error_rate", "symbol_error_rate", "loss"),
        weights=_encoder_decoder_weights,
        in_words=_error_rates_in_words,
        unused=_OF_A_TEXT | {"ngram_min_count"},
    ),
    task_names.CLASSIFY: _pairs_schema(
        needs="0.7",
        learned="labels",
        flag="labels",
        symbol="text",
        command="charrnn classify --run",
        model=ClassifierConfig,
        data=LabelsConfig,
        metrics=("error_rate", "macro_f1", "loss"),
        constants=_ngram_names,
        constant_problem=_ngram_problem,
        weights=_text_encoder_weights,
        in_words=_accuracy_in_words,
        unused=_OF_A_TEXT | {"target_symbols", "is_reversed"},
    ),
    task_names.GIVEN: _pairs_schema(
        needs="0.7",
        learned="given labels",
        flag="given",
        flag_value="label",
        symbol="symbol",
        command="charrnn sample --given LABEL --run",
        model=EncoderDecoderConfig,
        data=GivenConfig,
        metrics=("loss",),
        weights=_encoder_decoder_weights,
        in_words=_loss_in_words,
        unused=_OF_A_TEXT | {"ngram_min_count", "source_symbols", "is_reversed"},
    ),
    task_names.TAG: _pairs_schema(
        needs="0.7",
        learned="pairs in step",
        flag="in_step",
        symbol="symbol",
        command="charrnn translate --run",
        model=TaggerConfig,
        data=InStepConfig,
        metrics=("symbol_error_rate", "word_error_rate", "loss"),
        constants=_ngram_names,
        constant_problem=_ngram_problem,
        weights=_text_encoder_weights,
        in_words=_error_rates_in_words,
        unused=_OF_A_TEXT,
    ),
    task_names.CAPTION: _pairs_schema(
        needs="0.7",
        learned="captions",
        flag="images",
        flag_value="FOLDER",
        symbol="symbol",
        command="charrnn caption --run",
        model=CaptionerConfig,
        data=CaptionsConfig,
        metrics=("word_error_rate", "symbol_error_rate", "loss"),
        weights=_captioner_weights,
        in_words=_error_rates_in_words,
        unused=_OF_A_TEXT
        | {"ngram_min_count", "is_bytes", "is_reversed", "source_symbols", "source_normalise"},
    ),
}
