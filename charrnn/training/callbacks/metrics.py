"""Metrics: the mean training loss and the speed, every ten steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from charrnn.training.callbacks.callback import Callback
from charrnn.training.checkpoints import diverged
from charrnn.training.loop import Report

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer


class Metrics(Callback):
    """Records the means since the last record."""

    def __init__(self) -> None:
        self._seconds = 0.0  # of training, at the last record

    def on_start(self, trainer: Trainer) -> None:
        """Measure speed from here."""
        self._seconds = trainer.stopwatch.seconds

    def on_rollback(self, trainer: Trainer) -> None:
        """Measure speed from here."""
        self._seconds = trainer.stopwatch.seconds

    def on_step(self, trainer: Trainer, report: Report) -> None:
        """Record metrics if they are due. Raises `DivergedError`."""
        if not trainer.are_metrics_due(report.step):
            return
        losses, task = trainer.recent_losses, trainer.state.task
        loss = float(torch.stack(losses).mean())
        if not math.isfinite(loss):
            raise diverged(trainer, f"the loss is {loss}")
        seconds = trainer.stopwatch.seconds - self._seconds
        speed = round(len(losses) * trainer.batches.units_per_step / max(seconds, 1e-9))
        trainer.train_loss = loss
        losses.clear()
        self._seconds = trainer.stopwatch.seconds
        trainer.record(
            **task.loss_metrics(loss),
            grad_norm=float(report.grad_norm),
            learning_rate=report.learning_rate,
            **{f"{task.unit}_per_second": speed},
        )
