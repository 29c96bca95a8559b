"""How the losses of a run fell, as its metrics tell it; and the chart of them.

It reads metrics.jsonl and no checkpoint: lines that are torn or not understood are passed over.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from charrnn.errors import UsageError
from charrnn.plots.charts import Chart, Curve
from charrnn.runs.run import Run

AGAINST = ("steps", "minutes")


@dataclass(frozen=True)
class Series:
    """One loss over the time of a run: in nats per character, after so many steps and minutes."""

    steps: list[float] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    nats: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Losses:
    """A run's training and validation loss, and what simple models reach on the same text."""

    run: str
    training: Series
    validation: Series
    baselines: Mapping[str, float]  # nats per character by name; empty where none were measured


def of(run: Run) -> Losses:
    """The losses in a run's metrics. Raises `UsageError` where it has none yet."""
    training, validation = Series(), Series()
    baselines: dict[str, float] = {}
    for line in run.metrics_lines():
        for name, series in (("loss", training), ("val_loss", validation)):
            step, seconds, nats = (line.get(key) for key in ("step", "elapsed_seconds", name))
            if _is_number(step) and _is_number(seconds) and _is_number(nats):
                series.steps.append(step)
                series.minutes.append(seconds / 60)
                series.nats.append(nats)
        found = line.get("baselines")
        if isinstance(found, dict):
            baselines |= {name: nats for name, nats in found.items() if _is_number(nats)}
    if not (training.nats or validation.nats):
        raise UsageError(
            f"the run {run.name!r} has no losses to draw yet", "they come with its first steps"
        )
    return Losses(run.name, training, validation, baselines)


def _is_number(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float) and math.isfinite(value)


def chart(every: Sequence[Losses], *, against: str, unit: float, y_label: str, log: bool) -> Chart:
    """The losses of some runs together, against one of `AGAINST`; `unit` is the nats in a unit of
    the y axis, `log` makes the x axis logarithmic. Of the simple models' losses those are drawn
    that hold for all runs.
    """
    alone = len(every) == 1
    curves, levels = [], {}
    for losses in every:
        series = {"training": losses.training, "validation": losses.validation}
        for name, one in series.items():
            if one.nats:
                x = one.steps if against == "steps" else one.minutes
                full = name if alone else f"{losses.run} {name}"
                curves.append(Curve(full, x, [nats / unit for nats in one.nats]))
    for name, nats in every[0].baselines.items():
        if all(other.baselines.get(name) == nats for other in every):
            levels[name] = nats / unit
    title = f"loss of {every[0].run}" if alone else "loss"
    return Chart(title, against, y_label, tuple(curves), levels, log_x=log)
