"""`--tensorboard`: a run's figures as event files too, beside its checkpoints.

It stands in front of a display and hands all on to it. The files are written as the figures come,
without threads; that they cannot be written is no reason to stop learning.
"""

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Any, cast

from charrnn.cli.console import Figures, Quiet, visible
from charrnn.errors import UsageError

FOLDER = "tensorboard"
_DT_STRING = 7  # in TensorFlow's types.proto
_SCALARS = ("loss", "val_loss", "learning_rate", "grad_norm", "chars_per_second")


def beside(screen: Quiet) -> Quiet:
    """A display that also writes event files, once it knows the run's folder.

    Raises `UsageError` where the package `tensorboard` is missing.
    """
    return cast(Quiet, Board(screen))


def _text(tag: str, text: str) -> dict[str, Any]:
    """A text as a value of a summary, indented so that Markdown leaves it alone."""
    indented = "".join(f"    {line}\n" for line in visible(text).split("\n"))
    return {
        "tag": tag,
        "metadata": {"plugin_data": {"plugin_name": "text"}},
        "tensor": {"dtype": _DT_STRING, "string_val": [indented.encode("utf-8", "replace")]},
    }


class Board:
    """Writes the scalars and samples among the figures, and then shows the figures as ever."""

    def __init__(self, screen: Quiet) -> None:
        try:
            from tensorboard.compat.proto import event_pb2
            from tensorboard.summary.writer.record_writer import RecordWriter
        except ImportError as error:
            raise UsageError(
                "--tensorboard needs a package that is not installed",
                'type: pip install "charrnn[tensorboard]"',
            ) from error
        self._screen = screen
        self._new_event, self._new_writer = event_pb2.Event, RecordWriter
        self._folder: Path | None = None
        self._writer: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._screen, name)

    def opened(self, folder: Path) -> None:
        """See `Quiet.opened`. A new file is begun with the next figures."""
        self._folder = folder / FOLDER
        self._screen.opened(folder)

    def figures(self, figures: Figures) -> None:
        """See `Quiet.figures`."""
        values = [{"tag": tag, "simple_value": figures[tag]} for tag in _SCALARS if tag in figures]
        if "sample" in figures:
            values.append(_text("sample/text_summary", figures["sample"]))
        if values and self._folder is not None:
            try:
                self._write(figures["step"], summary={"value": values})
            except OSError as error:
                self._screen.warn(
                    f"cannot write in {self._folder}: {error.strerror}; training goes on without it"
                )
                self._close()
        self._screen.figures(figures)

    def end(self) -> None:
        """See `Quiet.end`."""
        self._close()
        self._screen.end()

    def _write(self, step: int, **contents: Any) -> None:
        """Append an event and see that it reaches the file."""
        if self._writer is None:
            self._begin(step)
        event = self._new_event(wall_time=time.time(), step=step, **contents)
        self._writer.write(event.SerializeToString())
        self._writer.flush()

    def _begin(self, step: int) -> None:
        """Start a file: a session from this step on, which makes void what an interrupted one had
        written of the same steps.
        """
        assert self._folder is not None
        self._folder.mkdir(exist_ok=True)
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._writer = self._new_writer((self._folder / name).open("xb"))
        self._write(step, file_version="brain.Event:2")
        self._write(step, session_log={"status": "START"})

    def _close(self) -> None:
        """Write no more, until another run is opened."""
        self._folder = None
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
            self._writer = None
