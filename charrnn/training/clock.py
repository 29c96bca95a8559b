"""The clock of a run of minutes.

Machines are not always equally fast, so a `Pace` compares the clock with the schedule of the
learning rate after every step, and where they differ it corrects the schedule: the rate follows the
share of the time that has passed, whatever the number of steps. Every correction is in a checkpoint
before a step is made by it, so that what follows from a checkpoint follows exactly.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from charrnn.config import TrainConfig
from charrnn.models import device
from charrnn.training import schedule
from charrnn.training.threads import ThreadChooser, step_timer

if TYPE_CHECKING:
    from charrnn.runs.header import CheckpointHeader
    from charrnn.training.trainer import Trainer

_WINDOW_SECONDS = 5.0  # of training: what "recently" means
_MARK_SECONDS = 0.2
_TOLERANCE = 0.05  # of the time that is left
_MIN_GAP_SECONDS = 0.5  # between two corrections: each of them saves a checkpoint
_SECONDS_TO_SAVE = 0.2
_SECONDS_FOR_BASELINES = 90.0  # of a run that measures them on all of their text
_MILLION = 1_000_000
_VALIDATION_SHARE = 1 / 30  # of the time, at most, for validations on the way
_SHORT_VALIDATION = 1 / 60  # of the time: then a second one at the end is affordable


class Stopwatch:
    """Counts the seconds spent on steps, without validation, samples and saves."""

    seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the seconds of the block."""
        began = time.monotonic()
        yield
        self.seconds += time.monotonic() - began


@dataclass(frozen=True)
class Correction:
    """What the clock changes in the schedule."""

    steps: int  # in all
    schedule_done: float  # the share of the schedule that is over, from 0 to 1
    eval_every: int

    def applied(self, config: TrainConfig, step: int) -> TrainConfig:
        """Return the configuration to continue with after `step` steps."""
        return dataclasses.replace(
            config,
            steps=self.steps,
            eval_every=self.eval_every,
            schedule_step=step,
            schedule_done=self.schedule_done,
        )

    def to_integers(self) -> tuple[int, int, int]:
        """Return the numbers to send to other processes; the first is never zero."""
        return self.steps, round(self.schedule_done * _MILLION), self.eval_every

    @classmethod
    def from_integers(cls, steps: int, done: int, eval_every: int) -> Correction | None:
        """Invert `to_integers`; None for zeros."""
        return cls(steps, done / _MILLION, eval_every) if steps else None


@dataclass
class Pace:
    """Compares a run of minutes with the clock."""

    began: float  # monotonic seconds
    seconds: float  # length of the run
    validation_seconds: float  # of one validation; the trainer keeps it up to date
    _marks: deque[tuple[float, int]] = field(default_factory=deque)  # seconds of training, step
    _latest: tuple[float, int] = (0.0, 0)
    # when this process made its first step, and the fraction of the schedule that was over
    _start: tuple[float, float] | None = None
    _corrected: float = -math.inf  # when the schedule was last corrected

    @property
    def deadline(self) -> float:
        """When the run should be over."""
        return self.began + self.seconds

    @property
    def end_of_training(self) -> float:
        """When the last step should be made: validations and a save follow it."""
        num_validations = 2 if self.is_validation_short else 1
        return self.deadline - num_validations * self.validation_seconds - _SECONDS_TO_SAVE

    @property
    def is_validation_short(self) -> bool:
        """Whether there is time to validate twice at the end."""
        return self.validation_seconds <= _SHORT_VALIDATION * self.seconds

    @property
    def has_time_to_validate(self) -> bool:
        """Whether one more validation would end in time."""
        end = time.monotonic() + self.validation_seconds
        return self.is_validation_short and end < self.deadline + _SECONDS_TO_SAVE

    @property
    def baselines_fraction(self) -> float:
        """Fraction of the text to measure baselines on; all of it takes a second or two."""
        return min(1.0, self.seconds / _SECONDS_FOR_BASELINES)

    @property
    def seconds_per_step(self) -> float:
        """Seconds that a step took recently; infinite if unknown."""
        if not self._marks or self._marks[0] == self._latest:
            return math.inf
        (seconds_then, step_then), (seconds, step) = self._marks[0], self._latest
        return (seconds - seconds_then) / (step - step_then)

    def forget_speed(self) -> None:
        """Measure anew: the run has gone back, or another number of threads computes."""
        self._marks.clear()

    def correction(
        self, step: int, config: TrainConfig, *, now: float, train_seconds: float
    ) -> Correction | None:
        """Return what to change after `step` steps, which took `train_seconds` without validation,
        samples and saves; None for no change.
        """
        planned = schedule.schedule_share(step, config)
        if self._start is None:
            self._start = now, planned
        self._mark(step, train_seconds)
        done = self._fraction_at(now)
        if step >= config.steps or not self._is_due(step, config.steps, done - planned, now):
            return None
        self._corrected = now
        left, per_step = self.end_of_training - now, self.seconds_per_step
        if left <= 0:
            return Correction(step + 1, done, config.eval_every)
        if per_step == math.inf:
            return None
        min_eval_every = math.ceil(self.validation_seconds / per_step / _VALIDATION_SHARE)
        eval_every = max(config.eval_every, min_eval_every)
        num_left = left / (per_step + self.validation_seconds / eval_every)
        return Correction(step + max(1, round(num_left)), done, eval_every)

    def _fraction_at(self, now: float) -> float:
        """Return the fraction of the schedule that should be over by the clock."""
        assert self._start is not None
        began, done = self._start
        passed = (now - began) / max(1e-9, self.end_of_training - began)
        return min(1.0, done + (1 - done) * passed)

    def _is_due(self, step: int, steps: int, error: float, now: float) -> bool:
        """Whether clock and schedule, `error` apart, differ so much that it is worth a save."""
        left = self.end_of_training - now
        if left <= 0:
            return step + 1 < steps
        gap = max(_MIN_GAP_SECONDS, self.seconds / 30)
        if step + 1 >= steps:  # or the run would be over too early
            return left > max(1.5 * self.seconds_per_step, self.seconds / 200)
        is_off = abs(error) * self.seconds > max(_TOLERANCE * left, 0.1)
        return is_off and now - self._corrected >= min(gap, left / 4)

    def _mark(self, step: int, train_seconds: float) -> None:
        """Remember when recent steps were made."""
        self._latest = train_seconds, step
        if self._marks and train_seconds - self._marks[-1][0] < _MARK_SECONDS:
            return
        self._marks.append((train_seconds, step))
        while len(self._marks) > 2 and train_seconds - self._marks[1][0] >= _WINDOW_SECONDS:
            self._marks.popleft()


class Clock:
    """Keeps a trainer to its time: corrects the schedule, and chooses the number of threads."""

    def __init__(self, pace: Pace, threads: Sequence[int] = ()) -> None:
        """`threads` are the numbers to choose from, the greatest first; of fewer than two there is
        no choice.
        """
        self.pace = pace
        self._chooser = ThreadChooser(threads) if len(threads) > 1 else None

    def correction(self, trainer: Trainer) -> Correction | None:
        """Return what to change in the schedule; None for nothing."""
        return self.pace.correction(
            trainer.state.step,
            trainer.config,
            now=time.monotonic(),
            train_seconds=trainer.stopwatch.seconds,
        )

    def choose_threads(self, trainer: Trainer) -> int:
        """Return the number of threads for the next steps. A trial, if it is due, leaves the
        training state as it is.
        """
        config, state, now = trainer.config, trainer.state, time.monotonic()
        before, per_step = trainer.header.runtime.threads, self.pace.seconds_per_step
        if self._chooser is None or state.step >= config.steps:
            return before
        if not self._chooser.is_due(before, seconds_per_step=per_step, now=now):
            return before
        threads = self._chooser.choose(before, step_timer(state, trainer.batches, config), now=now)
        device.set_threads(before)
        return threads


def follow(trainer: Trainer, correction: Correction | None) -> None:
    """Change the schedule as the clock corrects it, and the number of threads as it chooses."""
    header = trainer.header
    if correction is not None:
        corrected = correction.applied(header.train, trainer.state.step)
        header = dataclasses.replace(header, train=corrected)
    runtime = header.runtime
    threads = runtime.threads if trainer.clock is None else trainer.clock.choose_threads(trainer)
    if threads != runtime.threads:
        header = dataclasses.replace(header, runtime=dataclasses.replace(runtime, threads=threads))
    if header is trainer.header or not _change(trainer, header):
        return
    if correction is not None:
        trainer.record(steps=header.train.steps)
        trainer.emit("on_new_length")


def _change(trainer: Trainer, header: CheckpointHeader) -> bool:
    """Save other settings, then continue with them. Return False and change nothing where the disk
    refuses the save: the next correction tries again.
    """
    before = trainer.header
    trainer.header = header
    if not trainer.state.group.broadcast_number(trainer.checkpoints.try_to_save()):
        trainer.header = before
        return False
    threads = header.runtime.threads
    if threads != before.runtime.threads and trainer.clock is not None:
        device.set_threads(threads)
        trainer.record(threads=threads)
        trainer.clock.pace.forget_speed()
    return True
