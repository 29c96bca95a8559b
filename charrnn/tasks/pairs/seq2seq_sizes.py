"""The sizes of an encoder–decoder that a person did not give: by pairs, machine and budget.

Two numbers decide: how many target symbols there are to learn from, and how many epochs of them fit
into the time. Small networks and small batches learn most in minutes; after many epochs a network
memorises the pairs, unless dropout keeps it from that. Every choice can be overruled by its
setting.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.cells import cell_spec
from charrnn.config import EncoderDecoderConfig, TrainConfig
from charrnn.tasks.size_tables import (
    reason,
    row,
    shared_batch,
    step_overhead,
    steps_between_validations,
)
from charrnn.tasks.task import Plan

# (target symbols to learn from, at least; hidden size; target symbols in a batch)
_SIZES = ((20_000_000, 384, 3000), (1_000_000, 256, 1500), (150_000, 192, 600), (0, 128, 450))
_WIDTHS = (512, 384, 256, 192, 128, 64)
_MANY_EPOCHS = 30  # where there is time for so many, the next wider network learns more
_FEW_EPOCHS = 3  # a network that is too wide to read the pairs so often is made narrower
_MIN_BATCH, _MAX_BATCH = 4, 512  # pairs
# (epochs, at least; dropout)
_DROPOUTS = ((15, 0.3), (6, 0.2), (3, 0.1), (0, 0.0))
_EPOCHS_IN_TRIAL = 15  # assumed before a trial has told what there is time for
# of a cell's rate in a language model, for 128 units
_RATES = {"soap": 0.6, "adamw": 0.3}


@dataclass(frozen=True)
class Facts:
    """What a plan is made for. Lengths are means, in symbols."""

    num_train: int  # pairs to train on
    num_val: int
    source_length: float
    target_length: float  # the boundary included
    source_size: int  # ids of a source symbol
    target_size: int
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
    batch_size, optimizer = (
        shared_batch(intended, num_train=facts.num_train, num_ranks=facts.num_ranks),
        TrainConfig.among(given).optimizer,
    )

    def cost_of(model: EncoderDecoderConfig) -> float:
        return step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)

    def epochs_of(model: EncoderDecoderConfig) -> float:
        assert arithmetic is not None
        return arithmetic / cost_of(model) * batch_size / facts.num_train

    model = _model(given, facts, epochs_of if arithmetic is not None else None)
    if steps is not None:
        epochs = steps * batch_size / facts.num_train
    elif arithmetic is not None:
        epochs = epochs_of(model)
    values: dict[str, Any] = {
        "dropout": row(_DROPOUTS, _EPOCHS_IN_TRIAL if epochs is None else epochs)[1],
        "learning_rate": _learning_rate(model, optimizer),
        **given,
        "batch_size": batch_size,
    }
    values.setdefault(
        "eval_every",
        steps_between_validations(facts.num_val, batch_size=batch_size, num_ranks=facts.num_ranks),
    )
    train = TrainConfig.among(values)
    shrunk = ""
    if "batch_size" in given and train.batch_size != intended:
        shrunk = f"there are too few pairs for batch {intended}: now batch {train.batch_size}"
    decided = reason(given, f"{facts.num_train:,} pairs", facts.device, arithmetic and epochs)
    why = f"{_described(model, train, facts)}: {decided}"
    return Plan(model, train, why, cost_of(model), shrunk)


def _model(
    given: Mapping[str, Any],
    facts: Facts,
    epochs_of: Callable[[EncoderDecoderConfig], float] | None,
) -> EncoderDecoderConfig:
    """Return the network: as wide as the pairs can teach, and as there is time for.

    `epochs_of` tells how many epochs there is time for with a network; None if that is not known.
    """
    usual = _sizes(facts)[1]
    if epochs_of is None or "hidden_size" in given:
        return EncoderDecoderConfig.among({"hidden_size": usual, **given})
    for width in _WIDTHS[_WIDTHS.index(usual) - 1 :]:
        model = EncoderDecoderConfig.among({**given, "hidden_size": width})
        if epochs_of(model) >= (_MANY_EPOCHS if width > usual else _FEW_EPOCHS):
            break
    return model


def _sizes(facts: Facts) -> tuple[int, int, int]:
    return row(_SIZES, facts.num_train * facts.target_length)


def _batch_size(facts: Facts) -> int:
    """Return how many pairs have the target symbols of a batch: a multiple of the processes."""
    pairs = min(_MAX_BATCH, max(_MIN_BATCH, round(_sizes(facts)[2] / facts.target_length)))
    return -(-pairs // facts.num_ranks) * facts.num_ranks


def _learning_rate(model: EncoderDecoderConfig, optimizer: str) -> float:
    """Return the peak learning rate: lower for wide networks, and for more than two layers."""
    rate = cell_spec(model.cell).learning_rates[optimizer] * _RATES[optimizer] * math.sqrt(2)
    rate *= math.sqrt(128 / max(64, model.hidden_size))
    return round(rate * min(1.0, 2 / max(model.encoder_layers, model.decoder_layers)), 6)


def cost(model: EncoderDecoderConfig, facts: Facts) -> float:
    """Return the multiply-adds of the forward pass for a pair; embeddings are looked up."""
    shapes = model.weight_shapes(facts.source_size, facts.target_size)
    total = 0.0
    for name, shape in shapes.items():
        if len(shape) == 2 and not name.endswith("embedding"):
            times = facts.source_length if name.startswith("encoder") else facts.target_length
            total += math.prod(shape) * (1 if name.startswith("bridge") else times)
    if model.attention != "none":
        total += 2 * model.memory_size * facts.source_length * facts.target_length
    return total


def step_cost(
    model: EncoderDecoderConfig, facts: Facts, *, batch_size: int, optimizer: str
) -> float:
    """Return what a step takes on each process, in multiply-adds of a forward pass."""
    shapes = model.weight_shapes(facts.source_size, facts.target_size)
    return batch_size / facts.num_ranks * cost(model, facts) + step_overhead(shapes, optimizer)


def _described(model: EncoderDecoderConfig, train: TrainConfig, facts: Facts) -> str:
    """Return the sizes in one line."""
    shapes = model.weight_shapes(facts.source_size, facts.target_size).values()
    size = f"{sum(math.prod(shape) for shape in shapes):,} parameters"
    attention = "no attention" if model.attention == "none" else f"{model.attention} attention"
    symbols = f"{facts.source_size - 1:,} source and {facts.target_size - 1:,} target symbols"
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    return f"{symbols}; {model} ({size}), {attention}, batch {train.batch_size}{dropout}"
