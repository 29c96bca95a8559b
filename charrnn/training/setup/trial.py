"""From minutes to steps: a trial on this machine tells how many steps there is time for.

The state that is tried is thrown away. While the run trains, `clock.Pace` corrects the number.
"""

import dataclasses
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from charrnn.config import TrainConfig
from charrnn.models import device
from charrnn.tasks.task import Batches, Dataset
from charrnn.training.clock import Pace
from charrnn.training.loop import Report, TrainingState, train

_TRIAL_SECONDS, _TRIAL_SHARE = 0.75, 1 / 80  # for each number of threads; of the run's time, in all
_MIN_STEPS = 3  # so that the clock can correct their number before the end
_MAX_VALIDATION_SHARE = 1 / 30  # of the time, for the validation at the end
_BATCHES_TRIED = 5
_QUICK_VALIDATION = 1 / 200  # of the time: then a longer one may be tried


@dataclass(frozen=True)
class Trial:
    """What this machine can do in the time of a run."""

    steps: int
    threads: int  # the fastest number
    pace: Pace  # assumes a validation of the affordable length
    affordable_validation: float = 1.0  # fraction of the validation split that there is time for


def run_trial(
    state: TrainingState,
    dataset: Dataset,
    config: TrainConfig,
    *,
    seconds: float,
    began: float,
    threads: Sequence[int],
) -> Trial:
    """Measure steps with each number of threads, and count how many fit into the time.

    The time is `seconds` from `began`, in monotonic seconds. The trial changes `state`.
    """
    endless = dataclasses.replace(config, steps=2**40)
    batches = state.task.batches(dataset, config, device=state.runtime.device)
    steps = train(state, batches, endless)
    per_step = {}
    at_most = min(_TRIAL_SECONDS, seconds * _TRIAL_SHARE / len(threads))
    for num_threads in threads:
        device.set_threads(num_threads)
        per_step[num_threads] = _seconds_per_step(steps, at_most=at_most)
    fastest = min(per_step, key=lambda num_threads: per_step[num_threads])
    device.set_threads(fastest)
    first_time = seconds_of_first_time(batches, state.step, state.runtime.device)
    validation = seconds_per_validation(state, dataset, quick=seconds * _QUICK_VALIDATION)
    affordable = min(1.0, seconds * _MAX_VALIDATION_SHARE / max(1e-9, validation))
    pace = Pace(began, seconds, validation * affordable)
    left = pace.end_of_training - time.monotonic()
    fitting = num_steps(
        left, per_step=per_step[fastest], first_time=first_time, per_epoch=batches.steps_per_epoch
    )
    return Trial(max(_MIN_STEPS, round(fitting)), fastest, pace, affordable)


def num_steps(seconds: float, *, per_step: float, first_time: float, per_epoch: float) -> float:
    """Return how many steps fit into so many seconds, if one takes `per_step` in the first epoch,
    and `first_time` less from then on.
    """
    if seconds <= per_epoch * per_step:
        return seconds / per_step
    later = max(per_step - first_time, per_step / 100)
    return per_epoch + (seconds - per_epoch * per_step) / later


def seconds_of_first_time(batches: Batches, step: int, name: str) -> float:
    """Return how many seconds longer a batch takes that is made for the first time, from a step on
    whose batch was never made. `name` is that of the device.
    """
    extra = []
    for new in range(step, step + _BATCHES_TRIED):
        first, again = (_seconds_of_batch(batches, new, name) for _ in range(2))
        extra.append(max(0.0, first - again))
    return statistics.median(extra)


def _seconds_of_batch(batches: Batches, step: int, name: str) -> float:
    device.wait_for(name)
    began = time.monotonic()
    batches.batch(step)
    device.wait_for(name)
    return time.monotonic() - began


def _seconds_per_step(steps: Iterator[Report], *, at_most: float) -> float:
    """Return the median time of the next steps, spending `at_most` seconds on them."""
    for report in itertools.islice(steps, 2):  # warm-up
        float(report.loss)
    began = before = time.monotonic()
    seconds = []
    for report in steps:
        float(report.loss)  # a GPU is only done when the number is there
        now = time.monotonic()
        seconds.append(now - before)
        before = now
        if now - began >= at_most:
            break
    return statistics.median(seconds)


def seconds_per_validation(state: TrainingState, dataset: Dataset, *, quick: float) -> float:
    """Estimate how long validation takes, from the beginning of the split: from longer and longer
    ones while each takes at most `quick` seconds.
    """
    estimate = 0.0
    for size in state.task.validation_size.tried:
        beginning = dataset.beginning("val", size)
        if beginning.size("val") < 2:
            break
        began = time.monotonic()
        state.task.metrics(state.module, beginning, "val")
        seconds = time.monotonic() - began
        estimate = seconds * dataset.size("val") / beginning.size("val")
        if seconds > quick or beginning.size("val") == dataset.size("val"):
            break
    return estimate
