"""Where the numbers of a chart stand: the range of an axis, its round ticks and their labels.

Mathematics alone: what is drawn with it, and on what, is told by `curves`.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_ROUND = (1, 2, 5)


@dataclass(frozen=True)
class Axis:
    """A range of numbers laid out from 0 to 1; on a logarithmic axis all are above zero."""

    low: float
    high: float
    is_log: bool = False

    @classmethod
    def around(cls, values: Iterable[float], *, is_log: bool = False) -> "Axis":
        """An axis that holds all values that can stand on it; without any, from 1 to 10."""
        fitting = [value for value in values if _fits(value, is_log)]
        low, high = (min(fitting), max(fitting)) if fitting else (1.0, 10.0)
        if low == high and is_log:
            return cls(low / 2, high * 2, is_log)
        if low == high:
            return cls(low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
        return cls(low, high, is_log)

    def place(self, value: float) -> float | None:
        """The share of the axis that lies below a value; None where it cannot stand on it."""
        if not _fits(value, self.is_log):
            return None
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self, most: int) -> dict[float, str]:
        """Round numbers on the axis with their labels, at most so many (at least four) of them."""
        every = self._decades(most) if self.is_log else []
        if len(every) > 1:
            return {tick: f"{tick:g}" for tick in every}
        for step in _steps((self.high - self.low) / most):
            first, last = math.ceil(self.low / step), math.floor(self.high / step)
            if last - first < most:
                break
        return {k * step: _label(k * step, step) for k in range(first, last + 1)}

    def _decades(self, most: int) -> list[float]:
        """Powers of ten, with their doubles and fivefolds where there is room for them."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        stride = max(1, math.ceil((last - first) / most))
        powers = range(first - first % stride, last + 1, stride)
        finer = [float(f"{k}e{power}") for power in powers for k in _ROUND if stride == 1]
        for ticks in (finer, [float(f"1e{power}") for power in powers]):
            on_it = [tick for tick in ticks if self.low <= tick <= self.high]
            if 1 < len(on_it) <= most:
                return on_it
        return []


def _fits(value: float, is_log: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not is_log)


def _steps(least: float) -> Iterator[float]:
    """1, 2 and 5 times the powers of ten, from about `least` upwards."""
    for power in itertools.count(math.floor(math.log10(least))):
        yield from (float(f"{k}e{power}") for k in _ROUND)


def _label(tick: float, step: float) -> str:
    """A tick with as many decimals as its step has; thousands as 10k, millions as 2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(tick) >= max(size, 1e4) and step >= size / 100:
            return f"{tick / size:g}{unit}"
    if step < 1e-4:
        return f"{tick:.3g}"
    return f"{tick:.{max(0, -math.floor(math.log10(step)))}f}"


def spread(places: Sequence[float], gap: float, *, last: float) -> list[float]:
    """The same places in order, moved apart until neighbours are a gap from each other; none is
    moved past `last` while there is room.
    """
    moved = list(places)
    for k in range(1, len(moved)):
        moved[k] = max(moved[k], moved[k - 1] + gap)
    if moved and moved[-1] > last:
        moved[-1] = last
        for k in range(len(moved) - 2, -1, -1):
            moved[k] = min(moved[k], moved[k + 1] - gap)
    return moved
