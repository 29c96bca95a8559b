"""From a corpus, a machine and a budget to the sizes of a run: what is chosen where a person gave
no number.

Two questions decide. How many characters can be read in the time? Few want a narrow network that
reads many of them, many want a wide one. And how often does that pass over the text? A text that
is read again and again is learned by heart, unless dropout keeps the network from it. Every choice
can be overruled by its flag. It knows numbers only, neither files nor tensors.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import cell_spec
from charrnn.config import ModelConfig, TrainConfig
from charrnn.errors import SettingError

DEFAULT_MINUTES = 3.0

# The widest network for a text of so many characters, whatever the time: (at least, hidden size).
_WIDEST = ((300_000, 65_536), (50_000, 256), (5_000, 128), (0, 64))
# (multiply-adds that there is time for, at least; hidden size)
_WIDTHS = (
    (5e14, 1024),
    (2e13, 512),
    (6e12, 384),
    (2e12, 256),
    (1e12, 192),
    (4e11, 128),
    (0.0, 96),
)
_WIDTH_IN_STEPS = 256  # where the budget says nothing about the time
# (times through the text, at least; dropout, dropout of the recurrent matrices)
_DROPOUTS = ((15, 0.3, 0.3), (6, 0.2, 0.0), (4, 0.1, 0.0), (0, 0.0, 0.0))
_LANES = ((20_000, 32), (5_000, 16), (0, 8))
_GPU_LANES, _GPU_WINDOW = 128, 128
_COST_OF_WINDOW = 4  # what to begin one costs, in characters
_EVALUATION_SHARE = 1 / 30  # of the time; to read without learning is three times faster
_LEAST_STEPS_BETWEEN = 100


@dataclass(frozen=True)
class Budget:
    """How long to train: at most one of the three."""

    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = {
            name: value for name, value in dataclasses.asdict(self).items() if value is not None
        }
        if len(given) > 1:
            lengths = " and ".join(f"{name} {value}" for name, value in given.items())
            raise SettingError(f"{lengths} were both given", "choose one", *given)
        for name, value in given.items():
            if not 0 < value < 1e15:
                hint = "it must be greater than 0"
                raise SettingError(f"{name} {value} is out of range", hint, name)

    @property
    def seconds(self) -> float:
        """The time there is, where the length is one of time."""
        return 60 * (DEFAULT_MINUTES if self.minutes is None else self.minutes)

    def counted_steps(self, steps_per_epoch: float) -> int | None:
        """Steps since the run's birth; None if the length is one of time."""
        if self.steps is not None:
            return self.steps
        if self.epochs is not None:
            return max(1, round(self.epochs * steps_per_epoch))
        return None


@dataclass(frozen=True)
class Plan:
    """A complete configuration, and a sentence that says what was chosen and why."""

    model: ModelConfig
    train: TrainConfig
    why: str
    shrunk: str = ""  # a sentence, where the text is too short for what was given


@dataclass(frozen=True)
class Facts:
    """What a plan is made for."""

    num_train: int  # characters to learn from
    num_val: int  # and to validate on
    vocab_size: int
    ngram_rows: int  # embeddings besides those of the characters
    device: str
    record_lengths: npt.NDArray[np.int64] | None = None  # characters of each; None without records
    num_ranks: int = 1  # processes that share the lanes evenly


def make(given: Mapping[str, Any], facts: Facts, *, arithmetic: float | None = None) -> Plan:
    """Fill in every number that is not in `given` (the fields of both configurations by name).

    `arithmetic` is the budget in multiply-adds of the forward pass (see `cost`); None where the
    budget is one of steps or epochs, which says little about the time. Lanes and window shrink to
    what the corpus can fill, also where they were given. `steps` is left at its default.
    """
    model = _model(given, facts, arithmetic)
    readings = 0.0 if arithmetic is None else arithmetic / cost(model, facts) / facts.num_train
    values: dict[str, Any] = {**_learning(model, facts, readings, arithmetic is not None), **given}
    values.setdefault("learning_rate", _learning_rate(model, TrainConfig.among(values).optimizer))
    wanted = values["batch_size"], values["seq_length"]
    window = max(1, min(values["seq_length"], facts.num_train - 1))
    fitting = max(1, (facts.num_train - 1) // window)
    lanes = min(values["batch_size"], fitting // facts.num_ranks * facts.num_ranks or fitting)
    values |= {"seq_length": window, "batch_size": lanes}
    steps_of_evaluation = facts.num_val / 3 / (lanes * window) * facts.num_ranks  # by one of them
    often = max(_LEAST_STEPS_BETWEEN, round(steps_of_evaluation / _EVALUATION_SHARE))
    values.setdefault("eval_every", often)
    train = TrainConfig.among(values)
    if wanted != (lanes, window):
        why = "the text is too short for a larger batch"
    elif "hidden_size" in given:
        why = "as given"
    elif readings:
        epochs = _rounded(readings)
        why = f"enough time for {epochs} epoch{'' if epochs == '1' else 's'}"
    else:
        why = f"for {facts.num_train:,} characters on {facts.device}"
    shrunk = ""
    if wanted != (lanes, window) and {"batch_size", "seq_length"} & given.keys():
        shrunk = (
            f"the text is too short for batch {wanted[0]}, sequence length {wanted[1]}:"
            f" now batch {lanes}, sequence length {window}"
        )
    return Plan(model, train, f"{_described(model, train, facts)}: {why}", shrunk)


def _learning_rate(model: ModelConfig, optimizer: str) -> float:
    """Return the peak learning rate: lower for wide networks, and much lower for deep ones."""
    rate = cell_spec(model.cell).learning_rates[optimizer]
    rate *= math.sqrt(256 / max(64, model.hidden_size))
    return round(rate / model.num_layers**2, 6)


def _model(given: Mapping[str, Any], facts: Facts, arithmetic: float | None) -> ModelConfig:
    """The network: as wide as there is time for, and no wider than the text can teach."""
    values: dict[str, Any] = {"skip": given.get("ngrams") != 1, **given}
    if given.get("ngrams") == 1:
        values.setdefault("embedding_size", min(64, max(8, facts.vocab_size)))
    afforded = _WIDTH_IN_STEPS
    if arithmetic is not None:
        afforded = _row(_WIDTHS, arithmetic)[1]
    values.setdefault("hidden_size", min(afforded, _row(_WIDEST, facts.num_train)[1]))
    return ModelConfig.among(values)


def _learning(model: ModelConfig, facts: Facts, readings: float, is_timed: bool) -> dict[str, Any]:
    """Lanes, window and dropout; `readings` is how many times there is time to read the text."""
    if not is_timed and facts.num_train < _WIDEST[0][0]:
        readings = _DROPOUTS[0][0]  # a small text is soon read again and again
    _, dropout, weight_dropout = _row(_DROPOUTS, readings)
    lanes, window = _row(_LANES, facts.num_train)[1], TrainConfig().seq_length
    if facts.device.startswith("cuda") and facts.num_train >= 1_000_000:
        lanes, window = _GPU_LANES, _GPU_WINDOW
    if facts.record_lengths is not None:
        fitting = _window_for(facts.record_lengths, longest=2 * window)
        lanes, window = lanes * window // fitting, fitting
    lanes = -(-lanes // facts.num_ranks) * facts.num_ranks
    return {
        "dropout": dropout,
        "weight_dropout": weight_dropout,
        "batch_size": lanes,
        "seq_length": window,
    }


def _window_for(lengths_R: npt.NDArray[np.int64], *, longest: int) -> int:
    """Choose the window length that wastes the least padding on these records."""
    lengths, counts = np.unique(lengths_R, return_counts=True)
    windows = range(min(int(lengths[-1]), 8), min(int(lengths[-1]), longest) + 1)
    costs = [
        int((-(-lengths // window) * counts).sum()) * (window + _COST_OF_WINDOW)
        for window in windows
    ]
    return windows[int(np.argmin(costs))]


def _row(table: Sequence[tuple[Any, ...]], number: float) -> tuple[Any, ...]:
    """The first row whose first entry is no greater; the last one begins at 0."""
    return next(row for row in table if number >= row[0])


def cost(model: ModelConfig, facts: Facts) -> float:
    """Multiply-adds of the forward pass for a character, but for the look-up of embeddings."""
    shapes = model.weight_shapes(facts.vocab_size)
    del shapes["embedding"]
    return sum(math.prod(shape) for shape in shapes.values() if len(shape) == 2)


def cost_of_step(planned: Plan, facts: Facts) -> float:
    """Multiply-adds of the forward pass for a step."""
    return cost(planned.model, facts) * planned.train.batch_size * planned.train.seq_length


def _described(model: ModelConfig, train: TrainConfig, facts: Facts) -> str:
    """The sizes, in a line."""
    size = f"{model.num_parameters(facts.vocab_size, facts.ngram_rows):,} parameters"
    reads = f"reading 1- to {model.ngrams}-grams" if model.ngrams > 1 else "reading characters"
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    batch = f"batch {train.batch_size}, sequence length {train.seq_length}"
    return f"{model} ({size}), {reads}, {batch}{dropout}"


def _rounded(number: float) -> str:
    """Two digits of a number that is only known roughly."""
    return f"{number:.2g}" if number < 100 else f"{number:,.0f}"
