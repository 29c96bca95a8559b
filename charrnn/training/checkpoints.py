"""Save the checkpoints of a run in training; go back to one after training has diverged."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from charrnn.errors import DivergedError, StorageError
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import Position
from charrnn.runs.safetensors_file import Arrays
from charrnn.training import handover

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer

MAX_ROLLBACKS = 3  # in the life of a run
RECENT = "recent_losses"  # since the last recorded mean, so that a resumed run records the same


class Checkpoints:
    """Saves the state of a trainer."""

    def __init__(self, trainer: Trainer, *, every: float) -> None:
        """`every` is in seconds."""
        self._trainer, self._every = trainer, every
        self._saved = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time to save in the middle of a run."""
        return time.monotonic() - self._saved >= self._every

    def current(self) -> Checkpoint:
        """Return the run as it is now. Collective, as `TrainingState.arrays` is.

        Raises `DivergedError`.
        """
        trainer = self._trainer
        state, (validated_step, validated) = trainer.state, trainer.validated
        arrays = state.arrays()
        require_valid(trainer, arrays)
        arrays[RECENT] = np.array([float(loss) for loss in trainer.recent_losses], np.float32)
        position = Position(
            step=state.step,
            elapsed_seconds=trainer.elapsed_seconds,
            rollbacks=trainer.header.position.rollbacks,
            ranks=state.group.num_ranks,
        )
        metrics = {} if trainer.train_loss is None else {"train_loss": trainer.train_loss}
        if validated_step == state.step:
            metrics |= validated
        header = dataclasses.replace(trainer.header, position=position, metrics=metrics)
        return Checkpoint.of(header, arrays)

    def save(self) -> None:
        """Save the current state as the last checkpoint.

        Raises `StorageError`, `DivergedError`.
        """
        self._trainer.run.save(self.current())
        self._saved = time.monotonic()

    def try_to_save(self) -> bool:
        """Save, and return True; if the disk refuses, warn and return False: training goes on."""
        return self._try(self.save)

    def try_to_save_best(self) -> bool:
        """Save the current state as the best checkpoint: see `try_to_save`."""
        return self._try(lambda: self._trainer.run.save_best(self.current()))

    def _try(self, save: Callable[[], None]) -> bool:
        try:
            save()
        except StorageError as error:
            self._saved = time.monotonic()
            self._trainer.warn(f"{error}; training goes on and the next save tries again")
            return False
        return True


def roll_back(trainer: Trainer, error: DivergedError) -> None:
    """Go back to the newest checkpoint, with half the learning rate, and save that before the next
    step. Raises the error if the run has gone back `MAX_ROLLBACKS` times already.
    """
    group = trainer.state.group
    own = trainer.run.newest_valid()[0] if group.rank == 0 else None
    newest = handover.broadcast(group, own)
    if newest.position.rollbacks == MAX_ROLLBACKS:
        raise error
    rate = newest.train.learning_rate / 2
    slower = dataclasses.replace(newest.train, learning_rate=rate)
    position = dataclasses.replace(newest.position, rollbacks=newest.position.rollbacks + 1)
    trainer.state.restore(newest.arrays, step=position.step)
    trainer.continue_from(dataclasses.replace(newest, train=slower, position=position))
    trainer.run.drop_metrics_after(position.step)
    trainer.checkpoints.save()
    trainer.warn(
        f"{error.message}; continuing after step {position.step:,} at half the rate, {rate:.3g}"
        f" (rollback {position.rollbacks} of {MAX_ROLLBACKS})"
    )
    trainer.record(learning_rate=rate, rollbacks=position.rollbacks)
    trainer.emit("on_rollback")


def require_valid(trainer: Trainer, arrays: Arrays) -> None:
    """Raise `DivergedError` for arrays that no checkpoint may hold."""
    for name, array in arrays.items():
        if reason := checkpoint.array_problem(name, array):
            raise diverged(trainer, f"{name} {reason}")


def diverged(trainer: Trainer, sign: str) -> DivergedError:
    """Return the error for a loss or a weight that is not valid; `sign` says which."""
    report, config = trainer.report, trainer.config
    norm = math.nan if report is None else float(report.grad_norm)
    rate = config.learning_rate if report is None else report.learning_rate
    return DivergedError(
        f"training diverged by step {trainer.state.step:,}: {sign}, with gradient norm"
        f" {norm:.3g} at learning rate {rate:.3g}",
        "the checkpoint before it is intact; start a new run with a learning rate below"
        f" {config.learning_rate:.3g} or a lower limit for gradients",
    )
