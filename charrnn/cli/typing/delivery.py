"""Where a typed text goes in the end: it is never lost.

Standard output may be a terminal that has gone, a pipe that nobody reads, a full disk. Then the
text is kept in a file of its own, and an error says which.
"""

import contextlib
import errno
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from charrnn._atomic import write_atomically
from charrnn._text import visible
from charrnn.cli.console.streams import note
from charrnn.errors import StorageError, UsageError


def require_new(path: Path) -> None:
    """Raise `UsageError` for a file that exists, whose folder does not, or with no valid name."""
    if not os.path.isdir(path.absolute().parent):
        raise UsageError(f"there is no folder {path.parent}", "make it, or name another")
    try:
        path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "name another file") from error
    raise UsageError(f"{path} exists, and write replaces no file", "name a new one")


def deliver(text: str, path: Path | None) -> None:
    """Write a text to a new file, whole or not at all, or to standard output if that is None.

    Its last line gets an end. Raises `StorageError` where it had to be kept in another place.
    """
    if not text:
        note("nothing was written")
        return
    text = text if text.endswith("\n") else text + "\n"
    data = text.encode("utf-8", "surrogateescape")  # the bytes that were typed
    if path is None:
        _try(lambda: _print(text, data), "standard output", data)
    else:
        _try(lambda: _write(path, data), str(path), data)
        note(f"wrote {path}")


def _try(write: Callable[[], None], place: str, data: bytes) -> None:
    """Write a text; where that fails, keep it in a file and raise `StorageError`."""
    try:
        write()
    except OSError as error:
        kept = _keep(data)
        hint = "it is lost" if kept is None else f"the text is in {kept}"
        raise StorageError(f"cannot write to {place}: {error.strerror}", hint) from error


def _print(text: str, data: bytes) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(visible(text))
    else:
        sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _write(path: Path, data: bytes) -> None:
    if path.exists():  # made while the text was written
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    write_atomically(path, [data])


def _keep(data: bytes) -> Path | None:
    """Write a text to a new file in this folder, else in the one for temporary files."""
    name = f"written-{datetime.now():%Y-%m-%d-%H%M%S}-{os.getpid()}.txt"
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            write_atomically(folder / name, [data])
            return folder / name
    return None
