"""Axes of a chart: their range, their round ticks and the labels of these. Mathematics alone."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_ROUND = (1, 2, 5)


@dataclass(frozen=True)
class Axis:
    """A range of numbers, laid out from 0 to 1; on a logarithmic axis all are above zero."""

    low: float
    high: float
    is_log: bool = False

    @classmethod
    def around(cls, values: Iterable[float], *, is_log: bool = False) -> "Axis":
        """Return an axis that holds all values that it can show; from 1 to 10 if there are none."""
        shown = [value for value in values if _can_show(value, is_log)]
        low, high = (min(shown), max(shown)) if shown else (1.0, 10.0)
        if low == high and is_log:
            return cls(low / 2, high * 2, is_log)
        if low == high:
            return cls(low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
        return cls(low, high, is_log)

    def position(self, value: float) -> float | None:
        """Return where a value is, 0 at the low end and 1 at the high end; None if the axis cannot
        show it.
        """
        if not _can_show(value, self.is_log):
            return None
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self, most: int) -> dict[float, str]:
        """Return at most `most` (at least four) round numbers on the axis, with their labels."""
        decades = self._decades(most) if self.is_log else []
        if len(decades) > 1:
            return {tick: f"{tick:g}" for tick in decades}
        for step in _steps((self.high - self.low) / most):
            first, last = math.ceil(self.low / step), math.floor(self.high / step)
            if last - first < most:
                break
        return {k * step: _label(k * step, step) for k in range(first, last + 1)}

    def _decades(self, most: int) -> list[float]:
        """Return powers of ten, with two and five times each if there is room for them."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        stride = max(1, math.ceil((last - first) / most))
        powers = range(first - first % stride, last + 1, stride)
        finer = [float(f"{k}e{power}") for power in powers for k in _ROUND if stride == 1]
        for ticks in (finer, [float(f"1e{power}") for power in powers]):
            shown = [tick for tick in ticks if self.low <= tick <= self.high]
            if 1 < len(shown) <= most:
                return shown
        return []


def _can_show(value: float, is_log: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not is_log)


def _steps(least: float) -> Iterator[float]:
    """Yield 1, 2 and 5 times the powers of ten, from about `least` upwards."""
    for power in itertools.count(math.floor(math.log10(least))):
        yield from (float(f"{k}e{power}") for k in _ROUND)


def _label(tick: float, step: float) -> str:
    """Return a tick with as many decimals as its step has; thousands as 10k, millions as 2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(tick) >= max(size, 1e4) and step >= size / 100:
            return f"{tick / size:g}{unit}"
    if step < 1e-4:
        return f"{tick:.3g}"
    return f"{tick:.{max(0, -math.floor(math.log10(step)))}f}"


def spread(positions: Sequence[float], gap: float, *, last: float) -> list[float]:
    """Move sorted positions apart until neighbours are a gap from each other, so that their labels
    do not overlap. None is moved past `last` while there is room.
    """
    moved = list(positions)
    for k in range(1, len(moved)):
        moved[k] = max(moved[k], moved[k - 1] + gap)
    if moved and moved[-1] > last:
        moved[-1] = last
        for k in range(len(moved) - 2, -1, -1):
            moved[k] = min(moved[k], moved[k + 1] - gap)
    return moved
