"""Signals that end a command in its own time: training finishes its step and saves, a server lets
requests finish. Then the command ends with the signal's exit code.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

# SIGHUP: the terminal was closed; SIGBREAK: Ctrl-Break, on Windows
_NAMES = "SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"


def _saving() -> str:
    return "Saving after this step. Press Ctrl-C again to quit without saving."


class Signals:
    """Keeps the first SIGINT, SIGTERM or SIGHUP in `received` while it is entered; a second one
    ends the process at once. Outside the main thread it does nothing.

    `on_first` is called when the first one comes; it returns what to tell the person.
    """

    def __init__(self, on_first: Callable[[], str] = _saving) -> None:
        self.received: int | None = None
        self._on_first = on_first

    def __enter__(self) -> Self:
        self._before = {
            kind: signal.signal(kind, self._receive)
            for kind in (getattr(signal, name) for name in _NAMES if hasattr(signal, name))
            if threading.current_thread() is threading.main_thread()  # Python allows no other
            and signal.getsignal(kind) != signal.SIG_IGN  # nohup, or a shell's background job
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            os._exit(128 + number)  # the person insists: the checkpoint before this one is safe
        self.received = number
        told = f"\n{self._on_first()}\n".encode()
        with contextlib.suppress(OSError):  # the terminal may have closed
            os.write(2, told)
