"""The sizes of a run that a person did not give: chosen by corpus, machine and budget.

Two questions decide. How many characters can be read in the time? Where few can, a narrow network
that reads more of them is better; where many can, a wide one. And how many epochs is that? After
many epochs the network memorises the text, unless dropout keeps it from that. Every choice can be
overruled by its setting.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import cell_spec
from charrnn.config import ModelConfig, TrainConfig
from charrnn.tasks.size_tables import reason, row
from charrnn.tasks.task import Plan

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
# (epochs, at least; dropout, dropout of the recurrent matrices)
_DROPOUTS = ((15, 0.3, 0.3), (8, 0.2, 0.0), (3, 0.1, 0.0), (0, 0.0, 0.0))
_WEIGHT_DECAY = 0.1
_LANES = ((20_000, 32), (5_000, 16), (0, 8))
_GPU_LANES, _GPU_WINDOW = 128, 128
_COST_OF_WINDOW = 4  # of beginning one, in characters
_EVALUATION_SHARE = 1 / 30  # of the time
_EVALUATION_SPEED = 3  # times faster than training
_LEAST_STEPS_BETWEEN = 100


@dataclass(frozen=True)
class Facts:
    """What a plan is made for."""

    num_train: int  # characters to train on
    num_val: int  # characters to validate on
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
    per_char = cost(model, facts.vocab_size)
    epochs = None if arithmetic is None else arithmetic / per_char / facts.num_train
    values: dict[str, Any] = {**_learning(facts, epochs), **given}
    values.setdefault("learning_rate", _learning_rate(model, TrainConfig.among(values).optimizer))
    intended = values["batch_size"], values["seq_length"]
    lanes, window = _shrunk(*intended, facts)
    values |= {"seq_length": window, "batch_size": lanes}
    values.setdefault("eval_every", _eval_every(facts, lanes * window))
    train = TrainConfig.among(values)
    is_shrunk = intended != (lanes, window)
    why = reason(given, f"{facts.num_train:,} characters", facts.device, epochs)
    if is_shrunk:
        why = "the text is too short for a larger batch"
    shrunk = ""
    if is_shrunk and {"batch_size", "seq_length"} & given.keys():
        shrunk = (
            f"the text is too short for batch {intended[0]}, sequence length {intended[1]}:"
            f" now batch {lanes}, sequence length {window}"
        )
    sizes = f"{facts.vocab_size:,} distinct characters; {_described(model, train, facts)}"
    return Plan(model, train, f"{sizes}: {why}", per_char * lanes * window, shrunk)


def _shrunk(lanes: int, window: int, facts: Facts) -> tuple[int, int]:
    """Return the lanes and the window that the corpus can fill; lanes a multiple of the ranks."""
    window = max(1, min(window, facts.num_train - 1))
    most = max(1, (facts.num_train - 1) // window)
    return min(lanes, most // facts.num_ranks * facts.num_ranks or most), window


def _eval_every(facts: Facts, chars_per_step: int) -> int:
    """Return the steps between validations. One of the ranks validates, the others wait."""
    num_steps = facts.num_val / _EVALUATION_SPEED / chars_per_step * facts.num_ranks
    return max(_LEAST_STEPS_BETWEEN, round(num_steps / _EVALUATION_SHARE))


def _learning_rate(model: ModelConfig, optimizer: str) -> float:
    """Return the peak learning rate: lower for wide networks, and much lower for deep ones."""
    rate = cell_spec(model.cell).learning_rates[optimizer]
    rate *= math.sqrt(256 / max(64, model.hidden_size))
    return round(rate / model.num_layers**2, 6)


def _model(given: Mapping[str, Any], facts: Facts, arithmetic: float | None) -> ModelConfig:
    """Return the network: as wide as there is time for, but no wider than the text can teach."""
    values: dict[str, Any] = {"skip": given.get("ngrams") != 1, **given}
    if given.get("ngrams") == 1:
        values.setdefault("embedding_size", min(64, max(8, facts.vocab_size)))
    width = _WIDTH_IN_STEPS if arithmetic is None else row(_WIDTHS, arithmetic)[1]
    values.setdefault("hidden_size", min(width, row(_WIDEST, facts.num_train)[1]))
    return ModelConfig.among(values)


def _learning(facts: Facts, epochs: float | None) -> dict[str, Any]:
    """Return lanes, window and dropout; `epochs` is how many there is time for, if known."""
    if epochs is None:  # a small text is soon read many times
        epochs = _DROPOUTS[0][0] if facts.num_train < _WIDEST[0][0] else 0
    _, dropout, weight_dropout = row(_DROPOUTS, epochs)
    lanes, window = row(_LANES, facts.num_train)[1], TrainConfig().seq_length
    if facts.device.startswith("cuda") and facts.num_train >= 1_000_000:
        lanes, window = _GPU_LANES, _GPU_WINDOW
    if facts.record_lengths is not None:
        chars_per_step = lanes * window
        window = _window_for(facts.record_lengths, longest=2 * window)
        lanes = chars_per_step // window
    lanes = -(-lanes // facts.num_ranks) * facts.num_ranks
    return {
        "dropout": dropout,
        "weight_dropout": weight_dropout,
        "weight_decay": _WEIGHT_DECAY,
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


def cost(model: ModelConfig, vocab_size: int) -> float:
    """Return the multiply-adds of the forward pass for a character; embeddings are looked up."""
    shapes = model.weight_shapes(vocab_size)
    del shapes["embedding"]
    return sum(math.prod(shape) for shape in shapes.values() if len(shape) == 2)


def _described(model: ModelConfig, train: TrainConfig, facts: Facts) -> str:
    """Return the sizes in one line."""
    size = f"{model.num_parameters(facts.vocab_size, facts.ngram_rows):,} parameters"
    reads = f"reading 1- to {model.ngrams}-grams" if model.ngrams > 1 else "reading characters"
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    batch = f"batch {train.batch_size}, sequence length {train.seq_length}"
    return f"{model} ({size}), {reads}, {batch}{dropout}"
