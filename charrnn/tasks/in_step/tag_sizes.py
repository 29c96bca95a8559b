"""The sizes of a tagger that a person did not give: by symbols, machine and budget.

Every symbol teaches a decision, so there is much to learn from; n-grams tell most decisions, and
the recurrence the rest. Every choice can be overruled by its setting.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.cells import cell_spec
from charrnn.config import TaggerConfig, TrainConfig
from charrnn.tasks.size_tables import (
    reason,
    row,
    shared_batch,
    step_overhead,
    steps_between_validations,
)
from charrnn.tasks.task import Plan

# (target symbols to learn from, at least; hidden size; symbols in a batch)
_SIZES = ((20_000_000, 384, 4000), (1_000_000, 256, 2000), (150_000, 192, 1000), (0, 128, 500))
_NARROWEST = 64
_FEW_EPOCHS = 3  # a network that is too wide to read the pairs so often is made narrower
_MAX_BATCH = 512  # pairs
# (epochs, at least; dropout)
_DROPOUTS = ((30, 0.4), (10, 0.3), (4, 0.2), (1, 0.1), (0, 0.0))
_EPOCHS_IN_TRIAL = 4  # assumed before a trial has told what there is time for
_RATES = {"soap": 0.6, "adamw": 0.4}  # of a cell's rate in a language model, for 128 units


@dataclass(frozen=True)
class Facts:
    """What a plan is made for."""

    num_train: int  # pairs to train on
    num_val: int
    length: float  # symbols of a source, in the mean
    source_size: int  # ids of a symbol
    target_size: int  # symbols of targets
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
    `steps` or `epochs`. The batch shrinks to the number of pairs, also where it was given.
    The plan's `steps` are left at their default.
    """
    intended = given.get("batch_size", _batch_size(facts))
    batch_size = shared_batch(intended, num_train=facts.num_train, num_ranks=facts.num_ranks)
    optimizer = TrainConfig.among(given).optimizer

    def epochs_of(model: TaggerConfig) -> float:
        assert arithmetic is not None
        each = step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)
        return arithmetic / each * batch_size / facts.num_train

    model = _model(given, facts, epochs_of if arithmetic is not None else None)
    if steps is not None:
        epochs = steps * batch_size / facts.num_train
    elif arithmetic is not None:
        epochs = epochs_of(model)
    values: dict[str, Any] = {
        "dropout": row(_DROPOUTS, _EPOCHS_IN_TRIAL if epochs is None else epochs)[1],
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
        shrunk = f"there are too few pairs for batch {intended}: now batch {train.batch_size}"
    decided = reason(given, f"{facts.num_train:,} pairs", facts.device, arithmetic and epochs)
    cost = step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)
    return Plan(model, train, f"{_described(model, train, facts)}: {decided}", cost, shrunk)


def _model(
    given: Mapping[str, Any],
    facts: Facts,
    epochs_of: Callable[[TaggerConfig], float] | None,
) -> TaggerConfig:
    """Return the network: as wide as the pairs can teach, and as there is time for.

    `epochs_of` tells how many epochs there is time for with a network; None if that is not known.
    """
    width = _sizes(facts)[1]
    model = TaggerConfig.among({"hidden_size": width, **given})
    while epochs_of is not None and "hidden_size" not in given and width > _NARROWEST:
        if epochs_of(model) >= _FEW_EPOCHS:
            break
        width = max(_NARROWEST, width // 2)
        model = TaggerConfig.among({**given, "hidden_size": width})
    return model


def _sizes(facts: Facts) -> tuple[int, int, int]:
    return row(_SIZES, facts.num_train * facts.length)


def _batch_size(facts: Facts) -> int:
    """Return how many pairs have the symbols of a batch: a multiple of the processes."""
    pairs = min(_MAX_BATCH, max(1, round(_sizes(facts)[2] / facts.length)))
    return -(-pairs // facts.num_ranks) * facts.num_ranks


def _learning_rate(model: TaggerConfig, optimizer: str) -> float:
    """Return the peak learning rate: lower for wide networks, and for more than two layers."""
    rate = cell_spec(model.cell).learning_rates[optimizer] * _RATES[optimizer] * math.sqrt(2)
    rate *= math.sqrt(128 / max(64, model.hidden_size))
    return round(rate * min(1.0, 2 / model.encoder_layers), 6)


def cost(model: TaggerConfig, facts: Facts) -> float:
    """Return the multiply-adds of the forward pass for a pair; embeddings are looked up."""
    matrices = [
        math.prod(shape)
        for name, shape in _shapes(model, facts).items()
        if len(shape) == 2 and name != "embedding"
    ]
    return sum(matrices) * (facts.length + 2)


def step_cost(model: TaggerConfig, facts: Facts, *, batch_size: int, optimizer: str) -> float:
    """Return what a step takes on each process, in multiply-adds of a forward pass."""
    overhead = step_overhead(_shapes(model, facts), optimizer)
    return batch_size / facts.num_ranks * cost(model, facts) + overhead


def _shapes(model: TaggerConfig, facts: Facts) -> dict[str, tuple[int, ...]]:
    return model.weight_shapes(facts.source_size, facts.target_size, facts.ngram_rows)


def _described(model: TaggerConfig, train: TrainConfig, facts: Facts) -> str:
    """Return the sizes in one line."""
    size = f"{sum(map(math.prod, _shapes(model, facts).values())):,} parameters"
    symbols = f"{facts.source_size - 1:,} source and {facts.target_size:,} target symbols"
    causal = ", causal" if model.is_causal else ""
    ngrams = f", n-grams up to {model.ngrams}" if model.ngrams > 1 else ""
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    return f"{symbols}; {model}{causal} ({size}){ngrams}, batch {train.batch_size}{dropout}"
