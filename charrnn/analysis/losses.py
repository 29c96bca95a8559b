"""The losses and error rates of a run over time, read from its metrics, and charts of them.

Lines of metrics.jsonl that are damaged or unknown are skipped.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, TypeGuard

from charrnn.data.corpus import THE_RUN
from charrnn.errors import CheckpointError, UsageError
from charrnn.plots.charts import Chart, Curve
from charrnn.runs.run import Run

AGAINST = ("steps", "minutes")
_ERROR_RATES = {
    "word_error_rate": "word errors",
    "symbol_error_rate": "symbol errors",
    "error_rate": "wrong labels",
}


@dataclass(frozen=True)
class Series:
    """A loss over the time of a run, in nats per character (of pairs, per target symbol)."""

    steps: list[float] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    nats: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class ErrorRate:
    """A validation error rate over the time of a run of pairs or labels."""

    steps: list[float] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)  # of words, symbols or labels


@dataclass(frozen=True)
class Losses:
    """A run's training and validation loss, and what they are compared with."""

    run: str
    training: Series
    validation: Series
    baselines: Mapping[str, float]  # nats per character by name; may be empty
    error_rates: Mapping[str, ErrorRate] = field(default_factory=dict)  # empty: a run of text

    def figures(self) -> dict[str, Any]:
        """Return plain values for scripts; error rates only if there are any."""
        figures = asdict(self)
        if not self.error_rates:
            del figures["error_rates"]
        return figures


def of(run: Run) -> Losses:
    """Read the losses of a run. Raises `UsageError` if it has none yet."""
    training, validation = Series(), Series()
    rates = {name: ErrorRate() for name in _ERROR_RATES}
    measured: dict[str, tuple[Series | ErrorRate, list[float]]] = {
        "loss": (training, training.nats),
        "val_loss": (validation, validation.nats),
        **{f"val_{name}": (rate, rate.shares) for name, rate in rates.items()},
    }
    baselines: dict[str, float] = {}
    for line in run.metrics_lines():
        step, seconds = line.get("step"), line.get("elapsed_seconds")
        for name, (series, values) in measured.items():
            value = line.get(name)
            if _is_number(step) and _is_number(seconds) and _is_number(value):
                series.steps.append(step)
                series.minutes.append(seconds / 60)
                values.append(value)
        levels = line.get("baselines")
        if isinstance(levels, dict):
            baselines |= {name: nats for name, nats in levels.items() if _is_number(nats)}
    if not (training.nats or validation.nats):
        raise _no_losses(run)
    rates = {name: rate for name, rate in rates.items() if rate.shares}
    return Losses(run.name, training, validation, baselines, rates)


def _no_losses(run: Run) -> UsageError:
    """Return the error of a run that recorded none."""
    with suppress(CheckpointError):  # the losses of a run that cannot be read can be drawn
        if run.newest_header().speaks_only:
            return UsageError(f"the run {run.name!r} is a copy, which has no losses", THE_RUN)
    return UsageError(
        f"the run {run.name!r} has no losses to draw yet", "they come with its first steps"
    )


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


def error_chart(every: Sequence[Losses], *, against: str, log: bool) -> Chart:
    """Chart the error rates of runs of pairs or labels, in percent, against one of `AGAINST`."""
    is_alone = len(every) == 1
    curves = tuple(
        Curve(
            _ERROR_RATES[name] if is_alone else f"{losses.run} {_ERROR_RATES[name]}",
            rate.steps if against == "steps" else rate.minutes,
            [100 * share for share in rate.shares],
        )
        for losses in every
        for name, rate in losses.error_rates.items()
    )
    title = f"validation errors of {every[0].run}" if is_alone else "validation errors"
    has_labels = any("error_rate" in losses.error_rates for losses in every)
    y_label = "% of the labels" if has_labels else "% of the targets' words or symbols"
    return Chart(title, against, y_label, curves, log_x=log)
