"""Baselines: what simple models make of the validation split, and how the run compares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from charrnn._text import number_of
from charrnn.analysis import baselines
from charrnn.analysis.baselines import Yardstick
from charrnn.training.callbacks.callback import Callback

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer

_HIGH_RATE = 0.05  # some four times the default: then it is the likelier cause of a high loss
_MANY_EPOCHS = 10  # more time does not teach what was not learned by then


class Baselines(Callback):
    """Measures the baselines of a language model at a run's start; later comments on its losses."""

    def __init__(self) -> None:
        self._yardstick = Yardstick({})

    def on_start(self, trainer: Trainer) -> None:
        """Measure, or recall what was measured; then show it."""
        self._recall(trainer)
        if trainer.state.step == 0 and not self._yardstick.baselines:
            share = 1.0 if trainer.clock is None else trainer.clock.pace.share_of_baselines
            measured = baselines.measure(trainer.dataset, trainer.header.vocab, share=share)
            self._yardstick = Yardstick(measured)
            if measured:
                trainer.record(baselines=measured)
        if self._yardstick.baselines:
            trainer.notify(self._yardstick.meaning())

    def on_rollback(self, trainer: Trainer) -> None:
        """Forget what was compared after the checkpoint."""
        self._recall(trainer)

    def on_validation(self, trainer: Trainer, metrics: Mapping[str, float]) -> None:
        """Say which baselines are beaten, and warn of overfitting."""
        for sentence in self._yardstick.remarks(trainer.train_loss, metrics["loss"]):
            trainer.notify(sentence)

    def on_finish(self, trainer: Trainer) -> None:
        """Say what to do about a run that learned too little."""
        reason = self._yardstick.shortfall(trainer.best)
        if reason:
            sentence = f"this run learned too little: {_read(trainer)}, and {reason}"
            message = f"{sentence}; {_advice(trainer)}"
            (trainer.notify if trainer.clock is None else trainer.warn)(message)

    def _recall(self, trainer: Trainer) -> None:
        self._yardstick = Yardstick.recalled(trainer.run.recorded())


def _epochs(trainer: Trainer) -> float:
    return trainer.state.step / trainer.batches.steps_per_epoch


def _read(trainer: Trainer) -> str:
    """Say how much was read: "20 steps read 5 % of the text"."""
    epochs = _epochs(trainer)
    read = f"{100 * epochs:.2g} % of the text" if epochs < 1 else f"the text {epochs:.2g} times"
    return f"{number_of(trainer.state.step, 'step')} read {read}"


def _advice(trainer: Trainer) -> str:
    if trainer.config.learning_rate > _HIGH_RATE:
        return f"try a --learning-rate below {trainer.config.learning_rate:g}"
    if _epochs(trainer) > _MANY_EPOCHS:
        return "give it more text"
    return f"give it more time: charrnn resume {trainer.run.name} --minutes 5"
