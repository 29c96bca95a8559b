"""The number of threads: tried before a run starts, and again when its steps become slow.

Threads wait for each other several times in a step, so one core that another program uses slows
down all of them: then fewer are faster. When the other program has ended, more are faster again,
which only a trial shows.
"""

import math
import time
from collections.abc import Callable, Sequence

from charrnn.config import TrainConfig
from charrnn.models import device
from charrnn.tasks.task import Batches
from charrnn.training.loop import TrainingState, rehearse

_IS_SLOW = 1.3  # times the seconds that a step took at best
_IS_FASTER = 0.9  # times the seconds that a step takes now
_FIRST_GAP, _MAX_GAP = 3.0, 20.0  # seconds between two trials
_GROWTH = 1.5  # of the gap, after a trial that changed nothing
_TRIAL_SECONDS = 0.15


def candidates(max_threads: int) -> list[int]:
    """Return the numbers of threads worth a trial: all, a half, a quarter … one."""
    numbers = [max_threads]
    while numbers[-1] > 1:
        numbers.append(numbers[-1] // 2)
    return numbers


class ThreadChooser:
    """Chooses the number of threads again as other programs come and go."""

    def __init__(self, numbers: Sequence[int]) -> None:
        """`numbers` are those to choose from, the greatest first."""
        self._numbers = numbers
        self._best_seconds = math.inf  # per step, with the present number of threads
        self._gap, self._next = _FIRST_GAP, -math.inf

    def is_due(self, num_threads: int, *, seconds_per_step: float, now: float) -> bool:
        """Whether to try other numbers: steps have become slow, or fewer threads than possible
        compute and the cores may be free again.
        """
        self._best_seconds = min(self._best_seconds, seconds_per_step)
        is_slow = _IS_SLOW * self._best_seconds < seconds_per_step < math.inf
        is_fewer = num_threads != self._numbers[0]
        if self._next == -math.inf:
            self._next = now + self._gap
        return (is_slow or is_fewer) and now >= self._next

    def choose(
        self, num_threads: int, seconds_per_step: Callable[[int], float], *, now: float
    ) -> int:
        """Return the number of threads to continue with; `seconds_per_step` tries a number."""
        tried = {number: seconds_per_step(number) for number in self._numbers}
        fastest = min(self._numbers, key=lambda number: tried[number])
        if tried[fastest] < _IS_FASTER * tried.get(num_threads, math.inf):
            self._gap, self._best_seconds = _FIRST_GAP, math.inf
        else:
            fastest, self._gap = num_threads, min(_GROWTH * self._gap, _MAX_GAP)
        self._next = now + self._gap
        return fastest


def step_timer(
    state: TrainingState, batches: Batches, config: TrainConfig
) -> Callable[[int], float]:
    """Return a function that measures a step with a number of threads, in seconds, without an
    effect on the training state.

    The batch is made once, by the number of threads that computes now: some batches are computed,
    and kept.
    """
    batch = batches.batch(state.step)

    def seconds_per_step(num_threads: int) -> float:
        device.set_threads(num_threads)
        rehearse(state, batch, config)  # starts the threads
        began, num_steps = time.monotonic(), 0
        while num_steps < 2 or time.monotonic() - began < _TRIAL_SECONDS:
            rehearse(state, batch, config)
            num_steps += 1
        return (time.monotonic() - began) / num_steps

    return seconds_per_step
