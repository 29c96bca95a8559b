"""From a corpus, a machine and a budget to the sizes of a run: what is chosen where a person gave
no number.

Two questions decide. How many characters can be read in the time? Few want a narrow network that
reads many of them, many want a wide one. And how often does that pass over the text? A text that
is read again and again is learned by heart, unless dropout keeps the network from it. Every choice
can be overruled by its flag. It knows numbers only, neither files nor tensors.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.config import ModelConfig, TrainConfig

DEFAULT_MINUTES = 3.0

# The widest network for a text of so many characters, whatever the time: (at least, hidden size).
_WIDEST = ((300_000, 65_536), (50_000, 256), (5_000, 128), (0, 64))
# (multiply-adds that there is time for, at least; hidden size)
_WIDTHS = (
    (5e14, 1024),
    (6e13, 512),
    (1.5e13, 384),
    (2e12, 256),
    (1e12, 192),
    (4e11, 128),
    (0.0, 96),
)
_WIDTH_IN_STEPS = 256  # where the budget says nothing about the time
# (times through the text, at least; dropout, dropout of the recurrent matrices)
_DROPOUTS = ((10, 0.3, 0.3), (4, 0.2, 0.0), (1.5, 0.1, 0.0), (0, 0.0, 0.0))
_LANES = ((20_000, 32), (5_000, 16), (0, 8))
_GPU_LANES, _GPU_WINDOW = 128, 128
# The highest rate with SOAP and with AdamW, for one layer of 256; it falls with the root of the
# width, and deeper networks want lower ones.
_LEARNING_RATES = {
    "soap": {"cifg": 1.2e-2, "lstm": 1.2e-2, "gru": 1.2e-2, "rnn": 6e-3},
    "adamw": {"cifg": 1.2e-2, "lstm": 1.2e-2, "gru": 8e-3, "rnn": 6e-3},
}
_EVALUATION_SHARE = 1 / 30  # of the time; to read without learning is three times faster
_LEAST_STEPS_BETWEEN = 100

# The fields that are chosen here when they are not given; their flags have no default of their own.
AUTO = frozenset({"cell", "hidden_size", "num_layers", "embedding_size", "ngrams", "skip"})
AUTO |= {"dropout", "weight_dropout", "batch_size", "seq_length", "learning_rate", "eval_every"}
AUTO |= {"steps", "device", "threads"}


@dataclass(frozen=True)
class Plan:
    """A complete configuration, and a sentence that says what was chosen and why."""

    model: ModelConfig
    train: TrainConfig
    why: str


def make(
    given: Mapping[str, Any],
    *,
    num_train: int,
    num_val: int,
    vocab_size: int,
    device: str,
    ngram_rows: int = 0,
    arithmetic: float | None = None,
) -> Plan:
    """Fill in every number that is not in `given` (the fields of both configurations by name).

    `ngram_rows` counts the embeddings besides those of the characters, for the sentence.
    `arithmetic` is the budget in multiply-adds of the forward pass (see `cost`); None where the
    budget is one of steps or epochs, which says little about the time. Lanes and window shrink to
    what the corpus can fill, also where they were given. `steps` is left at its default.
    """
    values: dict[str, Any] = {**ModelConfig().to_json(), "skip": given.get("ngrams") != 1, **given}
    if "hidden_size" not in given:
        afforded = _WIDTH_IN_STEPS
        if arithmetic is not None:
            afforded = next(width for least, width in _WIDTHS if arithmetic >= least)
        widest = next(width for least, width in _WIDEST if num_train >= least)
        values["hidden_size"] = min(afforded, widest)
    if "embedding_size" not in given and values["ngrams"] == 1:
        values["embedding_size"] = min(64, max(8, vocab_size))
    model = ModelConfig.among(values)
    epochs = (arithmetic or 0.0) / cost(model, vocab_size) / num_train
    if arithmetic is None and num_train < 300_000:
        epochs = 10.0  # a small text is soon read again and again
    _, values["dropout"], values["weight_dropout"] = next(
        row for row in _DROPOUTS if epochs >= row[0]
    )
    values["batch_size"] = next(lanes for least, lanes in _LANES if num_train >= least)
    if device.startswith("cuda") and num_train >= 1_000_000:
        values["batch_size"], values["seq_length"] = _GPU_LANES, _GPU_WINDOW
    values |= given
    kind = TrainConfig.among(values).optimizer
    rate = _LEARNING_RATES[kind].get(model.cell, 0.0) / max(1, model.num_layers) ** 2
    values.setdefault("learning_rate", round(rate * (256 / max(64, model.hidden_size)) ** 0.5, 6))
    wanted = (values.setdefault("batch_size", 32), values.setdefault("seq_length", 48))
    values["seq_length"] = max(1, min(values["seq_length"], num_train - 1))
    values["batch_size"] = max(
        1, min(values["batch_size"], (num_train - 1) // values["seq_length"])
    )
    shrunk = wanted != (values["batch_size"], values["seq_length"])
    chars_per_step = values["batch_size"] * values["seq_length"]
    steps_of_evaluation = num_val / 3 / chars_per_step
    values.setdefault(
        "eval_every", max(_LEAST_STEPS_BETWEEN, round(steps_of_evaluation / _EVALUATION_SHARE))
    )
    train = TrainConfig.among(values)
    size = f"{model.num_parameters(vocab_size, ngram_rows):,} parameters"
    why = _sentence(model, train, given, num_train, epochs, shrunk=shrunk, size=size)
    return Plan(model, train, why)


def cost(model: ModelConfig, vocab_size: int) -> float:
    """Multiply-adds of the forward pass for a character, but for the look-up of embeddings."""
    shapes = model.weight_shapes(vocab_size)
    del shapes["embedding"]
    return sum(math.prod(shape) for shape in shapes.values() if len(shape) == 2)


def _sentence(
    model: ModelConfig,
    train: TrainConfig,
    given: Mapping[str, Any],
    num_train: int,
    epochs: float,
    *,
    shrunk: bool,
    size: str,
) -> str:
    """The one line that says what was chosen and why."""
    shape = f"{model.cell} {model.num_layers}×{model.hidden_size} ({size})"
    reads = f"reading 1- to {model.ngrams}-grams" if model.ngrams > 1 else "reading characters"
    lanes = "1 lane" if train.batch_size == 1 else f"{train.batch_size} lanes"
    windows = f"{lanes} of {train.seq_length}"
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    if shrunk:
        why = f"{num_train:,} characters fill no more"
    elif "hidden_size" in given:
        why = "as given"
    elif epochs:
        why = f"the time is for {_rounded(epochs)} readings of {num_train:,} characters"
    else:
        why = f"for {num_train:,} characters on {train.device}"
    return f"{shape}, {reads}, {windows}{dropout}: {why}"


def _rounded(number: float) -> str:
    """Two digits of a number that is only known roughly."""
    return f"{number:.2g}" if number < 100 else f"{number:,.0f}"


def epochs_to_steps(epochs: float, *, num_train: int, train: TrainConfig) -> int:
    """How many steps read the training split that many times."""
    return max(1, round(epochs * (num_train - 1) / (train.batch_size * train.seq_length)))
