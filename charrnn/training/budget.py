"""How long a run is: steps, epochs, or minutes, all of them turned into steps.

Minutes are measured. A trial on this machine, thrown away afterwards, tells how many steps there
are time for. Machines are not always equally fast, so a `Pace` compares the clock with the schedule
of the learning rate after every step, and where they differ it corrects the schedule: the rate
follows the share of the time that has passed, whatever the number of steps. Every correction is in
a checkpoint before a step is made by it, so that what follows from a checkpoint follows exactly.
"""

import dataclasses
import itertools
import math
import statistics
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from charrnn.config import TrainConfig
from charrnn.data.batches import Text
from charrnn.models import device
from charrnn.models.evaluation import validation_loss
from charrnn.training import loop
from charrnn.training.loop import Learner, Report, train
from charrnn.training.prefetch import Feed

_TRIAL_SECONDS, _TRIAL_SHARE = 0.75, 1 / 80  # for each number of threads; for all of them
_VALIDATION_CHARS = 64 * 1024  # see evaluation.evaluate: fewer lanes are slower
_LEAST_STEPS = 3  # so that the clock is looked at before the end
_WINDOW_SECONDS = 5.0  # of learning: what "recently" means
_MARK_SECONDS = 0.2
_TOLERANCE = 0.05  # of the time that is left
_LEAST_GAP = 0.5  # seconds between two corrections: each of them saves a checkpoint
_SECONDS_TO_SAVE = 0.2
_SECONDS_FOR_BASELINES = 90.0  # of a run that measures them on all of their text
_MILLION = 1_000_000
# At most these shares of the time go to validating on the way, and at the end; there once more with
# the state reset, if that is small.
_VALIDATION_SHARE, _LAST_SHARE, _SMALL_SHARE = 1 / 30, 1 / 30, 1 / 60


@dataclass(frozen=True)
class Correction:
    """What to go on with: `steps` in all, the schedule going on from the share that is done, and a
    validation each `eval_every` steps.
    """

    steps: int
    schedule_done: float
    eval_every: int

    def to_integers(self) -> tuple[int, int, int]:
        """For processes that agree on the greatest of their numbers: this one, or zeros."""
        return self.steps, round(self.schedule_done * _MILLION), self.eval_every

    @classmethod
    def from_integers(cls, steps: int, done: int, eval_every: int) -> "Correction | None":
        """The inverse of `to_integers`; None for zeros."""
        return cls(steps, done / _MILLION, eval_every) if steps else None


@dataclass
class Pace:
    """Compares a run of minutes with the clock."""

    began: float  # monotonic seconds
    seconds: float
    validation: float  # seconds that one takes; kept up to date by the caller
    _marks: deque[tuple[float, int]] = field(default_factory=deque)  # seconds of learning, step
    _latest: tuple[float, int] = (0.0, 0)
    _start: tuple[float, float] | None = None  # when the first step was made; its schedule's share
    _corrected: float = -math.inf  # when that was last

    @property
    def deadline(self) -> float:
        """When the run should be over."""
        return self.began + self.seconds

    @property
    def end_of_learning(self) -> float:
        """When the last step should be made: validations and a save follow it."""
        num_validations = 2 if self.is_validation_short else 1
        return self.deadline - num_validations * self.validation - _SECONDS_TO_SAVE

    @property
    def is_validation_short(self) -> bool:
        """Whether there is time to validate twice at the end."""
        return self.validation <= _SMALL_SHARE * self.seconds

    @property
    def has_time_for_one(self) -> bool:
        """Whether one validation more would be over in time."""
        end = time.monotonic() + self.validation
        return self.is_validation_short and end < self.deadline + _SECONDS_TO_SAVE

    @property
    def share_of_baselines(self) -> float:
        """How much of the baselines' text to measure; all of it takes a second or two."""
        return min(1.0, self.seconds / _SECONDS_FOR_BASELINES)

    @property
    def seconds_per_step(self) -> float:
        """How long a step took recently; infinite where that is not known."""
        if not self._marks or self._marks[0] == self._latest:
            return math.inf
        (learned_then, step_then), (learned, step) = self._marks[0], self._latest
        return (learned - learned_then) / (step - step_then)

    def start_anew(self) -> None:
        """Forget the speed: the run has gone back, or computes in another way."""
        self._marks.clear()

    def correction(
        self, step: int, config: TrainConfig, *, now: float, learned: float
    ) -> Correction | None:
        """What to change now that `step` steps are made in `learned` seconds of learning alone;
        None for nothing.
        """
        planned = loop.schedule_share(step, config)
        if self._start is None:
            self._start = now, planned
        self._mark(step, learned)
        first, share_then = self._start
        passed = (now - first) / max(1e-9, self.end_of_learning - first)
        share = min(1.0, share_then + (1 - share_then) * passed)
        left = self.end_of_learning - now
        per_step = self.seconds_per_step
        if step >= config.steps or not self._is_due(step, config.steps, share - planned, now):
            return None
        self._corrected = now
        if left <= 0 or per_step == math.inf:
            return None if left > 0 else Correction(step + 1, share, config.eval_every)
        often = math.ceil(self.validation / per_step / _VALIDATION_SHARE)
        eval_every = max(config.eval_every, often)
        num_left = left / (per_step + self.validation / eval_every)
        return Correction(step + max(1, round(num_left)), share, eval_every)

    def _is_due(self, step: int, steps: int, error: float, now: float) -> bool:
        """Whether clock and schedule, `error` apart, differ so much that it is worth a save."""
        left = self.end_of_learning - now
        if left <= 0:
            return step + 1 < steps
        gap = max(_LEAST_GAP, self.seconds / 30)
        if step + 1 >= steps:  # or the run would be over too early
            return left > max(1.5 * self.seconds_per_step, self.seconds / 200)
        is_off = abs(error) * self.seconds > max(_TOLERANCE * left, 0.1)
        return is_off and now - self._corrected >= min(gap, left / 4)

    def _mark(self, step: int, learned: float) -> None:
        """Remember the recent past."""
        self._latest = learned, step
        if self._marks and learned - self._marks[-1][0] < _MARK_SECONDS:
            return
        self._marks.append((learned, step))
        while len(self._marks) > 2 and learned - self._marks[1][0] >= _WINDOW_SECONDS:
            self._marks.popleft()


@dataclass(frozen=True)
class Trial:
    """What this machine can do: so many steps in the time, with that number of threads."""

    steps: int
    threads: int
    chars_per_second: dict[int, float]  # by number of threads
    pace: Pace  # reckons with a validation of the affordable length
    affordable_validation: float = 1.0  # the share of the validation split that there is time for


def measured(
    learner: Learner,
    text: Text,
    config: TrainConfig,
    *,
    seconds: float,
    began: float,
    threads: Sequence[int],
) -> Trial:
    """Try how fast this learner learns with each number of threads, and return how many steps fit
    into the `seconds` that began at `began`, monotonic seconds. The learner is to be thrown away.
    """
    steps = train(
        learner, Feed(text.lanes(config), config.device), dataclasses.replace(config, steps=2**40)
    )
    per_step = {}
    at_most = min(_TRIAL_SECONDS, seconds * _TRIAL_SHARE / len(threads))
    for num_threads in threads:
        device.set_threads(num_threads)
        per_step[num_threads] = _seconds_per_step(steps, at_most=at_most)
    fastest = min(per_step, key=lambda num_threads: per_step[num_threads])
    device.set_threads(fastest)
    validation = _seconds_per_validation(learner, text)
    affordable = min(1.0, seconds * _LAST_SHARE / max(1e-9, validation))
    pace = Pace(began, seconds, validation * affordable)
    fitting = (pace.end_of_learning - time.monotonic()) / per_step[fastest]
    num_chars = config.batch_size * config.seq_length
    speeds = {num_threads: num_chars / spent for num_threads, spent in per_step.items()}
    return Trial(max(_LEAST_STEPS, round(fitting)), fastest, speeds, pace, affordable)


def _seconds_per_step(steps: Iterator[Report], *, at_most: float) -> float:
    """Median time of the next steps, spending `at_most` seconds on them."""
    for report in itertools.islice(steps, 2):  # they only warm up
        float(report.loss)
    began = before = time.monotonic()
    seconds = []
    for report in steps:
        float(report.loss)  # a GPU is only done when the number is there
        now = time.monotonic()
        seconds.append(now - before)
        before = now
        if now - began >= at_most:
            break
    return statistics.median(seconds)


def _seconds_per_validation(learner: Learner, text: Text) -> float:
    """How long the validation split takes, from its beginning: as much as is read side by side."""
    part = text.beginning("val", _VALIDATION_CHARS)
    first, end = part.part("val")
    if end - first < 2:
        return 0.0
    began = time.monotonic()
    validation_loss(learner.network, part)
    whole_first, whole_end = text.part("val")
    return (time.monotonic() - began) * (whole_end - whole_first) / (end - first)
