"""One way to write a file: whole or not at all, even through a crash or a power cut.

Every touch of the disk goes through `os`, one call each, so that the tests can count them, refuse
them and end the process between any two.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_MAX_BYTES_AT_ONCE = 1 << 20
_MACHINE = re.sub(r"\W", "-", os.uname().nodename)


def write_atomically(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Put a file in place whole, or leave what was there. Raises OSError where the disk refuses.

    Temporary file, fsync, rename, fsync of the folder: at any moment, and whatever of it reached
    the disk when the power went, the path holds the old contents or the new.
    """
    temporary = temporary_beside(path)
    try:
        _write(temporary, pieces)
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    _fsync_folder(path.parent)


def put_in_place(partial: Path, path: Path) -> None:
    """Give a file that was written bit by bit the name of a whole one. Raises OSError."""
    descriptor = os.open(partial, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(partial, path)
    _fsync_folder(path.parent)


@contextlib.contextmanager
def alone_at(path: Path) -> Iterator[None]:
    """Wait until no other process is at this file, which is made if need be, and keep them out.

    The kernel lets the next one in when this process ends, however it does. Raises OSError.
    """
    while True:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(path, file.fileno()):  # the one before us may have moved or removed it
                yield
                return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def keep_beside(path: Path, kept: Path) -> None:
    """Give a file a second name, which it keeps when the first is given to another file.

    Where a file system has no such links, nothing is kept.
    """
    temporary = temporary_beside(kept)
    with contextlib.suppress(OSError):
        os.link(path, temporary)
        os.replace(temporary, kept)
    _remove(temporary)  # it is still there where both were names of one file


def _write(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        for piece in pieces:
            left = memoryview(piece)
            while len(left):  # a disk may take a part only
                left = left[os.write(descriptor, left[:_MAX_BYTES_AT_ONCE]) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    """Take a file away if it is there and the disk lets us: it is only a leftover."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _fsync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_beside(path: Path) -> Path:
    """Where this process writes what is to become `path`."""
    return path.with_name(f".{path.name}.{_MACHINE}.{os.getpid()}.tmp")


def discard_unfinished(folder: Path) -> None:
    """Remove what killed processes left half written; those of another machine, which may share
    the folder, may be alive.
    """
    for leftover in folder.glob(f".*.{_MACHINE}.*.tmp"):
        pid = leftover.name.split(".")[-2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            _remove(leftover)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # someone else's
    return True
