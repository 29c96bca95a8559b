"""The configuration of a new run: choose every number that was not given.

A budget of steps or epochs says how many steps there are; for one of minutes a trial on this
machine tells it, and with it how wide a network there is time for.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn._text import number_of
from charrnn.config import DataConfig, RuntimeConfig, TrainConfig
from charrnn.tasks.task import Dataset
from charrnn.training import autosize
from charrnn.training.autosize import Facts, Plan
from charrnn.training.budget import Budget
from charrnn.training.clock import Clock, Pace
from charrnn.training.distributed import ALONE
from charrnn.training.setup import sentences, trial
from charrnn.training.setup.machine import Machine, require_shareable
from charrnn.training.setup.session import Session
from charrnn.training.setup.state import Origin, new_state
from charrnn.training.setup.trial import Trial

_MIN_VALIDATION = 2000  # characters


@dataclass(frozen=True)
class Resolved:
    """The complete configuration of a new run."""

    plan: Plan
    data: DataConfig
    runtime: RuntimeConfig
    clock: Clock | None = None  # of a run of minutes


@dataclass(frozen=True)
class _Given:
    """What a configuration is chosen for."""

    settings: Mapping[str, Any]  # that are not to be chosen
    budget: Budget
    origin: Origin
    dataset: Dataset
    machine: Machine
    facts: Facts


def resolve(
    settings: Mapping[str, Any],
    budget: Budget,
    *,
    origin: Origin,
    dataset: Dataset,
    machine: Machine,
    session: Session,
) -> Resolved:
    """Return the configuration for a dataset; `settings` are kept, all others are chosen.

    Raises `SettingError` where processes cannot share a batch of that size.
    """
    sizes = origin.task.sizes(dataset, origin.vocabs, origin.constants)
    device, num_ranks = machine.runtime.device, session.group.num_ranks
    facts = Facts(**vars(sizes), device=device, num_ranks=num_ranks)
    given = _Given(settings, budget, origin, dataset, machine, facts)
    plan = autosize.make(settings, facts)
    steps = budget.counted_steps(_steps_per_epoch(given, plan))
    if steps is None:
        resolved = _resolve_by_trial(given, plan, session)
    else:
        data = DataConfig.among(settings)
        resolved = Resolved(_with(plan, steps=steps), data, machine.runtime)
    require_shareable(resolved.plan.train.batch_size, device, group=session.group)
    if resolved.plan.shrunk:
        session.reporter.show(resolved.plan.shrunk)
    vocab_size = f"{sizes.vocab_size:,} distinct characters"
    session.reporter.show_detail(f"{vocab_size}; {resolved.plan.why}")
    return resolved


def _resolve_by_trial(given: _Given, plan: Plan, session: Session) -> Resolved:
    """Try a plan that assumes nothing about the time; then the one that there is time for."""
    measured = _try(given, plan, session)
    arithmetic = measured.steps * autosize.cost_of_step(plan, given.facts)
    timed_plan = autosize.make(given.settings, given.facts, arithmetic=arithmetic)
    if timed_plan.model != plan.model:
        measured = _try(given, timed_plan, session)
    plan = _with(timed_plan, steps=measured.steps)
    data, pace = _with_affordable_validation(given, measured)
    _show_choices(given, plan, data, measured=measured, session=session)
    runtime = dataclasses.replace(given.machine.runtime, threads=measured.threads)
    return Resolved(plan, data, runtime, Clock(pace, given.machine.threads))


def _try(given: _Given, plan: Plan, session: Session) -> Trial:
    """Try a plan on this process alone, with the share of each batch that it will have."""
    share = share_of_batch(plan.train, session.group.num_ranks)
    state = new_state(given.origin, plan.model, share, runtime=given.machine.runtime, group=ALONE)
    return trial.run_trial(
        state, given.dataset, share,
        seconds=given.budget.seconds, began=session.began, threads=given.machine.threads,
    )  # fmt: skip


def _with_affordable_validation(given: _Given, measured: Trial) -> tuple[DataConfig, Pace]:
    """Shorten the validation split to what there is time for, unless its length was given."""
    data, num_val = DataConfig.among(given.settings), given.facts.num_val
    affordable = measured.affordable_validation
    if data.max_val_chars == DataConfig.max_val_chars:
        num_val = min(num_val, max(_MIN_VALIDATION, int(affordable * num_val)))
    if num_val < given.facts.num_val:
        data = dataclasses.replace(data, max_val_chars=num_val)
    pace = measured.pace
    if affordable < 1:
        seconds = pace.validation_seconds * num_val / (affordable * given.facts.num_val)
        pace = dataclasses.replace(pace, validation_seconds=seconds)
    return data, pace


def _show_choices(
    given: _Given, plan: Plan, data: DataConfig, *, measured: Trial, session: Session
) -> None:
    """Tell what the trial has changed, or how little there is time for."""
    reporter, most = session.reporter, given.machine.threads[0]
    if data != DataConfig.among(given.settings):
        reporter.show(
            f"validating on {data.max_val_chars:,} of {given.facts.num_val:,} characters,"
            " to save time"
        )
    if measured.threads < most:
        threads = number_of(measured.threads, "thread")
        reporter.show_detail(f"computing with {threads}: faster than with {most}")
    epochs = plan.train.steps / _steps_per_epoch(given, plan)
    if sentence := sentences.time_for(epochs, given.budget):
        reporter.show(sentence)


def _steps_per_epoch(given: _Given, plan: Plan) -> float:
    batches = given.origin.task.batches(given.dataset, plan.train, device="cpu")
    return batches.steps_per_epoch


def share_of_batch(config: TrainConfig, num_ranks: int) -> TrainConfig:
    """Return the configuration with the batch size that each of several processes has."""
    return dataclasses.replace(config, batch_size=max(1, config.batch_size // num_ranks))


def _with(plan: Plan, **changes: Any) -> Plan:
    """Return the plan with other training settings."""
    return dataclasses.replace(plan, train=dataclasses.replace(plan.train, **changes))
