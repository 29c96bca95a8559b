"""Faults to order: a signal at a step, a disk that refuses, a save that is killed at any call."""

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
from pathlib import Path

import pytest

from charrnn import _atomic
from charrnn.runs import checkpoint

SAVER = Path(__file__).with_name("saver.py")


def refusing(monkeypatch: pytest.MonkeyPatch, times: int):
    """The next so many checkpoints meet a full disk."""
    write, left = checkpoint.write_atomically, [times]

    def full(path, pieces):
        if left[0]:
            left[0] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, pieces)

    monkeypatch.setattr(checkpoint, "write_atomically", full)


class Saver:
    """See saver.py."""

    def __init__(self) -> None:
        settings = {"OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(SAVER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | settings,
        )  # fmt: skip

    def begin(self, **order: object) -> int:
        """Have a save made; the process id of the one who makes it."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> int:
        """How that save ended: 0 saved, 6 refused, 9 ended by its order, negative by a signal."""
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
    """Whether there is a strace, and we may use it on our own children."""
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
    """A save under strace, with a fault injected: how it ended, and the calls it made by name, the
    fault's own among them as "".
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
    """What storage.py does to the disk meanwhile: ("write", path, bytes), ("rename", from, to) …"""
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


def obey_modes() -> None:
    """Even for root a read-only folder is read-only from here on."""
    if os.geteuid() == 0:
        drop, overrides = 24, (1, 2)  # PR_CAPBSET_DROP, CAP_DAC_…: see capabilities(7)
        assert not any(ctypes.CDLL(None).prctl(drop, each, 0, 0, 0) for each in overrides)


def obedient(*arguments: object, **settings: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "charrnn", *map(str, arguments), "--threads", "1"]
    return subprocess.run(
        command, capture_output=True, text=True, preexec_fn=obey_modes, **settings
    )
