"""How long a run is: steps, times through the text, or minutes, all of them turned into steps.

Minutes are measured. A trial on this machine, thrown away afterwards, tells how many steps there
are time for; and because machines are not always equally fast, a `Pace` looks at the clock now and
then and corrects the number. Every correction is in a checkpoint before a step is made by it, so
that what follows from a checkpoint follows exactly.
"""

import dataclasses
import itertools
import time
from dataclasses import dataclass, field

from charrnn import plan
from charrnn.config import TrainConfig
from charrnn.corpus import Lanes
from charrnn.errors import UsageError
from charrnn.training import Learner, evaluate, train
from charrnn.vocab import IntArray

_TRIAL_SECONDS, _TRIAL_SHARE = 2.0, 1 / 40
_CHECKS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)  # of the time
_TOLERANCE = 0.005


@dataclass(frozen=True)
class Budget:
    """How long to train: at most one of the three."""

    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = {
            name: value for name, value in dataclasses.asdict(self).items() if value is not None
        }
        if len(given) > 1:
            flags = " and ".join(f"--{name} {value}" for name, value in given.items())
            raise UsageError(
                f"{flags} were both given", "choose one of --steps, --epochs, --minutes"
            )
        for name, value in given.items():
            if not 0 < value < 1e15:
                raise UsageError(f"--{name} {value} is out of range", "it must be greater than 0")

    @property
    def seconds(self) -> float | None:
        """The time there is; None if the length is not one of time."""
        if self.steps is not None or self.epochs is not None:
            return None
        return 60 * (plan.DEFAULT_MINUTES if self.minutes is None else self.minutes)

    def counted_steps(self, config: TrainConfig, num_train: int) -> int | None:
        """Steps since the run's birth; None if the length is one of time."""
        if self.steps is not None:
            return self.steps
        if self.epochs is not None:
            return plan.epochs_to_steps(self.epochs, num_train=num_train, train=config)
        return None


@dataclass
class Pace:
    """Where the clock says that the run should end."""

    began: float  # monotonic seconds
    deadline: float
    seconds_at_the_end: float  # what the last validation and the last save take
    _checks: list[float] = field(default_factory=lambda: list(_CHECKS))
    _since: list[tuple[float, int]] = field(default_factory=list)  # when the last checks were

    def corrected(self, step: int, steps: int, now: float) -> int:
        """How many steps the run should have, now that `step` of `steps` are made.

        It differs from `steps` only at the few moments when the clock is looked at, and only if
        that makes a difference.
        """
        if not self._since:
            self._since.append((now, step))  # the first step is slower than the others
            return steps
        if not self._checks or now < self.began + self._checks[0] * (self.deadline - self.began):
            return steps
        while self._checks and now >= self.began + self._checks[0] * (self.deadline - self.began):
            self._checks.pop(0)
        then, step_then = self._since[max(0, len(self._since) - 3)]
        self._since.append((now, step))
        seconds_per_step = (now - then) / max(1, step - step_then)
        left = max(1, round((self.deadline - self.seconds_at_the_end - now) / seconds_per_step))
        return step + left if abs(step + left - steps) > _TOLERANCE * left + 1 else steps


def seconds_per_step(
    learner: Learner,
    ids: IntArray,
    config: TrainConfig,
    *,
    seconds: float,
) -> float:
    """How long a step takes on this machine; the learner is to be thrown away.

    `ids` is the text to learn from; `seconds` is the whole budget, of which a trial takes little.
    """
    lanes = Lanes(ids, batch_size=config.batch_size, seq_length=config.seq_length)
    steps = train(learner, lanes, dataclasses.replace(config, steps=2**40))
    for _ in itertools.islice(steps, 2):  # they only warm up
        pass
    at_most = min(_TRIAL_SECONDS, seconds * _TRIAL_SHARE)
    began, num_steps = time.monotonic(), 0
    for report in steps:
        float(report.loss)  # a GPU is only done when the number is there
        num_steps += 1
        if time.monotonic() - began >= at_most:
            break
    return (time.monotonic() - began) / num_steps


def seconds_per_evaluation(learner: Learner, ids: IntArray, *, first: int) -> float:
    """How long it takes to evaluate ids[first:], from a part of it."""
    num_chars = len(ids) - first
    if num_chars < 2:
        return 0.0
    part = min(num_chars, 20_000)
    began = time.monotonic()
    evaluate(learner.network, ids[: first + part], first=first)
    return (time.monotonic() - began) * num_chars / part
