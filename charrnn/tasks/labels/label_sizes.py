"""The sizes of a classifier that a person did not give: by texts, machine and budget.

A text teaches one decision, however long it is, so networks are small; what they read of a text are
n-grams besides characters, of which there are many more than texts. Dropout is strong for that
reason, and stronger where texts are long: what is left still has what decides. Every choice can be
overruled by its setting. What was measured: benchmarks/README.md, tasks.py.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.cells import cell_spec
from charrnn.config import ClassifierConfig, TrainConfig
from charrnn.tasks.size_tables import (
    reason,
    row,
    shared_batch,
    step_overhead,
    steps_between_validations,
)
from charrnn.tasks.task import Plan

# (texts to learn from, at least; hidden size; texts in a batch)
_SIZES = (
    (1_000_000, 256, 256), (100_000, 192, 128), (10_000, 128, 64), (5_000, 64, 64), (0, 64, 32)
)  # fmt: skip
_NARROWEST = 32
_FEW_EPOCHS = 3  # a network that is too wide to read the texts so often is made narrower
# (epochs, at least; dropout, of long texts and of short ones; of recurrent weights, of long texts)
_DROPOUTS = ((6, 0.7, 0.5, 0.5), (3, 0.5, 0.4, 0.3), (1, 0.3, 0.3, 0.0), (0, 0.1, 0.1, 0.0))
_LONG = 50  # symbols
NGRAM_MIN_COUNT = 2  # a rare n-gram tells much; of one that occurs once, nothing is learned
_EPOCHS_IN_TRIAL = 6  # assumed before a trial has told what there is time for
_MAX_SYMBOLS = 8000  # in a batch, about
_RATES = {"soap": 0.6, "adamw": 0.4}  # of a cell's rate in a language model, for 128 units


@dataclass(frozen=True)
class Facts:
    """What a plan is made for."""

    num_train: int  # texts to train on
    num_val: int
    length: float  # symbols of a text, in the mean
    source_size: int  # ids of a symbol
    num_labels: int
    ngram_rows: int
    device: str
    num_ranks: int = 1  # processes that share each batch evenly


def make(
    given: Mapping[str, Any],
    facts: Facts,
    *,
    arithmetic: float | None = None,
    steps: int | None = None,
    epochs: float | None = None,
) -> Plan:
    """Fill in every number that is not in `given` (the fields of both configurations by name).

    The budget is in one of three units: `arithmetic` (multiply-adds as `step_cost` counts them),
    `steps` or `epochs`. The batch shrinks to the number of texts, also where it was given.
    The plan's `steps` are left at their default.
    """
    intended = given.get("batch_size", _batch_size(facts))
    batch_size = shared_batch(intended, num_train=facts.num_train, num_ranks=facts.num_ranks)
    optimizer = TrainConfig.among(given).optimizer

    def epochs_of(model: ClassifierConfig) -> float:
        assert arithmetic is not None
        each = step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)
        return arithmetic / each * batch_size / facts.num_train

    model = _model(given, facts, epochs_of if arithmetic is not None else None)
    if steps is not None:
        epochs = steps * batch_size / facts.num_train
    elif arithmetic is not None:
        epochs = epochs_of(model)
    values: dict[str, Any] = {
        **_dropouts(facts, _EPOCHS_IN_TRIAL if epochs is None else epochs),
        "ngram_min_count": NGRAM_MIN_COUNT,
        "learning_rate": _learning_rate(model, optimizer),
        "eval_every": steps_between_validations(
            facts.num_val, batch_size=batch_size, num_ranks=facts.num_ranks
        ),
        **given,
        "batch_size": batch_size,
    }
    train = TrainConfig.among(values)
    shrunk = ""
    if "batch_size" in given and train.batch_size != intended:
        shrunk = f"there are too few texts for batch {intended}: now batch {train.batch_size}"
    decided = reason(given, f"{facts.num_train:,} texts", facts.device, arithmetic and epochs)
    cost = step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)
    return Plan(model, train, f"{_described(model, train, facts)}: {decided}", cost, shrunk)


def _model(
    given: Mapping[str, Any],
    facts: Facts,
    epochs_of: Callable[[ClassifierConfig], float] | None,
) -> ClassifierConfig:
    """Return the network: as wide as the texts can teach, and as there is time for.

    `epochs_of` tells how many epochs there is time for with a network; None if that is not known.
    """
    width = row(_SIZES, facts.num_train)[1]
    model = ClassifierConfig.among({"hidden_size": width, **given})
    while epochs_of is not None and "hidden_size" not in given and width > _NARROWEST:
        if epochs_of(model) >= _FEW_EPOCHS:
            break
        width //= 2
        model = ClassifierConfig.among({**given, "hidden_size": width})
    return model


def _batch_size(facts: Facts) -> int:
    """Return how many texts are in a batch, fewer if they are long: a multiple of the processes."""
    texts = min(row(_SIZES, facts.num_train)[2], max(4, int(_MAX_SYMBOLS / facts.length)))
    return -(-texts // facts.num_ranks) * facts.num_ranks


def _dropouts(facts: Facts, epochs: float) -> dict[str, float]:
    _, of_long, of_short, recurrent = row(_DROPOUTS, epochs)
    if facts.length < _LONG:
        return {"dropout": of_short, "weight_dropout": 0.0}
    return {"dropout": of_long, "weight_dropout": recurrent}


def _learning_rate(model: ClassifierConfig, optimizer: str) -> float:
    """Return the peak learning rate: lower for wide networks, and for more than two layers."""
    rate = cell_spec(model.cell).learning_rates[optimizer] * _RATES[optimizer] * math.sqrt(2)
    rate *= math.sqrt(128 / max(64, model.hidden_size))
    return round(rate * min(1.0, 2 / model.encoder_layers), 6)


def cost(model: ClassifierConfig, facts: Facts) -> float:
    """Return the multiply-adds of the forward pass for a text; embeddings are looked up."""
    shapes = _shapes(model, facts)
    total = float(math.prod(shapes["head.weight"]))
    for name, shape in shapes.items():
        if len(shape) == 2 and name.startswith("encoder"):
            total += math.prod(shape) * (facts.length + 2)
    return total


def step_cost(model: ClassifierConfig, facts: Facts, *, batch_size: int, optimizer: str) -> float:
    """Return what a step takes on each process, in multiply-adds of a forward pass."""
    overhead = step_overhead(_shapes(model, facts), optimizer)
    return batch_size / facts.num_ranks * cost(model, facts) + overhead


def _shapes(model: ClassifierConfig, facts: Facts) -> dict[str, tuple[int, ...]]:
    return model.weight_shapes(facts.source_size, facts.num_labels, facts.ngram_rows)


def _described(model: ClassifierConfig, train: TrainConfig, facts: Facts) -> str:
    """Return the sizes in one line."""
    size = f"{sum(map(math.prod, _shapes(model, facts).values())):,} parameters"
    ngrams = f", n-grams up to {model.ngrams}" if model.ngrams > 1 else ""
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    return f"{model} ({size}){ngrams}, batch {train.batch_size}{dropout}"
