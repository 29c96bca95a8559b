"""What `charrnn serve` does: loads the runs, says where they are served, and answers until a signal
comes.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from charrnn._text import in_a_shell, number_of
from charrnn.cli import inputs
from charrnn.cli.console.streams import note
from charrnn.cli.share.serve import VARIABLE, ServeRequest
from charrnn.errors import UsageError
from charrnn.models.step_numpy import blas
from charrnn.runs.checkpoint import SUFFIX, Checkpoint
from charrnn.server import listening, routes
from charrnn.server.limits import Limits
from charrnn.server.listening import Listener
from charrnn.server.served import TASKS, ServedModel, served_model
from charrnn.server.waiting_line import WaitingLine
from charrnn.training.signals import Signals

_EXAMPLE = '{"prompt": "The ", "max_tokens": 200}'


def run(request: ServeRequest) -> None:
    """Serve what is asked for, until a signal comes. Raises `Exit` with the code of the signal,
    and `UsageError` where other machines could reach the server without a key.
    """
    most = request.most
    with contextlib.closing(listening.bind(request.host, request.port)) as bound:
        is_local = listening.is_loopback(bound)
        if request.key is None and not is_local:
            raise UsageError(
                f"other machines can reach {request.host}, and there is no API key",
                f"set the environment variable {VARIABLE}, or leave out --host",
            )
        checkpoints = _checkpoints(request.runs)
        models = [served_model(each, name) for name, each in checkpoints.items()]
        limits = Limits(
            num_streams=most.streams,
            num_waiting=most.waiting,
            max_tokens=most.max_tokens,
            max_prompt=most.max_prompt,
        )
        line = WaitingLine(num_places=limits.num_streams, num_waiting=limits.num_waiting)
        app = routes.application(
            models,
            limits=limits,
            line=line,
            key=request.key,
            is_local=is_local,
            checkpoints=checkpoints,
        )
        listener = Listener(app, bound, limits, drain_seconds=most.drain_seconds)
        _tell(models, listening.url_of(bound), has_key=request.key is not None)
        _listen(listener, line, most.drain_seconds)


def _checkpoints(runs: Sequence[str]) -> dict[str, Checkpoint]:
    """Return the checkpoints of some runs, or of the newest, by the name that requests call them.

    Raises `UsageError` for runs that cannot be served, and for two of one name.
    """
    checkpoints: dict[str, Checkpoint] = {}
    for run in runs or (None,):
        checkpoint = inputs.checkpoint_of(run, tasks=TASKS)
        name = Path(checkpoint.run_name).name.removesuffix(SUFFIX)
        if name in checkpoints:
            raise UsageError(
                f"two runs are called {name!r}", "requests name a run: serve one of them"
            )
        checkpoints[name] = checkpoint
    return checkpoints


def _tell(models: Sequence[ServedModel], url: str, *, has_key: bool) -> None:
    """Say what is served, where, and what to type to try it."""
    names = ", ".join(model.name for model in models)
    note(f"serving {names} at {url}; Ctrl-C stops")
    header = f' -H "Authorization: Bearer ${VARIABLE}"' if has_key else ""
    note(f"try it: curl{header} {in_a_shell(url + '/v1/completions')} -d {in_a_shell(_EXAMPLE)}")


def _listen(listener: Listener, line: WaitingLine, drain_seconds: int) -> None:
    """Answer requests until a signal comes. Raises `Exit` with its code."""

    def stop() -> str:
        listener.stop()
        num = line.num_running + line.num_waiting
        if not num:
            return "Stopping."
        requests, seconds = number_of(num, "request"), number_of(drain_seconds, "second")
        return f"Stopping; {requests} may take {seconds}. Press Ctrl-C again to quit at once."

    with _noted(), blas().limit(limits=1, user_api="blas"), Signals(stop) as signals:
        listener.listen()
    if signals.received is not None:
        raise typer.Exit(128 + signals.received)


@contextlib.contextmanager
def _noted() -> Iterator[None]:
    """Print what the server notes."""
    logger, notes = logging.getLogger("charrnn"), _Notes()
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)


class _Notes(logging.Handler):
    """Prints each note as a line; with --debug the traceback of an error, too."""

    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())
        if record.exc_info and "--debug" in sys.argv[1:2]:
            sys.excepthook(*record.exc_info)
