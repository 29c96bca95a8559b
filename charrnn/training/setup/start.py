"""Create a run: from a request to a trainer at step 0."""

from collections.abc import Sequence
from typing import Any

from charrnn._text import Reporter, in_a_shell
from charrnn.config import TrainConfig
from charrnn.errors import SettingError
from charrnn.runs import restarts
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.runs.run import Run, used_instead
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks import teachers
from charrnn.tasks.registry import task_of
from charrnn.tasks.task import Corpus, Dataset, Task
from charrnn.training import handover
from charrnn.training.handover import Handover
from charrnn.training.setup import machine, sentences
from charrnn.training.setup.machine import Machine
from charrnn.training.setup.request import Request
from charrnn.training.setup.resolve import Given, resolve
from charrnn.training.setup.session import Session
from charrnn.training.setup.state import Origin, new_state
from charrnn.training.trainer import Trainer


def start_run(request: Request, session: Session) -> Trainer:
    """Read the corpus, choose every number and make the run's folder; return the trainer."""
    group = session.group
    request.root.require_free(request.run_name)  # what can be checked comes before a long reading
    computer = _prepared_machine(request, session)
    parent = _parent(request, session.reporter)
    taught_by = [_model("teachers", name, request, session.reporter) for name in request.teachers]
    task = _task(request, taught_by, computer)
    corpus, dataset = _read(request, task, parent, session)
    teachers.require_alike(request.teachers, taught_by, corpus.vocabs, request.data)

    kept = teachers.settings_of(request.teachers, taught_by, request.root)
    settings = {**request.settings, **kept}
    if parent is None:
        origin = Origin(task, corpus.vocabs, task.constants(dataset, settings))
    else:
        settings |= _born_with(parent)
        origin = Origin(task, corpus.vocabs, parent.arrays, parent.group("weights"))
    resolved = resolve(
        Given(
            settings=settings, data=request.data, budget=request.budget,
            origin=origin, dataset=dataset, machine=computer, session=session,
        )
    )  # fmt: skip
    if resolved.data != request.data:
        dataset = task.split(corpus, resolved.data, seed=request.seed)

    model, train, runtime = resolved.plan.model, resolved.plan.train, resolved.runtime
    state = new_state(origin, model, train, runtime=runtime, group=group)
    if parent is None:
        task.initialise(state.module, dataset, train)
    header = CheckpointHeader(
        task=task.name, model=model, data=resolved.data, train=train, runtime=runtime,
        vocabs=corpus.vocabs, corpora=corpus.corpora, position=Position(ranks=group.num_ranks),
    )  # fmt: skip
    for name in teachers.who_knows_validation(request.teachers, taught_by, header):
        session.reporter.warn(
            f"{name} learned from text that this run validates on, so losses will look too good:"
            " keep a validation file of its own from both"
        )
    checkpoint = Checkpoint.of(header, task.arrays(state.module))
    run = _create_folder(request, session)
    handover.announce(group, Handover(run, checkpoint, taught_by, is_new=True))
    return Trainer(
        run, state, dataset, checkpoint,
        callbacks=session.callbacks, save_every=session.save_every, clock=resolved.clock,
        on_saved=corpus.release,
    )  # fmt: skip


def _prepared_machine(request: Request, session: Session) -> Machine:
    """Choose device and threads, and set up torch for them."""
    computer = machine.choose(request.settings, group=session.group, reporter=session.reporter)
    batch_size = request.settings.get("batch_size", 0)
    machine.require_shareable(batch_size, computer.runtime.device, group=session.group)
    machine.prepare(computer.runtime, session.group)
    return computer


def _task(request: Request, taught_by: Sequence[Checkpoint], computer: Machine) -> Task:
    """Return the task of the request, with the teachers on the device."""
    weight = TrainConfig.among(request.settings).teacher_weight
    return task_of(request.task, taught_by, weight=weight, device=computer.runtime.device)


def _model(setting: str, name: str, request: Request, reporter: Reporter) -> Checkpoint:
    """Return the best checkpoint of a run, or of a file, that a setting names; tell which damaged
    ones were skipped.

    Raises `SettingError` for a checkpoint of another task.
    """
    found, skipped = request.root.best_checkpoint(name)
    for error in skipped:
        reporter.warn(used_instead(found, error))
    if found.task != request.task:
        learned, other = SCHEMAS[request.task].learned, found.schema.learned
        raise SettingError(
            f"{setting} {name} is a model of {other}, not of {learned}",
            f"name a run that learned {learned}",
            setting,
        )
    return found


def _parent(request: Request, reporter: Reporter) -> Checkpoint | None:
    """Return the checkpoint to take the weights from, if the request names one.

    Raises `SettingError` for a setting that differs from what its model was born with.
    """
    if request.init_from is None:
        return None
    parent = _model("init_from", request.init_from, request, reporter)
    for name, value in _born_with(parent).items():
        if request.settings.get(name, value) != value:
            raise SettingError(
                f"{name} {request.settings[name]} does not fit: {request.init_from} has {value}",
                "leave it out",
                name,
            )
    return parent


def _born_with(parent: Checkpoint) -> dict[str, Any]:
    """Return the settings that a run takes over with the weights of another."""
    train = parent.train
    return {
        **parent.model.to_json(),
        "ngram_min_count": train.ngram_min_count,
        "ngram_init": train.ngram_init,
    }


def _read(
    request: Request, task: Task, parent: Checkpoint | None, session: Session
) -> tuple[Corpus, Dataset]:
    """Read the corpus and split it; tell what is in it."""
    reporter = session.reporter
    vocabs = None if parent is None else parent.vocabs
    root = request.root.for_new_runs
    corpus = task.read(request.sources, request.data, vocabs=vocabs, root=root, reporter=reporter)
    dataset = task.split(corpus, request.data, seed=request.seed)
    length = sentences.length_of(request.budget)
    reporter.show(f"{task.summary(corpus, dataset)}; training for {length}")
    task.show_notes(corpus, dataset, reporter)
    if request.teachers:
        reporter.show(f"taught by {' and '.join(request.teachers)}, too")
    return corpus, dataset


def _create_folder(request: Request, session: Session) -> Run:
    run = request.root.create(request.run_name, default=request.sources.title)
    if request.launch is not None:
        restarts.note(run, request.launch)
    session.reporter.show(
        f"Ctrl-C saves and stops; continue with: charrnn resume {in_a_shell(run.name)}"
    )
    return run
