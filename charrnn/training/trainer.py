"""One sitting of training: the caller of `train`, with saves, validation, signals and reports.

`train` holds the mathematics; here is everything that surrounds it. Whatever happens (the end,
Ctrl-C, a full disk, kill -9), a committed checkpoint stays, and `charrnn resume` goes on from it
to the bit.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from charrnn._text import number_of
from charrnn.analysis import baselines
from charrnn.analysis.baselines import Yardstick
from charrnn.cli.console import Quiet, bits
from charrnn.config import TrainConfig
from charrnn.data.batches import Text
from charrnn.errors import CheckpointError, DivergedError, StorageError
from charrnn.generation.model import Model
from charrnn.models import device
from charrnn.models.evaluation import validation_loss, validation_loss_reset
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint, Progress
from charrnn.runs.folder import Run
from charrnn.runs.safetensors_file import Arrays
from charrnn.training import handover, sample_schedule
from charrnn.training.budget import Correction, Pace
from charrnn.training.loop import Learner, Report, train
from charrnn.training.prefetch import Feed
from charrnn.training.signals import Signals
from charrnn.training.threads import ThreadChooser, timed

STEPS_BETWEEN_FIGURES = 10
MAX_ROLLBACKS = 3  # in the life of a run
_HIGH_RATE = 0.05  # some four times what is chosen: then it is the likelier cause of a high loss
_OFTEN = 10  # times through a text: what was not learned by then more time does not teach
_MOST_SAMPLING = 1 / 100  # of the time, for samples that only the clock asks for
_RECENT = (
    "recent_losses"  # the steps since the last figures, so that a resumed mean is the same mean
)


class Sitting:
    """A learner, its corpus and its run, ready to go on."""

    def __init__(
        self,
        run: Run,
        learner: Learner,
        text: Text,
        standing: Checkpoint,
        *,
        screen: Quiet,
        save_every: float,
        sample_every: int | None = None,
        pace: Pace | None = None,
        chooser: ThreadChooser | None = None,
    ) -> None:
        """`standing` is the checkpoint to start from, with arrays; already on disk, except for a
        new run. `save_every` is in seconds, `sample_every` in steps (see `samples.is_due`). `pace`
        ends a run of minutes in time; `chooser` sets the number of threads unless it was given.
        """
        self.run, self._learner, self._text = run, learner, text
        self._screen, self._save_every = screen, save_every
        self._pace, self._chooser = pace, chooser
        self._group = learner.group
        lanes = text.lanes(standing.train, self._group.share(standing.train.batch_size))
        self._feed = Feed(lanes, standing.train.device)
        self._received: int | None = None  # the signal to end by, whichever process it was sent to
        self._sample_every = sample_every
        self._began = self._saved = time.monotonic()
        self._next_sample = self._began + screen.seconds_between_samples
        self._elapsed_before = standing.progress.elapsed_seconds
        self._learned_seconds = 0.0  # in this sitting
        self._stand_at(standing)

    def _stand_at(self, standing: Checkpoint) -> None:
        """Go on from a checkpoint, which the learner has become."""
        progress = standing.progress
        self._standing = dataclasses.replace(standing, arrays={})  # the learner has its own
        self._config = standing.train
        recent_losses = torch.from_numpy(standing.arrays.get(_RECENT, np.empty(0)))
        self._recent_losses = list(recent_losses.to(standing.train.device))
        self._train_loss = progress.train_loss
        self._validated = (progress.step, progress.val_loss)
        self._learning_seconds = 0.0  # since the last figures
        self._report: Report | None = None  # of the last step

    @property
    def step(self) -> int:
        """How many steps the run has made."""
        return self._learner.step

    def go(self) -> int | None:
        """Train to the end, or until a signal, whose number is returned.

        The caller holds the run's lock. Raises `DivergedError` where going back and learning more
        slowly does not help, and `StorageError` where the first or the last save fails.
        """
        self.run.tidy(self._learner.step)
        if self._learner.step == 0:
            self._save()  # a disk that refuses says so now, and a run can be resumed from birth
        self._best_loss = self._group.number_of_first(self._loss_of_best())
        self._screen.begin(self._learner.step, self._config.steps)
        try:
            with Signals() as signals:
                self._measure_baselines()
                self._sample_at_birth()
                while not self._has_ended(signals):
                    pass
                if not (self._received or signals.received):
                    self._measure_best_from_reset()
                    self._say_if_little_was_learned()
                return self._received or signals.received
        except OSError:  # standard output refuses figures: keep what was learned, then say so
            if self._group.num_ranks == 1:  # else a save takes all processes
                self._save()
            raise
        finally:
            self._screen.end()

    def _measure_baselines(self) -> None:
        """What a loss means on this text: measured at a run's birth, recalled later."""
        self._yardstick = Yardstick.recalled(self.run.recorded())
        is_newborn = self._learner.step == 0 and not self._yardstick.baselines
        if is_newborn and self._group.rank == 0:  # others say nothing
            share = 1.0 if self._pace is None else self._pace.share_of_baselines
            measured = baselines.measure(self._text, self._standing.vocab, share=share)
            self._yardstick = Yardstick(measured)
            if self._yardstick.baselines:
                self._record(baselines=self._yardstick.baselines)
        if self._yardstick.baselines:
            self._screen.say(self._yardstick.meaning())

    def _has_ended(self, signals: Signals) -> bool:
        """Train until the end or a signal, and save; False where it diverged and went back."""
        try:
            for report in self._steps():
                self._after_step(report)
                self._received, is_save_due, correction = self._agreed(signals.received)
                if self._received:
                    break
                if is_save_due:
                    self._try_to(self._save)
                self._correct(correction)
            self._save()
            return True
        except DivergedError as error:
            self._go_back(error)
            return False

    def _go_back(self, error: DivergedError) -> None:
        """Go on from the last checkpoint at half the rate, which is saved before it rules; a
        number of times. Raises the error after that.
        """
        found = handover.of_first(self._group, lambda: self.run.newest_valid()[0])
        if found.progress.rollbacks == MAX_ROLLBACKS:
            raise error
        rate = found.train.learning_rate / 2
        slower = dataclasses.replace(found.train, learning_rate=rate)
        progress = dataclasses.replace(found.progress, rollbacks=found.progress.rollbacks + 1)
        self._learner.restore(found.arrays, step=progress.step)
        self._stand_at(dataclasses.replace(found, train=slower, progress=progress))
        if self._pace is not None:
            self._pace.start_anew()
        self.run.forget_metrics_after(progress.step)
        self._yardstick = Yardstick.recalled(self.run.recorded())
        self._save()
        self._screen.warn(
            f"{error.message}; going on after step {progress.step:,} at half the rate, {rate:.3g}"
            f" ({progress.rollbacks} of {MAX_ROLLBACKS} times)"
        )
        self._record(learning_rate=rate, rollbacks=progress.rollbacks)
        self._screen.begin(progress.step, self._config.steps)

    def _steps(self) -> Iterator[Report]:
        """What `train` yields, to the end, wherever the clock moves that to."""
        while self._learner.step < self._config.steps:
            config = self._config
            steps = train(self._learner, self._feed, config)
            while self._config is config:  # else: to go on with another number of steps
                with self._learning():
                    report = next(steps, None)
                    if report is not None and self._are_figures_due(report.step):
                        float(report.loss)  # waits for the GPU, so that its time is counted
                if report is None:
                    break
                yield report

    @contextmanager
    def _learning(self) -> Iterator[None]:
        """What goes on here is learning, to the clock."""
        before = time.monotonic()
        yield
        seconds = time.monotonic() - before
        self._learning_seconds += seconds
        self._learned_seconds += seconds

    def _agreed(self, received: int | None) -> tuple[int, bool, Correction | None]:
        """The signal to end by (0: none), whether to save now, and what the clock corrects: what
        any process was sent, and what the first one finds.
        """
        is_save_due, correction = False, None
        if self._group.rank == 0:
            is_due = time.monotonic() - self._saved >= self._save_every
            is_save_due = is_due and self._learner.step < self._config.steps
        if self._pace is not None:
            correction = self._pace.correction(
                self._learner.step,
                self._config,
                now=time.monotonic(),
                learned=self._learned_seconds,
            )
        numbers = (0, 0, 0) if correction is None else correction.to_integers()
        with self._learning():  # it is a part of every step
            agreed = self._group.agreed(received or 0, int(is_save_due), *numbers)
        return agreed[0], bool(agreed[1]), Correction.from_integers(*agreed[2:])

    def _correct(self, correction: Correction | None) -> None:
        """Follow the clock: in the schedule, and in the number of threads."""
        config, step = self._config, self._learner.step
        if correction is not None:
            config = dataclasses.replace(
                config,
                steps=correction.steps,
                eval_every=correction.eval_every,
                schedule_step=step,
                schedule_done=correction.schedule_done,
            )
        threads = self._chosen_threads()
        if threads != config.threads:
            config = dataclasses.replace(config, threads=threads)
        if config is self._config or not self._change(config):
            return
        if correction is not None:
            self._record(steps=config.steps)
            self._screen.lengthen(config.steps)

    def _chosen_threads(self) -> int:
        """How many threads are to make the next steps; others may have taken a core, or left it."""
        threads, step, now = self._config.threads, self._learner.step, time.monotonic()
        if self._chooser is None or self._pace is None or step >= self._config.steps:
            return threads
        per_step = self._pace.seconds_per_step
        if self._chooser.is_due(threads, seconds_per_step=per_step, now=now):
            tried = timed(self._learner, self._feed, self._config)
            threads = self._chooser.choose(threads, tried, now=now)
            device.set_threads(self._config.threads)
        return threads

    def _change(self, config: TrainConfig) -> bool:
        """Go on with another configuration, which is saved before it rules; False, and nothing
        changed, where the disk refuses.
        """
        before = self._standing
        self._config = config
        self._standing = dataclasses.replace(before, train=config)
        if not self._group.number_of_first(self._try_to(self._save)):
            self._config, self._standing = before.train, before  # and the next look tries again
            return False
        if config.threads != before.train.threads:
            device.set_threads(config.threads)
            self._record(threads=config.threads)
            assert self._pace is not None
            self._pace.start_anew()
        return True

    def _after_step(self, report: Report) -> None:
        """Whatever is due after a step; nothing of it touches the learner."""
        self._report = report
        self._recent_losses.append(report.loss)
        self._screen.advance(report.step)
        if self._are_figures_due(report.step):
            self._record_figures(report)
        if report.step == self._config.steps or report.step % self._config.eval_every == 0:
            self._validate()
        self._sample_if_due()

    def _sample_at_birth(self) -> None:
        """What it writes before it has learned anything, once."""
        if self._learner.step == 0 and not any("sample" in line for line in self.run.recorded()):
            self._sample_if_due()

    def _sample_if_due(self) -> None:
        """Show a sample. It is kept with the run where its step asks for it, not the clock."""
        began, step = time.monotonic(), self._learner.step
        is_kept = sample_schedule.is_due(step, self._config, self._sample_every)
        if self._group.rank > 0 or not (is_kept or began >= self._next_sample):
            return
        text = self._speak()
        if is_kept:
            self._record(sample=text)
        self._screen.sample(text, step)
        now = time.monotonic()
        pause = (now - began) / _MOST_SAMPLING
        self._next_sample = now + max(self._screen.seconds_between_samples, pause)

    def _are_figures_due(self, step: int) -> bool:
        return step == self._config.steps or step % STEPS_BETWEEN_FIGURES == 0

    def _record_figures(self, report: Report) -> None:
        """The means since the last figures, to the metrics and to the screen."""
        loss = float(torch.stack(self._recent_losses).mean())
        if not math.isfinite(loss):
            raise self._diverged(f"the loss is {loss}")
        num_chars = len(self._recent_losses) * self._feed.lanes.chars_per_step
        chars_per_second = round(num_chars / max(self._learning_seconds, 1e-9))
        self._train_loss = loss
        self._recent_losses.clear()
        self._learning_seconds = 0.0
        self._record(
            loss=loss,
            bits_per_char=bits(loss),
            grad_norm=float(report.grad_norm),
            learning_rate=report.learning_rate,
            chars_per_second=chars_per_second,
        )

    def _record(self, **figures: Any) -> None:
        """One line of metrics. A full disk costs the line, not the run."""
        line = {"step": self._learner.step, **figures, "elapsed_seconds": round(self._elapsed(), 3)}
        try:
            self.run.record(line)
        except OSError as error:
            self._screen.warn(
                f"cannot write {self.run.metrics}: {error.strerror}; training goes on"
            )
        self._screen.figures(line)  # last, for standard output may refuse it

    def _validate(self) -> None:
        """Measure the validation loss, and keep these weights if none was better."""
        if self._text.num_train == self._text.num_before_test:
            return
        is_first, began = self._group.rank == 0, time.monotonic()
        loss = validation_loss(self._learner.network, self._text) if is_first else math.nan
        loss = self._group.number_of_first(loss)
        if self._pace is not None:
            self._pace.validation = time.monotonic() - began
        if not math.isfinite(loss):
            raise self._diverged(f"the validation loss is {loss}")
        self._validated = (self._learner.step, loss)
        self._record(val_loss=loss, val_bits_per_char=bits(loss))
        for sentence in self._yardstick.remarks(self._train_loss, loss):
            self._screen.say(sentence)
        if loss < self._best_loss:
            self._best_loss = loss
            self._try_to(lambda: self.run.save_best(self._checkpoint()))

    def _measure_best_from_reset(self) -> None:
        """At the end, add to the best checkpoint the loss of its weights from a zero state."""
        if not self.run.has_best() or (self._pace is not None and not self._pace.has_time_for_one):
            return
        try:
            best = checkpoint.read(self.run.best)
        except CheckpointError:
            return  # it was said at the start; the last checkpoint is whole
        if best.progress.val_loss_reset is None:
            self._learner.network.load(best.group("weights"))
            loss = validation_loss_reset(self._learner.network, self._text)
            progress = dataclasses.replace(best.progress, val_loss_reset=loss)
            self.run.save_best(dataclasses.replace(best, progress=progress))

    def _say_if_little_was_learned(self) -> None:
        """At the end of a run that can write nothing like its text, say so and what to do."""
        reason = self._yardstick.shortfall(self._best_loss)
        if not reason or self._group.rank > 0:
            return
        epochs = self._learner.step / self._feed.lanes.steps_per_epoch
        read = f"{100 * epochs:.2g} % of the text" if epochs < 1 else f"the text {epochs:.2g} times"
        advice = f"give it more time: charrnn resume {self.run.name} --minutes 5"
        if epochs > _OFTEN:
            advice = "give it more text"
        if self._config.learning_rate > _HIGH_RATE:
            advice = f"try a --learning-rate below {self._config.learning_rate:g}"
        tell = self._screen.say if self._pace is None else self._screen.warn  # or it was asked for
        tell(
            f"this run learned too little: {number_of(self._learner.step, 'step')} read {read},"
            f" and {reason}; {advice}"
        )

    def _save(self) -> None:
        self.run.save(self._checkpoint())
        self._saved = time.monotonic()

    def _try_to(self, save: Callable[[], None]) -> bool:
        """In the middle of a run a disk that refuses is no reason to stop learning."""
        try:
            save()
        except StorageError as error:
            self._saved = time.monotonic()
            self._screen.warn(f"{error}; training goes on and the next save tries again")
            return False
        return True

    def _checkpoint(self) -> Checkpoint:
        """The run as it stands. Raises `DivergedError`."""
        arrays = self._learner.arrays()
        self._require_valid(arrays)
        arrays[_RECENT] = np.array([float(loss) for loss in self._recent_losses], np.float32)
        step = self._learner.step
        progress = Progress(
            step=step,
            elapsed_seconds=self._elapsed(),
            train_loss=self._train_loss,
            val_loss=self._validated[1] if self._validated[0] == step else None,
            rollbacks=self._standing.progress.rollbacks,
            ranks=self._group.num_ranks,
        )
        return dataclasses.replace(self._standing, progress=progress, arrays=arrays)

    def _require_valid(self, arrays: Arrays) -> None:
        """Raise `DivergedError` for what no checkpoint may hold, and no model can write by."""
        for name, array in arrays.items():
            if reason := checkpoint.what_is_wrong_with(name, array):
                raise self._diverged(f"{name} {reason}")

    def _diverged(self, sign: str) -> DivergedError:
        norm = math.nan if self._report is None else float(self._report.grad_norm)
        rate = self._config.learning_rate if self._report is None else self._report.learning_rate
        return DivergedError(
            f"training diverged by step {self._learner.step:,}: {sign}, with gradient norm"
            f" {norm:.3g} at learning rate {rate:.3g}",
            "the checkpoint before it is intact; train anew with a --learning-rate below"
            f" {self._config.learning_rate:.3g} or a lower --grad-clip",
        )

    def _elapsed(self) -> float:
        """Seconds of training over all sittings."""
        return self._elapsed_before + time.monotonic() - self._began

    def _loss_of_best(self) -> float:
        """The validation loss to beat."""
        if not self.run.has_best():
            return math.inf
        try:
            loss = checkpoint.read(self.run.best).progress.val_loss
        except CheckpointError as error:
            self._screen.warn(f"{error.message}; the next validation replaces it")
            return math.inf
        return math.inf if loss is None else loss

    def _speak(self) -> str:
        """A fresh sample of the model as it stands. Raises `DivergedError`."""
        found = self._standing
        weights = self._learner.weights()
        self._require_valid(weights)
        model = Model.of(dataclasses.replace(found, arrays=weights))
        length = sample_schedule.length(found.model, len(found.vocab))
        return model.glimpse(length, seed=self._learner.step)
