"""The command `write`: an editor that suggests, and the text that comes out of it."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

import typer

from charrnn.cli.flags import shared
from charrnn.cli.typing import delivery, flags
from charrnn.errors import UsageError


def write(
    run: shared.RunToRead = None,
    runs: shared.RunOptions = None,
    output: flags.Output = None,
    words: flags.WordsAhead = 2,
    correct: flags.Correct = False,
) -> None:
    """Write a text while a model shows in grey how it may go on.

    Tab or → takes what is grey, Ctrl-→ one word of it, Alt-1, Alt-2 or Alt-3 an alternative of the
    line below. Ctrl-D ends, and so does Ctrl-C: whatever ends it, the text then goes to standard
    output, or to the file of --output.
    """
    if output is not None:
        delivery.require_new(output)
    screen = _screen()
    try:
        from charrnn.cli.typing.editor import Editor, terminal
    except ModuleNotFoundError as error:
        raise UsageError(
            "write needs prompt_toolkit", "install it: pip install 'charrnn[write]'"
        ) from error
    from charrnn.cli import inputs
    from charrnn.generation.typing.assistant import Assistant

    names = [*filter(None, [run]), *(runs or [])]
    model = inputs.model_of(inputs.checkpoints_of(names))
    editor = Editor(Assistant(model, words=words), corrects=correct)
    with _called_by_signals(editor.end):
        try:
            code = editor.run(terminal(screen))
        finally:
            delivery.deliver(editor.text, output)
    raise typer.Exit(code)


@contextlib.contextmanager
def _called_by_signals(end: Callable[[int], None]) -> Iterator[None]:
    """Have signals call a function with their exit code, where the system has them.

    More of them come when a terminal closes, from the shell and from the system, while the text is
    being written: they change nothing.
    """
    numbers = [getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda n, _: end(128 + n)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _screen() -> TextIO:
    """Return a stream to draw on. Raises `UsageError` where there is no terminal."""
    streams = [stream for stream in (sys.stderr, sys.stdout) if stream.isatty()]
    if sys.stdin is None or not sys.stdin.isatty() or not streams:
        raise UsageError(
            "write needs a terminal to type in", "for a text in a pipe: charrnn suggest -"
        )
    return streams[0]
