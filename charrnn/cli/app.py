"""The program, and its commands that train and sample.

A command parses, calls and prints. It imports torch only where it trains, after checks that need
none, so that help, completion and mistakes are instant.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import typer
import typer.core

from charrnn import __version__
from charrnn._text import Reporter, bits, number_of
from charrnn.cli import evaluate, inspect, runs, sample
from charrnn.cli.flags import resumed, shared
from charrnn.cli.flags import train as train_flags
from charrnn.cli.flags.settings import Values, expanded
from charrnn.config import DataConfig
from charrnn.errors import UsageError, storage_errors

_TRAIN, _WRITE, _LOOK, _KEEP = (
    "Train a model",
    "Write text",
    "Look into a model",
    "Keep track of runs",
)

app = typer.Typer(
    help="A recurrent network learns to write, one character at a time.",
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),  # --hidden_size works too
    },
)


@app.callback(invoke_without_command=True)
def _charrnn(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show a traceback when something fails."),
) -> None:
    if version:
        print(f"charrnn {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        return
    with storage_errors("cannot use the folder you are in", "go to one that is there: cd FOLDER"):
        os.getcwd()  # where it has been removed torch would end the process


@app.command(rich_help_panel=_TRAIN)
@expanded
def train(
    given: train_flags.Settings,
    corpus: train_flags.Corpus = None,
    init_from: train_flags.InitFrom = None,
    epochs: train_flags.Epochs = None,
    minutes: train_flags.Minutes = None,
    lines: train_flags.Lines = False,
    allow_short: train_flags.AllowShort = False,
    val: train_flags.Val = None,
    run: train_flags.RunName = None,
    *,
    display: train_flags.Display,
) -> None:
    """Train a model on a text. Ctrl-C saves and stops; `charrnn resume` continues."""
    began = time.monotonic()
    from charrnn.cli import inputs, preflight, torchrun
    from charrnn.tasks.task import SourceNames
    from charrnn.training.budget import Budget
    from charrnn.training.setup.request import Request

    settings = _with_short_forms(given, lines=lines, val=val)
    budget = Budget(settings.pop("steps", None), epochs, minutes)
    request = Request(
        SourceNames(tuple(corpus or ["shakespeare"]), tuple(val or ()), allow_short),
        inputs.root(),
        settings,
        budget,
        run_name=run,
        init_from=init_from,
        launch=torchrun.launch(),
    )
    if not torchrun.is_one_of_several():  # else the run of an earlier attempt may be there
        preflight.require_trainable(request)
    _train(partial(_start, request), display, began=began)


def _with_short_forms(given: Values, *, lines: bool, val: Sequence[str] | None) -> dict[str, Any]:
    """Return the settings after --lines, --column and --val, which imply others."""
    settings = dict(given)
    records = settings["records"]
    if lines and records not in ("none", "lines"):
        raise UsageError(f"--lines and --records {records} were both given", "choose one")
    if lines or ("column" in settings and records == "none"):
        settings["records"] = "lines"
    if val:
        if settings["val_fraction"] != DataConfig.val_fraction:
            raise UsageError("--val and --val-fraction were both given", "choose one")
        settings["val_fraction"] = 0.0
    return settings


@app.command(cls=resumed.Resume, rich_help_panel=_TRAIN)
@expanded
def resume(
    context: typer.Context,
    run: shared.Run = None,
    steps: train_flags.Steps = None,
    epochs: train_flags.Epochs = None,
    minutes: train_flags.MoreMinutes = None,
    device: train_flags.Device = None,
    threads: train_flags.Threads = None,
    keep_corpus: train_flags.KeepCorpus = False,
    *,
    display: train_flags.Display,
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

    def begin(session: Any, held: ExitStack) -> Any:
        from charrnn.training.setup.request import ResumeRequest

        run = inputs.root().find(name)
        resumed.require_same(typed, run.newest_header())
        return _resume(ResumeRequest(run, budget, settings, keep_corpus), session, held)

    _train(begin, display, began=began)


def _start(request: Any, session: Any, held: ExitStack) -> Any:
    """Start a new run, or continue the one that an earlier attempt by torchrun started. What has to
    be undone when the run ends is added to `held`.
    """
    from charrnn.runs import restarts
    from charrnn.training.setup.request import ResumeRequest
    from charrnn.training.setup.start import start_run

    earlier = request.launch and restarts.earlier_run(request.root, request.launch)
    if earlier is not None:
        return _resume(ResumeRequest(earlier, keep_corpus=True), session, held)
    if not request.budget.is_counted:
        session.reporter.set_time_limit(session.began, request.budget.seconds)
    trainer = start_run(request, session)
    held.callback(trainer.run.remove_if_never_saved)
    held.enter_context(trainer.run.locked())
    return trainer


def _resume(request: Any, session: Any, held: ExitStack) -> Any:
    """Lock a run and continue it."""
    from charrnn.training.setup.resume import resume_run

    held.enter_context(request.run.locked())
    if request.budget.minutes is not None:
        session.reporter.set_time_limit(session.began, request.budget.seconds)
    return resume_run(request, session)


def _callbacks(reporter: Reporter, display: train_flags.Display) -> list[Any]:
    """What people see of a run. TensorBoard comes first, for standard output may refuse figures."""
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
    begin: Callable[[Any, ExitStack], Any], display: train_flags.Display, *, began: float
) -> None:
    """Train to the end or to a signal. Of the processes that torchrun started, the first begins the
    run and the others join it.
    """
    from charrnn.cli.console.reporters import choose_reporter
    from charrnn.runs import restarts
    from charrnn.training import distributed, handover
    from charrnn.training.setup.join import join_run
    from charrnn.training.setup.session import Session
    from charrnn.training.signals import Signals

    reporter = choose_reporter(
        quiet=display.quiet,
        as_json=display.as_json,
        each_sample=display.sample_every is not None,
        is_verbose=display.verbose,
    )
    callbacks = _callbacks(reporter, display)
    with distributed.formed() as group, ExitStack() as held:
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
        _say_how_it_ended(trainer, reporter)


def _say_how_it_ended(trainer: Any, reporter: Reporter) -> None:
    name, step = trainer.run.name, trainer.state.step
    if trainer.received is not None:
        reporter.show(f"stopped after step {step:,}, saved; continue with: charrnn resume {name}")
        raise typer.Exit(128 + trainer.received)
    best = trainer.run.best_metrics().get("val_loss")
    loss = f", validation loss {best:.4f} nats ({bits(best):.3f} bits)" if best is not None else ""
    steps = number_of(step, "step")
    reporter.show(f"done: {steps}{reporter.time_taken()}{loss}; try it: charrnn sample {name}")


def _add(command: Callable[..., None], panel: str, **settings: Any) -> None:
    """Add a command to the program, under this heading of its help."""
    app.command(rich_help_panel=panel, **settings)(command)


def _unwrapped(text: str) -> str:
    """Return a docstring with each paragraph on one line, for help to break it where it ends."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


_add(expanded(sample.sample), _WRITE, cls=sample.SampleCommand)
_add(evaluate.predict, _LOOK, cls=evaluate.PredictCommand)
for look in (evaluate.score, inspect.neurons, inspect.memory, runs.plot, runs.history):
    _add(look, _LOOK)
_add(runs.list_runs, _KEEP, name="runs")
for keep in (runs.info, runs.verify):
    _add(keep, _KEEP)
for added in app.registered_commands:
    added.help = _unwrapped((added.callback and added.callback.__doc__) or "")
