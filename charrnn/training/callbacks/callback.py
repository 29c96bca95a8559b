"""The events of a run. A callback reads the training state, and never changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charrnn.training.loop import Report

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer


class Callback:
    """Does nothing; override what you need. trainer.py has the order of the events."""

    def on_start(self, trainer: Trainer) -> None:
        """The first step of this process is next."""

    def on_step(self, trainer: Trainer, report: Report) -> None:
        """A step was made."""

    def on_validation(self, trainer: Trainer, metrics: Mapping[str, float]) -> None:
        """The validation split was measured; the first metric decides what the best is."""

    def on_record(self, trainer: Trainer, line: Mapping[str, Any]) -> None:
        """A line was appended to the run's metrics."""

    def on_sample(self, trainer: Trainer, text: str) -> None:
        """A sample was drawn."""

    def on_message(self, trainer: Trainer, sentence: str, *, is_warning: bool) -> None:
        """There is a note for people."""

    def on_new_length(self, trainer: Trainer) -> None:
        """`trainer.config.steps` has changed."""

    def on_rollback(self, trainer: Trainer) -> None:
        """The run diverged, and goes on from an earlier checkpoint."""

    def on_finish(self, trainer: Trainer) -> None:
        """All steps are made and saved; not called where a signal ended the run."""

    def on_close(self, trainer: Trainer) -> None:
        """Training has ended, one way or another."""
