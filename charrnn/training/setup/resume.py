"""Continue a run: from its newest checkpoint to a trainer."""

import dataclasses
from collections.abc import Sequence

from charrnn.config import RuntimeConfig, TrainConfig
from charrnn.errors import CheckpointError, UsageError
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.tasks import teachers
from charrnn.tasks.registry import TASKS
from charrnn.tasks.task import Dataset
from charrnn.training import handover
from charrnn.training.budget import Budget
from charrnn.training.clock import Clock
from charrnn.training.distributed import ALONE
from charrnn.training.handover import Handover
from charrnn.training.setup import machine, sentences, trial
from charrnn.training.setup.request import ResumeRequest
from charrnn.training.setup.resolve import share_of_batch
from charrnn.training.setup.session import Session
from charrnn.training.setup.state import state_of
from charrnn.training.setup.trial import Trial
from charrnn.training.trainer import Trainer


def resume_run(request: ResumeRequest, session: Session) -> Trainer:
    """Return the trainer of a run as its newest valid checkpoint left it.

    Another device or number of threads changes the last digits of the trajectory, which is a
    warning. Steps and epochs of a new length count from the start of the run, minutes from now.
    """
    run, group, reporter = request.run, session.group, session.reporter
    saved, is_damaged = _newest_checkpoint(request, session)
    is_over = saved.position.step >= saved.train.steps and request.budget == Budget()
    taught_by = [] if is_over else teachers.found_again(run, saved.train)
    runtime = machine.runtime_here(saved, request.settings, group=group, reporter=reporter)
    machine.prepare(runtime, group)
    dataset = TASKS[saved.task].dataset(saved, keep_corpus=request.keep_corpus, reporter=reporter)

    position = dataclasses.replace(saved.position, ranks=group.num_ranks)
    checkpoint = dataclasses.replace(saved, runtime=runtime, position=position)
    state = state_of(checkpoint, group, teachers=taught_by)
    clock = None
    if request.budget != Budget():
        checkpoint, clock = _with_new_length(checkpoint, dataset, request, session)
    reporter.show(sentences.continuing(run.name, checkpoint, request.budget))
    if is_damaged or _settings(checkpoint) != _settings(saved):
        run.save(checkpoint)  # before a step is made by them
    handover.announce(group, Handover(run, checkpoint, taught_by))
    return Trainer(
        run, state, dataset, checkpoint,
        callbacks=session.callbacks, save_every=session.save_every, clock=clock,
    )  # fmt: skip


def _newest_checkpoint(request: ResumeRequest, session: Session) -> tuple[Checkpoint, bool]:
    """Return the newest valid checkpoint, and whether newer ones are damaged; tell which are."""
    checkpoint, errors = request.run.newest_valid()
    if checkpoint.speaks_only:
        raise CheckpointError(
            f"the run {request.run.name!r} was copied without its training state",
            "init_from starts a new run with its weights",
            "init_from",
        )
    for error in errors:
        step = checkpoint.position.step
        session.reporter.warn(f"{error.message}; continuing from step {step} instead")
    if errors:
        kept = request.run.set_aside_damaged()
        session.reporter.show(f"the damaged checkpoint is kept as {kept}")
    return checkpoint, bool(errors)


def _with_new_length(
    checkpoint: Checkpoint, dataset: Dataset, request: ResumeRequest, session: Session
) -> tuple[Checkpoint, Clock | None]:
    """Return the checkpoint with another number of steps, and the clock of a run of minutes."""
    done, config = checkpoint.position.step, checkpoint.train
    batches = TASKS[checkpoint.task].batches(dataset, config, device="cpu")
    steps, clock = request.budget.counted_steps(batches.steps_per_epoch), None
    if steps is None:
        measured = _try(checkpoint, dataset, request, session)
        steps = done + measured.steps
        clock = Clock(measured.pace, _threads_to_try(checkpoint, request, session))
    if steps <= done and steps != config.steps:
        raise UsageError(
            f"the run {request.run.name!r} has already made {done:,} steps",
            f"a new length must be greater, {steps:,} is not",
        )
    config = dataclasses.replace(config, steps=steps, schedule_step=0, schedule_done=0.0)
    return dataclasses.replace(checkpoint, train=config), clock


def _try(
    checkpoint: Checkpoint, dataset: Dataset, request: ResumeRequest, session: Session
) -> Trial:
    """Try a copy of the state on this process alone, with its share of each batch."""
    taught_by = teachers.found_again(request.run, checkpoint.train)
    copy = state_of(checkpoint, session.group, teachers=taught_by)
    state = dataclasses.replace(copy, group=ALONE)
    return trial.run_trial(
        state, dataset, share_of_batch(checkpoint.train, session.group.num_ranks),
        seconds=request.budget.seconds, began=session.began, threads=[checkpoint.runtime.threads],
    )  # fmt: skip


def _threads_to_try(
    checkpoint: Checkpoint, request: ResumeRequest, session: Session
) -> Sequence[int]:
    """Return the numbers of threads to choose from on the way; none if the request names one."""
    if "threads" in request.settings:
        return ()
    name, group, reporter = checkpoint.runtime.device, session.group, session.reporter
    return machine.threads_to_try({}, name, group=group, reporter=reporter)


def _settings(header: CheckpointHeader) -> tuple[TrainConfig, RuntimeConfig, Position]:
    return header.train, header.runtime, header.position
