"""The history of a run: rows of metrics, and the samples among them.

A row is a line of metrics.jsonl. Lines that are cut short or strange are left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

MOST_SHOWN = 12


@dataclass(frozen=True)
class Row:
    """What was recorded at once, after a step."""

    step: int
    elapsed_seconds: float  # of training, since the run began
    metrics: Mapping[str, float]  # "loss", "val_loss", "learning_rate", …: those of this line
    sample: str | None = None  # what the model wrote then


def rows(lines: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield the rows among lines of metrics."""
    for line in lines:
        numbers = {name: value for name, value in line.items() if type(value) in (int, float)}
        step, seconds = numbers.pop("step", None), numbers.pop("elapsed_seconds", None)
        sample = line.get("sample")
        if type(step) is int and seconds is not None and isinstance(sample, str | None):
            yield Row(step, float(seconds), numbers, sample)


@dataclass(frozen=True)
class RecordedSample:
    """What a run wrote after a step. Losses are in nats per character."""

    step: int
    elapsed_seconds: float  # of training, since the run began
    sample: str
    loss: float | None  # the mean over the steps before; None at first
    val_loss: float | None  # None if this step was not validated
    # of the validation split, what decides which checkpoint is the best; None where the loss does
    error_rate: float | None = None


def samples(rows: Iterable[Row], error_rate: str | None = None) -> list[RecordedSample]:
    """Return the samples among rows in order, with the losses of their steps; and with the metric
    of the validation split that is named, if one is.
    """
    every = []
    loss = None
    validated: tuple[int, Mapping[str, float]] = -1, {}  # the latest step, and its metrics
    for row in rows:
        loss = row.metrics.get("loss", loss)
        if "val_loss" in row.metrics:
            validated = row.step, row.metrics
        if row.sample is not None:
            metrics = validated[1] if validated[0] == row.step else {}
            rate = None if error_rate is None else metrics.get(error_rate)
            measured = loss, metrics.get("val_loss"), rate
            every.append(RecordedSample(row.step, row.elapsed_seconds, row.sample, *measured))
    return every


def thin_out(every: Sequence[RecordedSample]) -> list[RecordedSample]:
    """Return a dozen samples at most: the first ones close together, the last one always."""
    places = {round(len(every) ** (k / (MOST_SHOWN - 1))) - 1 for k in range(MOST_SHOWN)}
    missing = (place for place in range(len(every)) if place not in places)
    places |= set(islice(missing, MOST_SHOWN - len(places)))
    return [every[place] for place in sorted(places)]
