"""Numbers, times and metrics as people read them."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn._text import bits, percent

Metrics = Mapping[str, Any]
_ERROR_RATES = {
    "val_word_error_rate": "word errors",
    "val_symbol_error_rate": "symbol errors",
    "val_error_rate": "errors",
}


def compact(number: float) -> str:
    """Return a number in three digits: 950, 48.1k, 1.20M."""
    for unit in ("", "k", "M", "G"):
        if number < 999.5 or unit == "G":
            return f"{number:.3g}{unit}"
        number /= 1000
    raise AssertionError


def size(num_bytes: float) -> str:
    """Return a size on disk: 950 B, 48.1 kB, 1.2 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 999.5 or unit == "GB":
            return f"{num_bytes:.3g} {unit}" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    raise AssertionError


def age(seconds: float) -> str:
    """Return how long ago something was, in the largest unit that fits."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def duration(seconds: float) -> str:
    """Return a time as a clock shows it: 0:42, 3:00, 1:00:00."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass(frozen=True)
class Clock:
    """The time of a run with a time limit: from `began` (monotonic) it has so many seconds."""

    began: float
    seconds: float

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def __str__(self) -> str:
        return f"{duration(self.elapsed)}/{duration(self.seconds)}"


def errors(metrics: Metrics) -> str:
    """Return the first error rate of the validation split, which decides which checkpoint is the
    best, or "" where none was measured.
    """
    measured = (name for name in metrics if name in _ERROR_RATES)
    return next((f"{_ERROR_RATES[name]} {percent(metrics[name])}" for name in measured), "")


def summary(metrics: Metrics, room: float = math.inf) -> str:
    """Return the metrics in a few words; where there is little room, the loss is kept longest."""
    loss = in_bits = val = speed = ""
    per_second = (name for name in metrics if name.endswith("_per_second"))
    unit = next(per_second, "chars").removesuffix("_per_second")
    if "loss" in metrics:
        loss = f"loss {metrics['loss']:.3f}"
        in_bits = f" ({bits(metrics['loss']):.2f} bits)" if unit == "chars" else ""
    if "val_loss" in metrics:
        val = f"val {metrics['val_loss']:.3f}"
    val = "  ".join(filter(None, (val, errors(metrics))))
    if f"{unit}_per_second" in metrics:
        speed = f"{compact(metrics[f'{unit}_per_second'])} {unit}/s"
    every = [(loss + in_bits, val, speed), (loss, val, speed), (loss, val), (loss,)]
    shown = ["  ".join(filter(None, parts)) for parts in every]
    return next((one for one in shown if len(one) <= room), "")
