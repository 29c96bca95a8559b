"""How long a run is: steps, times through the text, or minutes, all of them turned into steps.

Minutes are measured: a trial on this machine, with this very network, thrown away afterwards. From
then on the clock decides nothing that is learned.
"""

import dataclasses
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from charrnn import plan
from charrnn.config import TrainConfig
from charrnn.corpus import Lanes
from charrnn.errors import UsageError
from charrnn.training import Learner, evaluate, train
from charrnn.vocab import IntArray


@dataclass(frozen=True)
class Budget:
    """How long to train: at most one of the three."""

    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = {
            name: value for name, value in dataclasses.asdict(self).items() if value is not None
        }
        if len(given) > 1:
            flags = " and ".join(f"--{name} {value}" for name, value in given.items())
            raise UsageError(
                f"{flags} were both given", "choose one of --steps, --epochs, --minutes"
            )
        for name, value in given.items():
            if not 0 < value < 1e15:
                raise UsageError(f"--{name} {value} is out of range", "it must be greater than 0")


def total_steps(
    budget: Budget,
    config: TrainConfig,
    ids: IntArray,
    new_learner: Callable[[TrainConfig], Learner],
    *,
    began: float,
    done: int = 0,
) -> int:
    """The budget in steps since the run's birth; minutes are measured on this machine, this
    network.
    """
    if budget.steps is not None:
        return budget.steps
    num_train = config.num_train(len(ids))
    if budget.epochs is not None:
        return plan.epochs_to_steps(budget.epochs, num_train=num_train, train=config)
    seconds = 60 * (plan.DEFAULT_MINUTES if budget.minutes is None else budget.minutes)
    trial = new_learner(config)
    per_step = _seconds_per_step(trial, ids[:num_train], config, at_most=min(3.0, seconds / 20))
    per_evaluation = _seconds_per_evaluation(trial, ids, num_train)
    return done + plan.minutes_to_steps(
        seconds - (time.monotonic() - began),
        seconds_per_step=per_step,
        seconds_per_evaluation=per_evaluation,
        eval_every=config.eval_every,
    )


def _seconds_per_step(
    learner: Learner, ids: IntArray, config: TrainConfig, *, at_most: float
) -> float:
    """How long a step takes, from a learner that is thrown away; the first two only warm up."""
    lanes = Lanes(ids, batch_size=config.batch_size, seq_length=config.seq_length)
    endless = dataclasses.replace(config, steps=2**40)
    steps = train(learner, lanes, endless)
    for _ in itertools.islice(steps, 2):
        pass
    began, num_steps = time.monotonic(), 0
    for report in steps:
        float(report.loss)  # a GPU is only done when the number is there
        num_steps += 1
        if time.monotonic() - began >= at_most:
            break
    return (time.monotonic() - began) / num_steps


def _seconds_per_evaluation(learner: Learner, ids: IntArray, num_train: int) -> float:
    """How long the validation split takes, from a part of it."""
    num_val = len(ids) - num_train
    if not num_val:
        return 0.0
    part = min(num_val, 100_000)
    began = time.monotonic()
    evaluate(learner.network, ids[: num_train + part], first=num_train)
    return (time.monotonic() - began) * num_val / part
