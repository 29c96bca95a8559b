"""Samples: what the model writes while it trains."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from charrnn.runs.checkpoint import Checkpoint
from charrnn.training.callbacks import sample_schedule
from charrnn.training.callbacks.callback import Callback
from charrnn.training.checkpoints import require_valid
from charrnn.training.loop import Report

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer

MAX_SHARE_OF_TIME = 1 / 100  # for samples that only the clock asks for


class Samples(Callback):
    """Draws a sample when the schedule or the clock asks for it, in the first process alone.

    Those of the schedule are recorded; those of the clock are only shown.
    """

    def __init__(self, every: int | None = None, *, seconds_between: float = math.inf) -> None:
        """`every` is in steps (see `sample_schedule.is_due`), `seconds_between` is the clock's."""
        self._every, self._seconds_between = every, seconds_between
        self._next = math.inf  # monotonic seconds

    def on_start(self, trainer: Trainer) -> None:
        """Show what an untrained model writes, once."""
        self._next = time.monotonic() + self._seconds_between
        if trainer.state.step == 0 and not any(
            "sample" in line for line in trainer.run.metrics_lines()
        ):
            self._sample_if_due(trainer)

    def on_step(self, trainer: Trainer, report: Report) -> None:
        """Sample if it is due."""
        self._sample_if_due(trainer)

    def _sample_if_due(self, trainer: Trainer) -> None:
        state, began = trainer.state, time.monotonic()
        is_scheduled = sample_schedule.is_due(
            state.step, trainer.config, self._every, on_gpu=state.runtime.device != "cpu"
        )
        if state.group.rank > 0 or not (is_scheduled or began >= self._next):
            return
        text = _drawn(trainer)
        if is_scheduled:
            trainer.record(sample=text)
        trainer.emit("on_sample", text)
        now = time.monotonic()
        pause = (now - began) / MAX_SHARE_OF_TIME
        self._next = now + max(self._seconds_between, pause)


def _drawn(trainer: Trainer) -> str:
    """Draw a sample of the model as it is now. Raises `DivergedError`."""
    state = trainer.state
    arrays = state.task.arrays(state.module)
    require_valid(trainer, arrays)
    current = Checkpoint.of(trainer.header, arrays)
    return state.task.sample(current, trainer.dataset, seed=state.step)
