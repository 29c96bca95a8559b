"""Console: hands the events of a run to a display."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from charrnn.training.callbacks.callback import Callback
from charrnn.training.loop import Report

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer


class Display(Protocol):
    """A screen that shows a run; `cli.console` has some."""

    def say(self, sentence: str) -> None:
        """Show a note."""

    def warn(self, sentence: str) -> None:
        """Show a warning."""

    def begin(self, step: int, steps: int) -> None:
        """Show that training goes on after `step` of `steps`."""

    def lengthen(self, steps: int) -> None:
        """Show another number of steps."""

    def advance(self, step: int) -> None:
        """Show that a step was made."""

    def figures(self, figures: Mapping[str, Any]) -> None:
        """Show a line of metrics."""

    def sample(self, text: str, step: int) -> None:
        """Show a sample."""

    def end(self) -> None:
        """Show that training has ended."""


class Console(Callback):
    """Shows a run on a display."""

    def __init__(self, screen: Display) -> None:
        self._screen = screen

    def on_start(self, trainer: Trainer) -> None:
        """Begin to show progress."""
        self._screen.begin(trainer.state.step, trainer.config.steps)

    def on_step(self, trainer: Trainer, report: Report) -> None:
        """Show the step."""
        self._screen.advance(report.step)

    def on_record(self, trainer: Trainer, line: Mapping[str, Any]) -> None:
        """Show the figures."""
        self._screen.figures(line)

    def on_sample(self, trainer: Trainer, text: str) -> None:
        """Show the sample."""
        self._screen.sample(text, trainer.state.step)

    def on_message(self, trainer: Trainer, sentence: str, *, is_warning: bool) -> None:
        """Show the sentence."""
        (self._screen.warn if is_warning else self._screen.say)(sentence)

    def on_new_length(self, trainer: Trainer) -> None:
        """Show the new number of steps."""
        self._screen.lengthen(trainer.config.steps)

    def on_rollback(self, trainer: Trainer) -> None:
        """Show progress from the earlier step."""
        self._screen.begin(trainer.state.step, trainer.config.steps)

    def on_close(self, trainer: Trainer) -> None:
        """End the display."""
        self._screen.end()
