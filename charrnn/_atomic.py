"""Write files and folders whole or not at all, even through a crash or a power cut; lock files.

Every access to the disk is one call of `os`, so that the tests can count them, refuse them and end
the process between any two.
"""

import contextlib
import errno
import os
import re
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_MAX_BYTES_AT_ONCE = 1 << 20
_MACHINE = re.sub(r"\W", "-", socket.gethostname())
_AS_IT_IS = getattr(os, "O_BINARY", 0)  # Windows would end lines with CRLF
_TRIES = 40  # at replacing a file that is open, which Windows refuses; 50 ms apart


def write_atomically(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Write a file whole, or leave the old one. Raises OSError where the disk refuses.

    Temporary file, fsync, rename, fsync of the folder: at any moment, and whatever of it reached
    the disk before a power cut, the path holds the old contents or the new.
    """
    temporary = temporary_beside(path)
    try:
        _write(temporary, chunks)
        _replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    _fsync_folder(path.parent)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Replace a file with a whole one, or leave the old one; for a file that several processes
    write.

    Yields the temporary file to write. Raises OSError where the disk refuses.
    """
    temporary = temporary_beside(path)
    try:
        yield temporary
        descriptor = os.open(temporary, os.O_RDWR)  # Windows syncs only what may be written
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    _fsync_folder(path.parent)


@contextlib.contextmanager
def making_folder(path: Path) -> Iterator[Path]:
    """Make a folder with all that is in it, or nothing. Yields a temporary folder to fill.

    Raises OSError where the disk refuses, or where there is such a folder with something in it.
    """
    temporary = temporary_beside(path)
    os.mkdir(temporary)
    try:
        yield temporary
        rename_folder(temporary, path)
    except BaseException:
        _remove_with_contents(temporary)
        raise


def rename_folder(path: Path, new: Path) -> None:
    """Rename a folder, for good once this returns. Raises OSError where the disk refuses; Windows
    does while a file in it is open.
    """
    _replace(path, new)
    _fsync_folder(new.parent)


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it; at any moment it is there whole, or gone.

    Raises OSError where the disk refuses to rename or to empty it.
    """
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    temporary = temporary_beside(path)
    rename_folder(path, temporary)
    _remove_with_contents(temporary)


@contextlib.contextmanager
def alone_at(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of this file, which is made if need be, and stays.

    The lock ends with this process, however it ends. Raises BlockingIOError if another process
    holds it and `wait` is false, OSError where the disk refuses.
    """
    import filelock  # here, because it would cost a command that only reads 20 ms

    os.stat(path.parent)  # filelock would make the folder
    lock = filelock.FileLock(path)
    try:
        lock.acquire(blocking=wait)
    except filelock.Timeout as error:
        raise BlockingIOError(errno.EAGAIN, "held by another process", str(path)) from error
    try:
        yield
    finally:
        lock.release()


def keep_beside(path: Path, kept: Path) -> None:
    """Give a file a second name, which it keeps when the first is given to another file.

    Does nothing where a file system has no such links.
    """
    temporary = temporary_beside(kept)
    with contextlib.suppress(OSError):
        os.link(path, temporary)
        _replace(temporary, kept)
    _remove(temporary)  # it is still there where both were names of one file


def _write(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _AS_IT_IS, 0o666)
    try:
        for chunk in chunks:
            left = memoryview(chunk)
            while len(left):  # the system may write a part only
                left = left[os.write(descriptor, left[:_MAX_BYTES_AT_ONCE]) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    """Remove a leftover file, if it exists and the disk permits."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _remove_with_contents(folder: Path) -> None:
    """Remove a leftover folder, as far as the disk permits."""
    import shutil  # here, for most commands need none

    shutil.rmtree(folder, ignore_errors=True)


def _replace(temporary: Path, path: Path) -> None:
    """Give a file the name of another. Windows refuses while a process reads the other one."""
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        with contextlib.suppress(PermissionError):
            os.replace(temporary, path)
            return
        time.sleep(0.05)
    os.replace(temporary, path)


def _fsync_folder(folder: Path) -> None:
    """Make a rename survive a power cut. Windows cannot open folders; it journals renames."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def temporary_beside(path: Path) -> Path:
    """The temporary file of this process for writing `path`."""
    return path.with_name(f".{path.name}.{_MACHINE}.{os.getpid()}.tmp")


def is_temporary(name: str) -> bool:
    """Whether that is the name of a temporary file, of whatever process."""
    return name.startswith(".") and name.endswith(".tmp")


def discard_unfinished(folder: Path) -> None:
    """Remove temporary files and folders of killed processes; not those of other machines, whose
    processes may be alive and share the folder.
    """
    for leftover in folder.glob(f".*.{_MACHINE}.*.tmp"):
        pid = leftover.name.split(".")[-2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            remove = _remove_with_contents if leftover.is_dir() else _remove
            remove(leftover)


if sys.platform == "win32":

    def _is_alive(pid: int) -> bool:
        # asks for a handle of the process, since `os.kill` would end it
        import ctypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        query_limited_information, access_denied, still_active = 0x1000, 5, 259
        kernel.OpenProcess.restype = ctypes.c_void_p
        process = ctypes.c_void_p(kernel.OpenProcess(query_limited_information, False, pid))
        if not process:
            return ctypes.get_last_error() == access_denied  # someone else's
        code = ctypes.c_ulong()
        is_told = kernel.GetExitCodeProcess(process, ctypes.byref(code))
        kernel.CloseHandle(process)
        return not is_told or code.value == still_active

else:

    def _is_alive(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            pass  # someone else's
        return True
