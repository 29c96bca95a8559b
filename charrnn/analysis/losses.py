"""The losses of a run over time, read from its metrics, and a chart of them.

Lines of metrics.jsonl that are damaged or unknown are skipped.
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
    """A loss over the time of a run, in nats per character."""

    steps: list[float] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    nats: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Losses:
    """A run's training and validation loss, and its baselines."""

    run: str
    training: Series
    validation: Series
    baselines: Mapping[str, float]  # nats per character by name; may be empty


def of(run: Run) -> Losses:
    """Read the losses of a run. Raises `UsageError` if it has none yet."""
    training, validation = Series(), Series()
    baselines: dict[str, float] = {}
    for line in run.metrics_lines():
        for name, series in (("loss", training), ("val_loss", validation)):
            step, seconds, nats = (line.get(key) for key in ("step", "elapsed_seconds", name))
            if _is_number(step) and _is_number(seconds) and _is_number(nats):
                series.steps.append(step)
                series.minutes.append(seconds / 60)
                series.nats.append(nats)
        measured = line.get("baselines")
        if isinstance(measured, dict):
            baselines |= {name: nats for name, nats in measured.items() if _is_number(nats)}
    if not (training.nats or validation.nats):
        raise UsageError(
            f"the run {run.name!r} has no losses to draw yet", "they come with its first steps"
        )
    return Losses(run.name, training, validation, baselines)


def _is_number(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float) and math.isfinite(value)


def chart(every: Sequence[Losses], *, against: str, unit: float, y_label: str, log: bool) -> Chart:
    """Chart the losses of several runs against one of `AGAINST`.

    `unit` is the number of nats in a unit of the y axis; `log` makes the x axis logarithmic. A
    baseline is drawn if it is the same for all runs.
    """
    is_alone = len(every) == 1
    curves = tuple(
        Curve(
            name if is_alone else f"{losses.run} {name}",
            series.steps if against == "steps" else series.minutes,
            [nats / unit for nats in series.nats],
        )
        for losses in every
        for name, series in (("training", losses.training), ("validation", losses.validation))
        if series.nats
    )
    levels = {
        name: nats / unit
        for name, nats in every[0].baselines.items()
        if all(losses.baselines.get(name) == nats for losses in every)
    }
    title = f"loss of {every[0].run}" if is_alone else "loss"
    return Chart(title, against, y_label, curves, levels, log_x=log)
