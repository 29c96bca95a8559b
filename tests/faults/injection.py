"""Inject faults: a disk that refuses, a save that is killed or refused at any call."""

import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import pytest

from charrnn import _atomic

SAVER = Path(__file__).with_name("saver.py")


def refuse(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    *,
    times: int = 1_000_000,
    error: int = errno.ENOSPC,
) -> None:
    """Refuse to create files with that name (or pattern), the first `times` times."""
    open_file, left = os.open, [times]

    def refusing(path: str | Path, flags: int, *mode: int) -> int:
        if left[0] and flags & os.O_CREAT and fnmatch(Path(path).name, f".{name}.*.tmp"):
            left[0] -= 1
            raise OSError(error, os.strerror(error))
        return open_file(path, flags, *mode)

    monkeypatch.setattr(os, "open", refusing)


class Saver:
    """A process that saves checkpoints in child processes: saver.py."""

    def __init__(self) -> None:
        settings = {"OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(SAVER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | settings,
        )  # fmt: skip

    def begin(self, **order: object) -> int:
        """Start a save; return the id of the child process that makes it."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> int:
        """Return how the save ended: 0 saved, 6 refused, 9 ended as ordered, -9 killed."""
        code = int(self._process.stdout.readline())
        assert code in (0, 6, 9, -9), code
        return code

    def save(self, **order: object) -> int:
        self.begin(**order)
        return self.end()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def can_trace() -> bool:
    """Whether strace is installed and may trace child processes."""
    if shutil.which("strace") is None:
        return False
    sleeper = subprocess.Popen(["sleep", "5"])
    try:
        tried = subprocess.run(
            ["timeout", "1", "strace", "-p", str(sleeper.pid)], capture_output=True, text=True
        )
        return "attached" in tried.stderr
    finally:
        sleeper.kill()
        sleeper.wait()


def traced_save(saver: Saver, folder: Path, inject: str = "") -> tuple[int, Counter[str]]:
    """Save under strace, with a fault injected. Return how the save ended, and how often it made
    each system call; the key "" counts the injected faults.
    """
    fifo = folder.parent / "go"
    os.mkfifo(fifo)
    go = os.open(fifo, os.O_RDWR)
    pid = saver.begin(folder=str(folder), wait=str(fifo))
    fault = ["-e", f"inject={inject}"] if inject else []
    with subprocess.Popen(
        ["strace", "-p", str(pid), "-e", "trace=all", *fault], stderr=subprocess.PIPE, text=True
    ) as strace:
        assert "attached" in strace.stderr.readline()
        os.write(go, b"!")
        code = saver.end()
        lines = strace.stderr.readlines()
    os.close(go)
    fifo.unlink()
    calls = Counter(line.partition("(")[0] for line in lines if "(" in line)
    calls[""] = sum("INJECTED" in line or "killed by SIGKILL" in line for line in lines)
    return code, calls


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[object, ...]]]:
    """Record the disk operations of _atomic: ("write", path, bytes), ("rename", from, to), …"""
    done: list[tuple[object, ...]] = []
    paths: dict[int, Path] = {}
    touch = {
        name: getattr(os, name) for name in ("open", "write", "fsync", "replace", "link", "unlink")
    }

    def spy_open(path, flags, *mode):
        descriptor = touch["open"](path, flags, *mode)
        paths[descriptor] = Path(path)
        if flags & os.O_CREAT:
            done.append(("create", Path(path)))
        return descriptor

    def spy_write(descriptor, data):
        num_bytes = touch["write"](descriptor, data)
        done.append(("write", paths[descriptor], bytes(data[:num_bytes])))
        return num_bytes

    def spy_fsync(descriptor):
        touch["fsync"](descriptor)
        kind = "fsync folder" if paths[descriptor].is_dir() else "fsync"
        done.append((kind, paths[descriptor]))

    def spy(name, kind):
        def call(*given):
            touch[name](*given)
            done.append((kind, *map(Path, given)))

        return call

    with monkeypatch.context() as patch:
        patch.setattr(_atomic.os, "open", spy_open)
        patch.setattr(_atomic.os, "write", spy_write)
        patch.setattr(_atomic.os, "fsync", spy_fsync)
        for name, kind in (("replace", "rename"), ("link", "link"), ("unlink", "unlink")):
            patch.setattr(_atomic.os, name, spy(name, kind))
        yield done


class _Sets(ctypes.Structure):
    """Capability sets of a thread, one bit for each capability: see capset(2)."""

    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


@contextmanager
def obeying_modes() -> Iterator[None]:
    """Make read-only folders read-only for root too, in this thread and in those that it starts.

    As root it needs Linux.
    """
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root may do all")
    libc = ctypes.CDLL(None)
    version_and_thread = (ctypes.c_uint32 * 2)(0x20080522, 0)
    before, fewer = (_Sets * 2)(), (_Sets * 2)()
    assert libc.capget(version_and_thread, before) == 0
    ctypes.memmove(fewer, before, ctypes.sizeof(before))
    fewer[0].effective &= ~0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: see capabilities(7)
    get_bits, set_bits, as_they_are = 27, 28, 4  # PR_GET_SECUREBITS, …, SECBIT_NO_SETUID_FIXUP
    bits = libc.prctl(get_bits, 0, 0, 0, 0)
    if libc.prctl(set_bits, bits | as_they_are, 0, 0, 0):  # else access(2) says that root may
        pytest.skip("root may do all here")
    assert libc.capset(version_and_thread, fewer) == 0
    try:
        yield
    finally:
        assert libc.capset(version_and_thread, before) == 0
        assert libc.prctl(set_bits, bits, 0, 0, 0) == 0
