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
from charrnn.errors import UsageError
from charrnn.evaluation import validation_loss
from charrnn.feeding import Feed
from charrnn.lanes import Text
from charrnn.training import Learner, train

_TRIAL_SECONDS, _TRIAL_SHARE = 2.0, 1 / 40
_CHECKS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)  # of the time to learn
_TOLERANCE = 0.005
_SECONDS_TO_SAVE = 0.2


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
    def seconds(self) -> float:
        """The time there is, where the length is one of time."""
        return 60 * (plan.DEFAULT_MINUTES if self.minutes is None else self.minutes)

    def counted_steps(self, steps_per_epoch: float) -> int | None:
        """Steps since the run's birth; None if the length is one of time."""
        if self.steps is not None:
            return self.steps
        if self.epochs is not None:
            return max(1, round(self.epochs * steps_per_epoch))
        return None


@dataclass
class Pace:
    """Where the clock says that the run should end."""

    deadline: float  # monotonic seconds
    validation: float  # seconds that one takes
    _checks: list[float] = field(default_factory=lambda: list(_CHECKS))
    _last: tuple[float, int] | None = None  # seconds of learning and step at the last check
    _first: float = 0.0  # when the first step was made

    def start_anew(self) -> None:
        """The run has gone back: what was measured since then counts no longer."""
        self._last = None

    @property
    def end_of_learning(self) -> float:
        """When the last step should be made: two validations and a save follow it."""
        return self.deadline - 2 * self.validation - _SECONDS_TO_SAVE

    def corrected(
        self, step: int, steps: int, *, now: float, learned: float, eval_every: int
    ) -> int:
        """How many steps the run should have, now that `step` of `steps` are made in `learned`
        seconds of learning alone, with a validation each `eval_every`.

        It differs from `steps` only at the few moments when the clock is looked at, and only if
        that makes a difference.
        """
        if self._last is None:  # the first step is slower than the others
            self._last, self._first = (learned, step), now
        share = (now - self._first) / max(1e-9, self.end_of_learning - self._first)
        if not self._checks or share < self._checks[0]:
            return steps
        while self._checks and share >= self._checks[0]:
            self._checks.pop(0)
        learned_then, step_then = self._last
        self._last = learned, step
        per_step = (learned - learned_then) / max(1, step - step_then)
        left = (self.end_of_learning - now) / max(1e-9, per_step + self.validation / eval_every)
        fitting = step + max(1, round(left))
        return fitting if abs(fitting - steps) > _TOLERANCE * left + 1 else steps


def measured(
    learner: Learner, text: Text, config: TrainConfig, *, seconds: float, began: float
) -> tuple[int, Pace]:
    """How many steps of this learner fit into the `seconds` that began at `began`, and the pace to
    keep. The learner is to be thrown away.
    """
    per_step = _seconds_per_step(learner, text, config, seconds=seconds)
    validation = _seconds_per_validation(learner, text)
    pace = Pace(began + seconds, validation)
    return max(1, round((pace.end_of_learning - time.monotonic()) / per_step)), pace


def _seconds_per_step(
    learner: Learner, text: Text, config: TrainConfig, *, seconds: float
) -> float:
    """How long a step takes on this machine; of the `seconds` there are, a trial takes little."""
    feed = Feed(text.lanes(config), config.device)
    steps = train(learner, feed, dataclasses.replace(config, steps=2**40))
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


def _seconds_per_validation(learner: Learner, text: Text) -> float:
    """How long the validation split takes, from its beginning."""
    part = text.beginning("val", 20_000)
    first, end = part.part("val")
    if end - first < 2:
        return 0.0
    began = time.monotonic()
    validation_loss(learner.network, part)
    whole_first, whole_end = text.part("val")
    return (time.monotonic() - began) * (whole_end - whole_first) / (end - first)
