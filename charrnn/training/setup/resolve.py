"""The configuration of a new run: choose every number that was not given.

A budget of steps or epochs says how many steps there are; for one of minutes a trial on this
machine tells it, and with it how wide a network there is time for.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn._text import number_of
from charrnn.config import RuntimeConfig, TrainConfig
from charrnn.tasks.task import Dataset, Plan, Resources
from charrnn.training.budget import Budget
from charrnn.training.clock import Clock, Pace
from charrnn.training.distributed import ALONE
from charrnn.training.setup import sentences, trial
from charrnn.training.setup.machine import Machine, require_shareable
from charrnn.training.setup.session import Session
from charrnn.training.setup.state import Origin, new_state
from charrnn.training.setup.trial import Trial


@dataclass(frozen=True)
class Resolved:
    """The complete configuration of a new run."""

    plan: Plan
    data: Any  # of the type in `Schema.data`
    runtime: RuntimeConfig
    clock: Clock | None = None  # of a run of minutes


@dataclass(frozen=True)
class Given:
    """What the configuration of a new run is chosen for."""

    settings: Mapping[str, Any]  # which are kept
    data: Any  # how the dataset is split
    budget: Budget
    origin: Origin
    dataset: Dataset
    machine: Machine
    session: Session


def resolve(given: Given) -> Resolved:
    """Return the complete configuration of a new run; tell what was chosen.

    Raises `SettingError` where processes cannot share a batch evenly.
    """
    plan = _plan(given)
    steps = given.budget.counted_steps(_steps_per_epoch(given, plan))
    if steps is None:
        resolved = _resolve_by_trial(given, plan)
    else:
        resolved = Resolved(_with(plan, steps=steps), given.data, given.machine.runtime)
    plan, session = resolved.plan, given.session
    require_shareable(plan.train.batch_size, resolved.runtime.device, group=session.group)
    if plan.shrunk:
        session.reporter.show(plan.shrunk)
    session.reporter.show_detail(plan.why)
    return resolved


def _plan(given: Given, multiply_adds: float | None = None) -> Plan:
    origin, device = given.origin, given.machine.runtime.device
    num_ranks, budget = given.session.group.num_ranks, given.budget
    resources = Resources(device, num_ranks, multiply_adds, budget.steps, budget.epochs)
    return origin.task.plan(
        given.settings, given.dataset, origin.vocabs, origin.constants, resources=resources
    )


def _resolve_by_trial(given: Given, plan: Plan) -> Resolved:
    """Try a plan that assumes nothing about the time; then the one that there is time for."""
    measured = _try(given, plan)
    timed_plan = _plan(given, multiply_adds=measured.steps * plan.multiply_adds)
    if timed_plan.model != plan.model:
        measured = _try(given, timed_plan)
    plan = _with(timed_plan, steps=measured.steps)
    data, pace = _with_affordable_validation(given, measured)
    _show_choices(given, plan, data, measured=measured)
    runtime = dataclasses.replace(given.machine.runtime, threads=measured.threads)
    return Resolved(plan, data, runtime, Clock(pace, given.machine.threads))


def _try(given: Given, plan: Plan) -> Trial:
    """Try a plan on this process alone, with the share of each batch that it will have."""
    session = given.session
    share = share_of_batch(plan.train, session.group.num_ranks)
    state = new_state(given.origin, plan.model, share, runtime=given.machine.runtime, group=ALONE)
    return trial.run_trial(
        state, given.dataset, share,
        seconds=given.budget.seconds, began=session.began, threads=given.machine.threads,
    )  # fmt: skip


def _with_affordable_validation(given: Given, measured: Trial) -> tuple[Any, Pace]:
    """Shorten the validation split to what there is time for, unless its length was given."""
    data, pace, affordable = given.data, measured.pace, measured.affordable_validation
    size = num_val = given.dataset.size("val")
    limit = given.origin.task.validation_size
    if getattr(data, limit.setting) == getattr(type(data), limit.setting):  # the default
        num_val = min(size, max(limit.at_least, int(affordable * size)))
    if num_val < size:
        data = dataclasses.replace(data, **{limit.setting: num_val})
    if affordable < 1:
        seconds = pace.validation_seconds * num_val / (affordable * size)
        pace = dataclasses.replace(pace, validation_seconds=seconds)
    return data, pace


def _show_choices(given: Given, plan: Plan, data: Any, *, measured: Trial) -> None:
    """Tell what the trial has changed, or how little there is time for."""
    reporter, most = given.session.reporter, given.machine.threads[0]
    if data != given.data:
        limit, size = given.origin.task.validation_size, given.dataset.size("val")
        num_val = f"{getattr(data, limit.setting):,} of {number_of(size, limit.unit)}"
        reporter.show(f"validating on {num_val}, to save time")
    if measured.threads < most:
        threads = number_of(measured.threads, "thread")
        reporter.show_detail(f"computing with {threads}: faster than with {most}")
    epochs = plan.train.steps / _steps_per_epoch(given, plan)
    task = given.origin.task
    learned = "text" if task.schema.learned == "text" else task.unit
    if sentence := sentences.time_for(epochs, given.budget, learned=learned):
        reporter.show(sentence)


def _steps_per_epoch(given: Given, plan: Plan) -> float:
    batches = given.origin.task.batches(given.dataset, plan.train, device="cpu")
    return batches.steps_per_epoch


def share_of_batch(config: TrainConfig, num_ranks: int) -> TrainConfig:
    """Return the configuration with the batch size that each of several processes has."""
    return dataclasses.replace(config, batch_size=max(1, config.batch_size // num_ranks))


def _with(plan: Plan, **changes: Any) -> Plan:
    """Return the plan with other training settings."""
    return dataclasses.replace(plan, train=dataclasses.replace(plan.train, **changes))
