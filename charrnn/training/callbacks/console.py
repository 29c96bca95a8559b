"""Console: hands the events of a run to a reporter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charrnn._text import Reporter
from charrnn.training.callbacks.callback import Callback
from charrnn.training.loop import Report

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer


class Console(Callback):
    """Shows a run to a person."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def on_start(self, trainer: Trainer) -> None:
        """Begin to show progress."""
        self._reporter.start_training(trainer.state.step, trainer.config.steps)

    def on_step(self, trainer: Trainer, report: Report) -> None:
        """Show the step."""
        self._reporter.show_step(report.step)

    def on_record(self, trainer: Trainer, line: Mapping[str, Any]) -> None:
        """Show the metrics."""
        self._reporter.show_metrics(line)

    def on_sample(self, trainer: Trainer, text: str) -> None:
        """Show the sample."""
        self._reporter.show_sample(text, trainer.state.step)

    def on_message(self, trainer: Trainer, sentence: str, *, is_warning: bool) -> None:
        """Show the sentence."""
        (self._reporter.warn if is_warning else self._reporter.show)(sentence)

    def on_new_length(self, trainer: Trainer) -> None:
        """Show the new number of steps."""
        self._reporter.set_num_steps(trainer.config.steps)

    def on_rollback(self, trainer: Trainer) -> None:
        """Show progress from the earlier step."""
        self._reporter.start_training(trainer.state.step, trainer.config.steps)

    def on_close(self, trainer: Trainer) -> None:
        """Take the bar away."""
        self._reporter.end_progress()
