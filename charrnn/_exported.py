"""Files that are written for people and can be written again: pictures, pages, graphs.

They replace the one of that name if it was written in this way, too: it has a mark in it. Any other
file is somebody's own and stays.
"""

import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from charrnn._atomic import write_atomically
from charrnn.errors import UsageError, storage_errors

MARK = "written by charrnn, which may replace it"
_EDGE = 1 << 13  # bytes at the beginning and at the end of a file among which the mark is


def write_exported(path: Path, data: bytes) -> None:
    """Write a file that has the mark in it, whole or not at all.

    Raises `UsageError` for a file that is there and has none, `StorageError` if it cannot be
    written.
    """
    assert _is_marked(data[:_EDGE] + data[-_EDGE:])
    require_replaceable(path)
    replace(path, data)


def replace(path: Path, data: bytes) -> None:
    """Write a file, or the one that a link leads to. Raises `StorageError`."""
    with _refusals(path):
        write_atomically(Path(os.path.realpath(path)), [data])


def has_mark(path: Path) -> bool:
    """Whether `write_exported` wrote a file."""
    try:
        with path.open("rb") as file:
            begin = file.read(_EDGE)
            file.seek(max(0, path.stat().st_size - _EDGE))
            return _is_marked(begin + file.read())
    except OSError:
        return False


def require_replaceable(path: Path, is_ours: Callable[[Path], bool] = has_mark) -> None:
    """Raise `UsageError` if there is a file of that name, unless it is empty or `is_ours`;
    `StorageError` where there can be none, such as in a folder that does not exist.
    """
    with _refusals(path):
        try:
            status = path.stat()
        except FileNotFoundError:
            os.stat(path.absolute().parent)
            return
    if not stat.S_ISREG(status.st_mode) or (status.st_size and not is_ours(path)):
        raise UsageError(
            f"{path} is there, and was not written by charrnn", "name another file, or remove it"
        )


def _refusals(path: Path) -> AbstractContextManager[None]:
    return storage_errors(f"cannot write {path}", "name another file")


def _is_marked(data: bytes) -> bool:
    return MARK.encode() in data
