"""The sizes of a captioner that a person did not give: by captions, pictures, machine and budget.

A picture is read once for each caption, which takes about as long as to read the caption. Every
choice can be overruled by its setting.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.cells import cell_spec
from charrnn.config import CaptionerConfig, TrainConfig
from charrnn.tasks.size_tables import (
    reason,
    row,
    shared_batch,
    step_overhead,
    steps_between_validations,
)
from charrnn.tasks.task import Plan

# (symbols of captions to learn from, at least; hidden size; captions in a batch)
_SIZES = ((20_000_000, 384, 64), (1_000_000, 256, 64), (0, 128, 32))
_NARROWEST = 64
_FEW_EPOCHS = 3  # a network that is too wide to read the captions so often is made narrower
# (epochs, at least; dropout)
_DROPOUTS = ((15, 0.3), (3, 0.2), (0, 0.0))
_EPOCHS_IN_TRIAL = 15  # assumed before a trial has told what there is time for
_RATES = {"soap": 0.3, "adamw": 0.15}  # of a cell's rate in a language model, for 128 units


@dataclass(frozen=True)
class Facts:
    """What a plan is made for."""

    num_train: int  # captions to train on
    num_val: int
    image_size: int  # pixels in each direction
    target_length: float  # symbols of a caption, the boundary included, in the mean
    target_size: int  # ids of a symbol
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
    `steps` or `epochs`. The batch shrinks to the number of captions, also where it was given.
    The plan's `steps` are left at their default.
    """
    intended = given.get("batch_size", _batch_size(facts))
    batch_size = shared_batch(intended, num_train=facts.num_train, num_ranks=facts.num_ranks)
    optimizer = TrainConfig.among(given).optimizer

    def epochs_of(model: CaptionerConfig) -> float:
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
        shrunk = f"there are too few captions for batch {intended}: now batch {train.batch_size}"
    decided = reason(given, f"{facts.num_train:,} captions", facts.device, arithmetic and epochs)
    cost = step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)
    return Plan(model, train, f"{_described(model, train, facts)}: {decided}", cost, shrunk)


def _model(
    given: Mapping[str, Any],
    facts: Facts,
    epochs_of: Callable[[CaptionerConfig], float] | None,
) -> CaptionerConfig:
    """Return the network: as wide as the captions can teach, and as there is time for.

    `epochs_of` tells how many epochs there is time for with a network; None if that is not known.
    """
    width = _sizes(facts)[1]
    model = CaptionerConfig.among({"hidden_size": width, **given})
    while epochs_of is not None and "hidden_size" not in given and width > _NARROWEST:
        if epochs_of(model) >= _FEW_EPOCHS:
            break
        width //= 2
        model = CaptionerConfig.among({**given, "hidden_size": width})
    return model


def _sizes(facts: Facts) -> tuple[int, int, int]:
    return row(_SIZES, facts.num_train * facts.target_length)


def _batch_size(facts: Facts) -> int:
    """Return how many captions are in a batch: a multiple of the processes."""
    return -(-_sizes(facts)[2] // facts.num_ranks) * facts.num_ranks


def _learning_rate(model: CaptionerConfig, optimizer: str) -> float:
    """Return the peak learning rate: lower for wide networks, and for more than two layers."""
    rate = cell_spec(model.cell).learning_rates[optimizer] * _RATES[optimizer] * math.sqrt(2)
    rate *= math.sqrt(128 / max(64, model.hidden_size))
    return round(rate * min(1.0, 2 / model.decoder_layers), 6)


def cost(model: CaptionerConfig, facts: Facts) -> float:
    """Return the multiply-adds of the forward pass for a picture and its caption."""
    shapes = model.weight_shapes(facts.target_size)
    side, total = facts.image_size, 0.0
    for k in range(model.encoder_layers):
        side = -(-side // 2)
        total += side**2 * math.prod(shapes[f"encoder.{k}.weight"])
    total += side**2 * math.prod(shapes["encoder.memory.weight"])
    total += math.prod(shapes["bridge.weight"])
    per_symbol = sum(
        math.prod(shape)
        for name, shape in shapes.items()
        if len(shape) == 2 and name.startswith(("decoder", "attention", "head"))
    )
    attention = 2 * side**2 * model.memory_size
    return total + facts.target_length * (per_symbol + attention)


def step_cost(model: CaptionerConfig, facts: Facts, *, batch_size: int, optimizer: str) -> float:
    """Return what a step takes on each process, in multiply-adds of a forward pass."""
    overhead = step_overhead(model.weight_shapes(facts.target_size), optimizer)
    return batch_size / facts.num_ranks * cost(model, facts) + overhead


def _described(model: CaptionerConfig, train: TrainConfig, facts: Facts) -> str:
    """Return the sizes in one line."""
    num_parameters = sum(map(math.prod, model.weight_shapes(facts.target_size).values()))
    side = model.grid_side(facts.image_size)
    dropout = f", dropout {train.dropout:g}" if train.dropout else ""
    return (
        f"{facts.target_size - 1:,} target symbols; {model} ({num_parameters:,} parameters), a grid"
        f" of {side} × {side} cells, batch {train.batch_size}{dropout}"
    )
