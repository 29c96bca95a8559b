"""Write the metrics and samples of a run as event files for TensorBoard, beside its checkpoints.

Events are written at once, without threads. If the disk refuses them, the run warns and goes on.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn._text import visible
from charrnn.errors import SettingError
from charrnn.runs.run import TENSORBOARD
from charrnn.training.callbacks.callback import Callback

if TYPE_CHECKING:
    from charrnn.training.trainer import Trainer

_DT_STRING = 7  # in TensorFlow's types.proto
_SCALARS = (
    "loss", "val_loss", "val_word_error_rate", "val_symbol_error_rate", "val_error_rate",
    "val_macro_f1", "learning_rate", "grad_norm",
    "chars_per_second", "pairs_per_second", "texts_per_second",
)  # fmt: skip


class TensorBoard(Callback):
    """Write event files.

    Comes before callbacks that print, since standard output may be closed and end the run.
    """

    def __init__(self) -> None:
        """Raise `SettingError` if the package `tensorboard` is missing."""
        try:
            from tensorboard.compat.proto import event_pb2
            from tensorboard.summary.writer.record_writer import RecordWriter
        except ImportError as error:
            raise SettingError(
                "tensorboard needs a package that is not installed",
                'type: pip install "charrnn[tensorboard]"',
                "tensorboard",
            ) from error
        self._new_event, self._new_writer = event_pb2.Event, RecordWriter
        self._folder: Path | None = None
        self._writer: Any = None

    def on_start(self, trainer: Trainer) -> None:
        """Choose the folder; the next record begins a file in it."""
        self._folder = trainer.run.folder / TENSORBOARD

    def on_record(self, trainer: Trainer, line: Mapping[str, Any]) -> None:
        """Write the metrics, and the sample if there is one."""
        values = [{"tag": tag, "simple_value": line[tag]} for tag in _SCALARS if tag in line]
        if "sample" in line:
            values.append(_text_value("sample/text_summary", line["sample"]))
        if values and self._folder is not None:
            try:
                self._write(line["step"], summary={"value": values})
            except OSError as error:
                trainer.warn(
                    f"cannot write in {self._folder}: {error.strerror}; training goes on without it"
                )
                self._close()

    def on_close(self, trainer: Trainer) -> None:
        """Close the file."""
        self._close()

    def _write(self, step: int, **contents: Any) -> None:
        """Append an event and flush it to the file."""
        if self._writer is None:
            self._begin(step)
        event = self._new_event(wall_time=time.time(), step=step, **contents)
        self._writer.write(event.SerializeToString())
        self._writer.flush()

    def _begin(self, step: int) -> None:
        """Start a file with a session from this step on, so that TensorBoard drops what an
        interrupted session wrote about later steps.
        """
        assert self._folder is not None
        self._folder.mkdir(exist_ok=True)
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._writer = self._new_writer((self._folder / name).open("xb"))
        self._write(step, file_version="brain.Event:2")
        self._write(step, session_log={"status": "START"})

    def _close(self) -> None:
        """Close the file; write no more until the next start."""
        self._folder = None
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
            self._writer = None


def _text_value(tag: str, text: str) -> dict[str, Any]:
    """Return a text as a summary value, indented so that Markdown shows it as it is."""
    indented = "".join(f"    {line}\n" for line in visible(text).split("\n"))
    return {
        "tag": tag,
        "metadata": {"plugin_data": {"plugin_name": "text"}},
        "tensor": {"dtype": _DT_STRING, "string_val": [indented.encode("utf-8", "replace")]},
    }
