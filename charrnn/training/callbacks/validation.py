"""Validation: measure the validation split now and then, and keep the best weights."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from charrnn.errors import CheckpointError
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.training.callbacks.callback import Callback
from charrnn.training.checkpoints import diverged
from charrnn.training.loop import Report

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer


class Validation(Callback):
    """Measures every `eval_every` steps and at the end. Of several processes the first measures,
    and the others get its result.
    """

    def on_start(self, trainer: Trainer) -> None:
        """Recall the metric to beat."""
        trainer.best = trainer.state.group.broadcast_number(_metric_of_best(trainer))

    def on_step(self, trainer: Trainer, report: Report) -> None:
        """Validate if it is due. Raises `DivergedError`."""
        is_last = report.step == trainer.config.steps
        is_due = is_last or report.step % trainer.config.eval_every == 0
        if is_due and trainer.dataset.size("val") > 0:
            self._validate(trainer)

    def _validate(self, trainer: Trainer) -> None:
        state, began = trainer.state, time.monotonic()
        metrics = {}
        if state.group.rank == 0:
            metrics = dict(state.task.metrics(state.module, trainer.dataset, "val"))
        name = state.task.schema.metrics[0]
        decisive = state.group.broadcast_number(metrics.get(name, math.nan))
        if trainer.clock is not None:
            trainer.clock.pace.validation_seconds = time.monotonic() - began
        if not math.isfinite(decisive):
            raise diverged(trainer, f"the validation {name.replace('_', ' ')} is {decisive}")
        named = _of_validation(metrics)
        trainer.validated = (state.step, named)
        trainer.record(**named)
        trainer.emit("on_validation", metrics)
        if decisive <= trainer.best:  # of equals the latest: an error rate may stay for long
            trainer.best = decisive
            trainer.checkpoints.try_to_save_best()

    def on_finish(self, trainer: Trainer) -> None:
        """Add the final metrics to the best checkpoint, if there is time."""
        run, clock = trainer.run, trainer.clock
        if not run.has_best() or (clock is not None and not clock.pace.has_time_to_validate):
            return
        try:
            best = checkpoint.read(run.best)
        except CheckpointError:
            return  # there was a warning at the start; the last checkpoint is intact
        final_metrics = trainer.state.task.schema.final_metrics
        if any(f"val_{name}" not in best.metrics for name in final_metrics):
            metrics = {**best.metrics, **_of_validation(_final_metrics(trainer, best))}
            run.save_best(dataclasses.replace(best, metrics=metrics))


def _of_validation(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return metrics under the names that records and checkpoints have for the validation split."""
    return {f"val_{name}": value for name, value in metrics.items()}


def _final_metrics(trainer: Trainer, best: Checkpoint) -> Mapping[str, float]:
    """Measure the best weights; the module holds its own again afterwards."""
    task, module = trainer.state.task, trainer.state.module
    own = {name: weight.detach().clone() for name, weight in module.named_weights().items()}
    module.load(best.group("weights"))
    metrics = task.final_metrics(module, trainer.dataset, "val")
    with torch.no_grad():
        for name, weight in module.named_weights().items():
            weight.copy_(own[name])
    return metrics


def _metric_of_best(trainer: Trainer) -> float:
    """Return the decisive metric of the best checkpoint; infinity where there is none."""
    if not trainer.run.has_best():
        return math.inf
    try:
        best = checkpoint.read(trainer.run.best)
    except CheckpointError as error:
        trainer.warn(f"{error.message}; the next validation replaces it")
        return math.inf
    return best.metrics.get(best.schema.decisive_metric, math.inf)
