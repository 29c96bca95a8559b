"""Measure the baselines of a run when it starts; later compare its validation losses with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from charrnn._text import in_a_shell, number_of
from charrnn.analysis import baselines
from charrnn.analysis.baselines import Comparison
from charrnn.runs import task_names
from charrnn.training.callbacks.callback import Callback

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer

_HIGH_RATE = 0.05  # about four times the default: the likeliest cause of a high loss
_MANY_EPOCHS = 10  # what has not been learned by then does not come with more time


class Baselines(Callback):
    """Show baselines of a language model, and say when a loss beats them or overfits.

    A run of another task has none.
    """

    def __init__(self) -> None:
        self._comparison = Comparison({})

    def on_start(self, trainer: Trainer) -> None:
        """Show the baselines: measured for a new run, recalled from the metrics of an old one."""
        if not _has_baselines(trainer):
            return
        self._recall(trainer)
        if trainer.state.step == 0 and not self._comparison.baselines:
            fraction = 1.0 if trainer.clock is None else trainer.clock.pace.baselines_fraction
            measured = baselines.measure(trainer.dataset, trainer.header.vocab, fraction=fraction)
            self._comparison = Comparison(measured)
            if measured:
                trainer.record(baselines=measured)
        if self._comparison.baselines:
            trainer.notify(self._comparison.summary())

    def on_rollback(self, trainer: Trainer) -> None:
        """Forget the comparisons made after the checkpoint."""
        self._recall(trainer)

    def on_validation(self, trainer: Trainer, metrics: Mapping[str, float]) -> None:
        """Say which baselines are beaten, and warn of overfitting."""
        if not _has_baselines(trainer):
            return
        for sentence in self._comparison.remarks(trainer.train_loss, metrics["loss"]):
            trainer.notify(sentence)

    def on_finish(self, trainer: Trainer) -> None:
        """Say what to change if the run has learned too little to write like its text."""
        reason = self._comparison.shortfall(trainer.best)
        if reason:
            sentence = f"this run learned too little: {_progress(trainer)}, and {reason}"
            message = f"{sentence}; {_advice(trainer)}"
            (trainer.notify if trainer.clock is None else trainer.warn)(message)

    def _recall(self, trainer: Trainer) -> None:
        self._comparison = Comparison.recalled(trainer.run.metrics_lines())


def _has_baselines(trainer: Trainer) -> bool:
    return trainer.state.task.name == task_names.LANGUAGE_MODEL


def _num_epochs(trainer: Trainer) -> float:
    return trainer.state.step / trainer.batches.steps_per_epoch


def _progress(trainer: Trainer) -> str:
    """Return how much was read: "20 steps read 5 % of the text"."""
    epochs = _num_epochs(trainer)
    read = f"{100 * epochs:.2g} % of the text" if epochs < 1 else f"the text {epochs:.2g} times"
    return f"{number_of(trainer.state.step, 'step')} read {read}"


def _advice(trainer: Trainer) -> str:
    if trainer.config.learning_rate > _HIGH_RATE:
        return f"try a learning rate below {trainer.config.learning_rate:g}"
    if _num_epochs(trainer) > _MANY_EPOCHS:
        return "give it more text"
    return f"give it more time: charrnn resume {in_a_shell(trainer.run.name)} --minutes 5"
