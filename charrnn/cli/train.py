"""The commands `train` and `resume`: checks without torch, then a trainer that runs to its end."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from charrnn._text import Reporter, in_a_shell, number_of
from charrnn.cli.flags import resumed, shared
from charrnn.cli.flags import train as flags
from charrnn.cli.flags.of_task import typed_settings
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.training.setup.request import Request, ResumeRequest
    from charrnn.training.setup.session import Session
    from charrnn.training.trainer import Trainer


_LONGEST_EXAMPLE = 60  # characters of a source in a command to try


def train(
    context: typer.Context,
    corpus: flags.Corpus = None,
    pairs: flags.Pairs = False,
    labels: flags.Labels = False,
    given_label: flags.GivenLabel = None,
    in_step: flags.InStep = False,
    images: flags.Images = None,
    source: flags.Source = None,
    target: flags.Target = None,
    normalise: flags.Normalise = None,
    *,
    given: flags.Settings,
    init_from: flags.InitFrom = None,
    epochs: flags.Epochs = None,
    minutes: flags.Minutes = None,
    lines: flags.Lines = False,
    allow_short: flags.AllowShort = False,
    val: flags.Val = None,
    run: flags.RunName = None,
    display: flags.Display,
) -> None:
    """Train a model on a text, on pairs, on texts with labels, on pairs in step, or on pictures.

    Ctrl-C saves and stops; `charrnn resume` continues.
    """
    began = time.monotonic()
    from charrnn.cli import inputs, torchrun
    from charrnn.training.budget import Budget
    from charrnn.training.setup.request import Request, implied_settings, named_sources

    task, sources = named_sources(
        corpus or (), pairs=pairs, labels=labels, given=given_label, in_step=in_step,
        images=images, source=source or (), target=target or (), val=val or (),
        allow_short=allow_short,
    )  # fmt: skip
    typed = typed_settings(context, given, task, lines=lines, normalise=normalise)
    settings = implied_settings(typed, has_val=bool(val), given=given_label, images=images)
    budget = Budget(settings.pop("steps", None), epochs, minutes)
    request = Request(
        sources,
        inputs.root(),
        settings,
        budget,
        task,
        run_name=run,
        init_from=init_from,
        launch=torchrun.launch(),
    )
    if not torchrun.is_one_of_several():  # else the run of an earlier attempt may be there
        _require_trainable(request)
    _train(partial(_start, request), display, began=began)


def _require_trainable(request: "Request") -> None:
    """Raise the error that `start_run` would raise, as far as that needs no torch."""
    from charrnn.models import device_names
    from charrnn.sources import decoding, paths

    device_names.require_device(request.settings.get("device"))
    request.root.require_free(request.run_name)
    decoding.require_known(request.data.encoding)
    sources = request.sources
    paths.require_there((*sources.names, *sources.target_names, *sources.val_names))
    if request.task == task_names.CAPTION:
        from charrnn.sources.pictures import PictureFolder, require_pillow

        require_pillow()
        PictureFolder(Path(request.data.images)).require()
    for name in filter(None, (request.init_from, *request.teachers)):
        request.root.require_there(name)


def resume(
    context: typer.Context,
    run: shared.Run = None,
    steps: flags.Steps = None,
    epochs: flags.Epochs = None,
    minutes: flags.MoreMinutes = None,
    device: flags.Device = None,
    threads: flags.Threads = None,
    keep_corpus: flags.KeepCorpus = False,
    *,
    display: flags.Display,
) -> None:
    """Continue a run exactly where it stopped, to the last bit.

    --steps and --epochs set a new total length; --minutes trains that much longer from now on. The
    learning rate then follows the schedule of a run of the new length.
    """
    began = time.monotonic()
    from charrnn.cli import inputs, torchrun
    from charrnn.models import device_names
    from charrnn.training.budget import Budget

    budget = Budget(steps, epochs, minutes)
    name, typed = resumed.typed(context, run)
    if not torchrun.is_one_of_several():  # else only the first process needs to have the run
        device_names.require_device(device)
        resumed.require_same(typed, inputs.root().find(name).newest_header())
    given = {"device": device, "threads": threads}
    settings = {name: value for name, value in given.items() if value is not None}

    def begin(session: "Session", held: ExitStack) -> "Trainer":
        from charrnn.training.setup.request import ResumeRequest

        run = inputs.root().find(name)
        resumed.require_same(typed, run.newest_header())
        return _resume(ResumeRequest(run, budget, settings, keep_corpus), session, held)

    _train(begin, display, began=began)


def _start(request: "Request", session: "Session", held: ExitStack) -> "Trainer":
    """Start a new run, or continue the one that an earlier attempt by torchrun started.

    What has to be undone when the run ends is added to `held`.
    """
    from charrnn.runs import restarts
    from charrnn.training.setup.request import ResumeRequest
    from charrnn.training.setup.start import start_run

    launch = request.launch
    earlier = None if launch is None else restarts.earlier_run(request.root, launch)
    if earlier is not None:
        return _resume(ResumeRequest(earlier, keep_corpus=True), session, held)
    if not request.budget.is_counted:
        session.reporter.set_time_limit(session.began, request.budget.seconds)
    trainer = start_run(request, session)
    held.callback(trainer.run.remove_if_never_saved)
    held.enter_context(trainer.run.locked())
    return trainer


def _resume(request: "ResumeRequest", session: "Session", held: ExitStack) -> "Trainer":
    """Lock a run and continue it."""
    from charrnn.training.setup.resume import resume_run

    held.enter_context(request.run.locked())
    if request.budget.minutes is not None:
        session.reporter.set_time_limit(session.began, request.budget.seconds)
    return resume_run(request, session)


def _reporter(display: flags.Display) -> Reporter:
    from charrnn.cli.console.reporters import choose_reporter

    return choose_reporter(
        quiet=display.quiet,
        as_json=display.as_json,
        each_sample=display.sample_every is not None,
        is_verbose=display.verbose,
    )


def _callbacks(reporter: Reporter, display: flags.Display) -> list[Any]:
    """Return what shows a run. TensorBoard comes first, since writing to stdout may fail."""
    from charrnn.training.callbacks.baselines import Baselines
    from charrnn.training.callbacks.console import Console
    from charrnn.training.callbacks.samples import Samples

    samples = Samples(display.sample_every, seconds_between=reporter.seconds_between_samples)
    callbacks: list[Any] = [Console(reporter), Baselines(), samples]
    if display.tensorboard:
        from charrnn.training.callbacks.tensorboard import TensorBoard

        callbacks.insert(0, TensorBoard())
    return callbacks


def _train(
    begin: "Callable[[Session, ExitStack], Trainer]", display: flags.Display, *, began: float
) -> None:
    """Train to the end or to a signal.

    Of the processes that torchrun started, the first begins the run and the others join it.
    """
    from charrnn.runs import restarts
    from charrnn.training import distributed, handover
    from charrnn.training.setup.join import join_run
    from charrnn.training.setup.session import Session
    from charrnn.training.signals import Signals

    reporter = _reporter(display)
    callbacks = _callbacks(reporter, display)
    with distributed.form_group() as group, ExitStack() as held:
        if group.rank > 0:
            trainer, reporter = join_run(group), Reporter()
        else:
            session = Session(reporter, callbacks, display.save_every, began, group)
            with handover.errors_announced(group):
                trainer = begin(session, held)
        with Signals() as signals:
            for _ in trainer.steps(stop=lambda: signals.received):
                pass
        if trainer.received is None and group.rank == 0:
            restarts.finish(trainer.run)
        _show_end(trainer, reporter)


def _show_end(trainer: "Trainer", reporter: Reporter) -> None:
    """Show how the run ended. Raises `Exit` with the signal's code if it was stopped."""
    name, step = trainer.run.name, trainer.state.step
    if trainer.received is not None:
        reporter.show(
            f"stopped after step {step:,}, saved; continue with: charrnn resume {in_a_shell(name)}"
        )
        raise typer.Exit(128 + trainer.received)
    result = trainer.header.schema.in_words(trainer.run.best_metrics())
    steps = number_of(step, "step")
    reporter.show(f"done: {steps}{reporter.time_taken()}" + (f", {result}" if result else ""))
    reporter.show(f"try it: {_command_to_try(trainer)}")


def _command_to_try(trainer: "Trainer") -> str:
    """Return a command that uses the model; one of pairs gets a source of its own."""
    command = f"{trainer.header.schema.command} {in_a_shell(trainer.run.name)}"
    if trainer.header.task == task_names.LANGUAGE_MODEL:
        return command
    ((source, _),) = trainer.dataset.examples(1)
    if trainer.header.task == task_names.CAPTION:
        source = str(Path(trainer.header.data.images, source))
    if "LABEL" in command:
        return command.replace("LABEL", in_a_shell(source))
    is_short = len(source) <= _LONGEST_EXAMPLE and source.isprintable() and source[:1] != "-"
    return f"{command} {in_a_shell(source) if is_short else 'TEXT'}"
