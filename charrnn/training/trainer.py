"""The trainer: `loop.train` with everything around it that makes a run of it.

The order of events:

    start       what a killed process left unfinished is removed; a new run is saved, at step 0
                on_start
    each step   1  one optimiser step
                2  on_step: metrics, validation and best, then the callbacks of the caller
                3  all processes agree: did a signal arrive? is a save due? does the clock correct?
                4  after a signal no further step is made
                5  a save, if it is due
                6  a correction (number of steps, threads), which is saved before a step is made by
                   it, and given up where the disk refuses
                   the report is yielded
    divergence  in 2, 5, 6 or the last save: back to the newest checkpoint, at half the rate
                (`checkpoints.roll_back`); on_rollback. The fourth time it is an error.
    end         a save; on_finish, unless a signal ended the run; on_close always

Callbacks, saves and validation change nothing in the trajectory: only 1 and a rollback change the
training state. Whatever happens (the end, Ctrl-C, a full disk, kill -9), a valid checkpoint stays,
and `charrnn resume` continues from it exactly, to the last bit.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charrnn.config import TrainConfig
from charrnn.errors import DivergedError
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.run import Run
from charrnn.training.callbacks.callback import Callback
from charrnn.training.callbacks.metrics import Metrics
from charrnn.training.callbacks.validation import Validation
from charrnn.training.checkpoints import RECENT, Checkpoints, roll_back
from charrnn.training.clock import Clock, Correction, Stopwatch, follow
from charrnn.training.loop import Report, TrainingState, take_step

STEPS_BETWEEN_METRICS = 10


class Trainer:
    """Trains a run: `for report in Trainer(...).steps(): ...`. The caller holds the run's lock."""

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        dataset: Any,
        start: Checkpoint,
        *,
        callbacks: Sequence[Callback] = (),
        save_every: float = 30.0,
        clock: Clock | None = None,
        on_saved: Callable[[], None] = lambda: None,
    ) -> None:
        """`start` is the checkpoint that `state` was restored from, with arrays. It is on disk
        already, except for a new run. `save_every` is in seconds; `clock` ends a run in time;
        `on_saved` is called as soon as the run is on the disk.
        """
        self.run, self.state, self.dataset, self.clock = run, state, dataset, clock
        share = state.group.share(start.train.batch_size)
        self.batches = state.task.batches(dataset, start.train, share, device=start.runtime.device)
        self.checkpoints = Checkpoints(self, every=save_every)
        self.stopwatch = Stopwatch()
        self.best = float("inf")  # the decisive metric of the best checkpoint
        self.received: int | None = None  # the signal that ended it, whichever process got it
        self._callbacks = (Metrics(), Validation(), *callbacks)
        self._on_saved = on_saved
        self._seconds_before, self._began = start.position.elapsed_seconds, time.monotonic()
        self.continue_from(start)

    def continue_from(self, start: Checkpoint) -> None:
        """Take over all of a checkpoint but the training state."""
        self.header = start.header  # of all later checkpoints
        recent = torch.from_numpy(start.arrays.get(RECENT, np.empty(0))).to(start.runtime.device)
        self.recent_losses: list[Tensor] = list(recent)
        metrics = dict(start.metrics)
        self.train_loss = metrics.pop("train_loss", None)
        self.validated: tuple[int, Mapping[str, float]] = (start.position.step, metrics)
        self.report: Report | None = None  # of the last step
        if self.clock is not None:
            self.clock.pace.forget_speed()

    @property
    def config(self) -> TrainConfig:
        """The configuration of the next step."""
        return self.header.train

    def steps(self, stop: Callable[[], int | None] = lambda: None) -> Iterator[Report]:
        """Train to the end, yielding a report after each step.

        `stop` is called after each step; the signal that it returns ends the run, and is then in
        `received`. A caller that leaves the loop early leaves a saved run. Raises `DivergedError`
        where going back does not help, and `StorageError` where the first or last save fails.
        """
        self.run.clean_up(self.state.step)
        if self.state.step == 0:
            self.checkpoints.save()
        self._on_saved()
        try:
            self.emit("on_start")
            while True:
                try:
                    if self.received or self.state.step >= self.config.steps:
                        self.checkpoints.save()
                        break
                    report = self._step(stop)
                except DivergedError as error:
                    roll_back(self, error)
                else:
                    yield report
            if not (self.received or stop()):
                self.emit("on_finish")
            self.received = self.received or stop()
        except (OSError, GeneratorExit):  # standard output refuses metrics, or the caller leaves
            if self.state.group.num_ranks == 1:  # else a save takes all processes
                self.checkpoints.save()
            raise
        finally:
            self.emit("on_close")

    def _step(self, stop: Callable[[], int | None]) -> Report:
        with self.stopwatch.running():
            report = self.report = take_step(self.state, self.batches, self.config)
            if self.are_metrics_due(report.step):
                float(report.loss)  # waits for a GPU, so that its time is counted
        self.recent_losses.append(report.loss)
        self.emit("on_step", report)
        received, is_save_due, correction = self._agreed(stop())
        if received:
            self.received = received
            return report
        if is_save_due:
            self.checkpoints.try_to_save()
        follow(self, correction)
        return report

    def _agreed(self, received: int | None) -> tuple[int, bool, Correction | None]:
        """Return what all processes do now: the signal that any of them received (0: none), whether
        a save is due, and what the clock of the first process corrects.
        """
        is_unfinished = self.state.step < self.config.steps
        is_save_due = is_unfinished and self.checkpoints.is_due and self.state.group.rank == 0
        correction = None if self.clock is None else self.clock.correction(self)
        numbers = (0, 0, 0) if correction is None else correction.to_integers()
        with self.stopwatch.running():  # it is a part of every step
            agreed = self.state.group.maximum(received or 0, int(is_save_due), *numbers)
        return agreed[0], bool(agreed[1]), Correction.from_integers(*agreed[2:])

    def are_metrics_due(self, step: int) -> bool:
        """Whether the mean loss and the speed are recorded after a step."""
        return step == self.config.steps or step % STEPS_BETWEEN_METRICS == 0

    def record(self, **metrics: Any) -> None:
        """Append a line to the run's metrics. A full disk costs the line, not the run."""
        seconds = round(self.elapsed_seconds, 3)
        line = {"step": self.state.step, **metrics, "elapsed_seconds": seconds}
        try:
            self.run.append_metrics(line)
        except OSError as error:
            self.warn(f"cannot write {self.run.metrics}: {error.strerror}; training goes on")
        self.emit("on_record", line)  # last, for standard output may refuse it

    def notify(self, sentence: str) -> None:
        """Show people a sentence."""
        self.emit("on_message", sentence, is_warning=False)

    def warn(self, sentence: str) -> None:
        """Show people a warning, also where all else is quiet."""
        self.emit("on_message", sentence, is_warning=True)

    def emit(self, event: str, *values: Any, **settings: Any) -> None:
        """Call the method `event` of every callback, in their order."""
        for callback in self._callbacks:
            getattr(callback, event)(self, *values, **settings)

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of training since the run began, those of earlier processes included."""
        return self._seconds_before + time.monotonic() - self._began
