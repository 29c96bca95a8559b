"""The program: its commands, in the order and under the headings of `charrnn --help`.

A command parses, calls and prints. It imports what is heavy (numpy, torch) inside, after the checks
that need none of it, so that help, completion and mistakes are instant.
"""

import os
from collections.abc import Callable
from typing import Any

import typer

from charrnn import __version__
from charrnn.cli import caption, classify, evaluate, sample, train, translate
from charrnn.cli.flags.resumed import ResumeCommand
from charrnn.cli.flags.settings import expanded
from charrnn.cli.inspect.memory import memory
from charrnn.cli.inspect.neurons import neurons
from charrnn.cli.keep import compare, copy, recorded, remove, rename, run_info, runs
from charrnn.cli.share import serve
from charrnn.cli.share.export import export
from charrnn.cli.typing.suggest import suggest
from charrnn.cli.typing.write import write
from charrnn.errors import storage_errors

_TRAIN, _USE, _SHARE, _LOOK, _KEEP = (
    "Train a model",
    "Use a model",
    "Share a model",
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
    with storage_errors("cannot use the folder you are in", "change to another one: cd FOLDER"):
        os.getcwd()  # if it has been removed, torch would end the process


def _add(command: Callable[..., None], panel: str, **settings: Any) -> None:
    """Add a command to the program, under this heading of its help."""
    app.command(rich_help_panel=panel, **settings)(command)


def _unwrapped(text: str) -> str:
    """Return a docstring with each paragraph on one line, for help to break it where it ends."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


_add(expanded(train.train), _TRAIN)
_add(expanded(train.resume), _TRAIN, cls=ResumeCommand)
_add(expanded(sample.sample), _USE, cls=sample.SampleCommand)
_add(expanded(translate.translate), _USE, cls=evaluate.TextCommand)
_add(classify.classify, _USE, cls=evaluate.TextCommand)
_add(expanded(caption.caption), _USE)
_add(suggest, _USE, cls=evaluate.TextCommand)
_add(write, _USE)
_add(export, _SHARE)
_add(expanded(serve.serve), _SHARE)
_add(evaluate.predict, _LOOK, cls=evaluate.TextCommand)
for look in (evaluate.score, neurons, memory, recorded.plot, recorded.history):
    _add(look, _LOOK)
_add(runs.list_runs, _KEEP, name="runs")
for keep in (run_info.info, compare.compare, runs.verify, copy.copy, rename.rename, remove.remove):
    _add(keep, _KEEP)
for added in app.registered_commands:
    added.help = _unwrapped((added.callback and added.callback.__doc__) or "")
