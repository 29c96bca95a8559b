"""From a corpus and a machine to the sizes of a run: what is chosen where a person gave no number.

Small texts get small networks and dropout, for they would be learned by heart; large ones the
width that two CPU cores train to readable text in minutes. Every choice can be overruled by its
flag. It knows numbers only, neither files nor tensors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.config import ModelConfig, TrainConfig

DEFAULT_MINUTES = 3.0

# (characters to learn from, at least), hidden size, dropout, lanes, window
_SIZES = (
    (300_000, 256, 0.0, 32, 48),
    (50_000, 192, 0.2, 32, 48),
    (5_000, 128, 0.3, 16, 48),
    (0, 64, 0.3, 8, 32),
)
_GPU_SIZES = ((10_000_000, 1024, 0.0, 128, 128), (1_000_000, 512, 0.1, 64, 128))
# What learned best on a million characters with one layer; deeper networks want lower rates.
_LEARNING_RATES = {"lstm": 1.2e-2, "gru": 8e-3, "rnn": 6e-3}
_EVALUATION_SHARE = 1 / 12  # of the time; to read without learning is three times faster
_LEAST_STEPS_BETWEEN = 100
_MODEL = ModelConfig()

# The fields that are chosen here when they are not given; their flags have no default of their own.
AUTO = frozenset({"cell", "hidden_size", "num_layers", "embedding_size", "dropout", "batch_size"})
AUTO |= {"seq_length", "learning_rate", "eval_every", "steps", "device", "threads"}


@dataclass(frozen=True)
class Plan:
    """A complete configuration, and a sentence that says what was chosen and why."""

    model: ModelConfig
    train: TrainConfig
    why: str


def make(
    given: Mapping[str, Any], *, num_train: int, num_val: int, vocab_size: int, device: str
) -> Plan:
    """Fill in every number that is not in `given` (the fields of both configurations by name).

    Lanes and window shrink to what the corpus can fill, also where they were given. `steps` is
    left at its default where it is not given: only a measurement of the machine can turn minutes
    into steps.
    """
    sizes = (_GPU_SIZES if device.startswith("cuda") else ()) + _SIZES
    _, hidden, dropout, lanes, window = next(row for row in sizes if num_train >= row[0])
    embedding = min(64, max(8, vocab_size))
    chosen = {
        "hidden_size": hidden,
        "embedding_size": embedding,
        "dropout": dropout,
        "batch_size": lanes,
        "seq_length": window,
    }
    values: dict[str, Any] = {**_MODEL.to_json(), **chosen, **given}
    rate = _LEARNING_RATES.get(values["cell"], 0.0) / max(1, values["num_layers"]) ** 2
    values.setdefault("learning_rate", round(rate, 6))
    wanted = (values["batch_size"], values["seq_length"])
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
    model, train = ModelConfig.among(values), TrainConfig.among(values)
    return Plan(model, train, _sentence(model, train, given, num_train, vocab_size, shrunk=shrunk))


def _sentence(
    model: ModelConfig,
    train: TrainConfig,
    given: Mapping[str, Any],
    num_train: int,
    vocab_size: int,
    *,
    shrunk: bool,
) -> str:
    """The one line that says what was chosen and why."""
    size = f"{model.num_parameters(vocab_size):,} parameters"
    shape = f"{model.cell} {model.num_layers}×{model.hidden_size} ({size})"
    lanes = "1 lane" if train.batch_size == 1 else f"{train.batch_size} lanes"
    windows = f"{lanes} of {train.seq_length}"
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    if shrunk:
        why = f"{num_train:,} characters fill no more"
    elif "hidden_size" in given:
        why = "as given"
    else:
        why = f"for {num_train:,} characters on {train.device}"
    return f"{shape}, {windows}{dropout}: {why}"


def epochs_to_steps(epochs: float, *, num_train: int, train: TrainConfig) -> int:
    """How many steps read the training split that many times."""
    return max(1, round(epochs * (num_train - 1) / (train.batch_size * train.seq_length)))


def minutes_to_steps(
    seconds_left: float,
    *,
    seconds_per_step: float,
    seconds_per_evaluation: float,
    eval_every: int,
) -> int:
    """How many steps fit into the time, with an evaluation every so often and two at the end."""
    seconds = seconds_left - 2 * seconds_per_evaluation
    return max(1, int(seconds / (seconds_per_step + seconds_per_evaluation / eval_every)))
