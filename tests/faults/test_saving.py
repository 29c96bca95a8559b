"""Saves that are killed, refused or cut by a power failure leave the old checkpoint or the new."""

import errno
import itertools
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import TRAIN, at_steps, run_of, same_files, signal_at
from injection import (
    Saver,
    can_trace,
    obeying_modes,
    recorded,
    refuse,
    traced_save,
)
from matrix import crash_points, row
from test_checkpoint import small
from test_encode import encoded

from charrnn import _atomic
from charrnn._atomic import discard_unfinished
from charrnn.errors import StorageError
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.run import Run

TOUCHING = ("openat", "write", "fsync", "close", "rename", "renameat2", "link", "linkat", "unlink")
SELDOM = [pytest.param(error, marks=pytest.mark.slow) for error in ("EIO", "EDQUOT")]


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, small())
    return path


def weighty(step: int, num_floats: int = 0) -> Checkpoint:
    """Return a checkpoint whose weights depend on its step, with so many further numbers."""
    made = small(step=step)
    for name, array in made.arrays.items():
        if name.startswith("weights."):
            array += step
    more = {"optimizer.more": np.full(num_floats, step, np.float32)} if num_floats else {}
    return Checkpoint(**{**vars(made), "arrays": made.arrays | more})


OLDEST, OLD, NEW = (weighty(step, 200_000) for step in (1, 2, 3))
SHA256 = {found.position.step: found.weights_sha256() for found in (OLDEST, OLD, NEW)}


@pytest.fixture
def saver() -> Iterator[Saver]:
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    made = Saver()
    yield made
    made.close()


@pytest.fixture
def run(tmp_path) -> Run:
    """A run with a previous and a last checkpoint, about to save a newer one."""
    made = Run(tmp_path / "run")
    made.folder.mkdir()
    checkpoint.write(made.folder / "new", NEW)
    renew(made)
    return made


def renew(run: Run) -> None:
    for path, found in ((run.previous, OLDEST), (run.last, OLD)):
        if not path.exists() or checkpoint.read_header(path).position != found.position:
            checkpoint.write(path, found)


def require_old_or_new(run: Run, *, saved: bool) -> int:
    """Require that the last checkpoint is valid, either the old one or the new, that the previous
    one is valid too, and that the next trainer would remove all other files. Return the step of
    the last one.
    """
    last, skipped = run.newest_valid()
    assert not skipped
    assert last.weights_sha256() == SHA256[last.position.step]
    assert last.position.step in ((3,) if saved else (2, 3))
    previous = checkpoint.read(run.previous)
    assert previous.weights_sha256() == SHA256[previous.position.step]
    discard_unfinished(run.folder)
    assert set(run.folder.iterdir()) == {run.last, run.previous, run.folder / "new"}
    return last.position.step


@row(1)
@pytest.mark.slow
@pytest.mark.skipif(not can_trace(), reason="no strace, or it may not trace")
def test_a_save_killed_at_any_system_call_leaves_the_old_checkpoint_or_the_new(saver, run):
    """Kill the saving process at each of its system calls, including those of Python itself."""
    _, calls = traced_save(saver, run.folder)
    renew(run)
    steps = set()
    for name in calls.keys() - {"", "exit_group"}:
        for number in range(1, calls[name] + 1):
            code, made = traced_save(saver, run.folder, f"{name}:signal=KILL:when={number}")
            steps.add(require_old_or_new(run, saved=code == 0))
            renew(run)
            crash_points[1] += made[""]
    assert crash_points[1] > 200
    assert steps == {2, 3}


@row(1)
def test_a_save_killed_at_any_os_call_leaves_the_old_checkpoint_or_the_new(saver, run):
    """At each `os` call of a save; a slow test kills it at each system call."""
    steps = []
    for number in itertools.count(1):
        code = saver.save(folder=str(run.folder), exit_at=number, piece=1 << 14)
        steps.append(require_old_or_new(run, saved=code == 0))
        renew(run)
        if code == 0:
            break
    crash_points[1] += number - 1
    assert number > 50
    assert steps == sorted(steps)
    assert set(steps) == {2, 3}


@row(2)
@pytest.mark.skipif(not can_trace(), reason="no strace, or it may not trace")
@pytest.mark.parametrize("error", ["ENOSPC", *SELDOM])
def test_a_refused_system_call_loses_no_checkpoint(saver, run, error):
    """Refuse each call that uses the disk in turn; of the many writes, the first and the last."""
    _, calls = traced_save(saver, run.folder)
    renew(run)
    seen = set()
    for name in calls.keys() & set(TOUCHING):
        for number in {*range(1, min(4, calls[name]) + 1), calls[name]}:
            code, made = traced_save(saver, run.folder, f"{name}:error={error}:when={number}")
            seen.add((code, require_old_or_new(run, saved=code == 0)))
            renew(run)
            crash_points[2] += made[""]
    assert seen >= {(6, 2), (0, 3)}


@row(2)
@pytest.mark.parametrize("error", ["ENOSPC", *SELDOM])
def test_a_failing_os_call_loses_no_checkpoint(saver, run, error):
    seen, fault = [], {"errno": getattr(errno, error), "piece": 1 << 18}
    for number in range(1, 25):
        code = saver.save(folder=str(run.folder), fail_at=number, **fault)
        if code == 6:
            assert not list(run.folder.glob(".*"))  # no temporary file is left
        seen.append((code, require_old_or_new(run, saved=code == 0)))
        renew(run)
        crash_points[2] += 1
    assert set(seen) == {(6, 2), (6, 3), (0, 3)}  # 6 and 3: the fsync after the rename was refused
    assert seen[-3:] == [(0, 3)] * 3, "all touches were refused in turn"


@row(3)
def test_a_checkpoint_loads_after_a_power_cut_at_any_moment(tmp_path, monkeypatch):
    """After each call, lose any part of what was not synced: names, data, half of the data."""
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    old, new = weighty(2), weighty(3)
    checkpoint.write(run.last, old)
    before = {run.last: run.last.read_bytes()}
    with recorded(monkeypatch) as done:
        run.save(new)
    for number in range(len(done) + 1):
        for disk in possible_disks(before, done[:number]):
            crash_points[3] += 1
            for path in list(run.folder.iterdir()):
                path.unlink()
            for path, data in disk.items():
                path.write_bytes(data)
            found, skipped = run.newest_valid()
            assert not skipped
            expected = new if found.position.step == 3 else old
            assert found.weights_sha256() == expected.weights_sha256()
            assert found.position.step == 3 or number < len(done), "a save that is done stays"


def possible_disks(before, done):
    """Yield every state in which the disk may be after these calls, as path → contents."""
    data = dict(before)  # what each file holds, by the path it was made under
    unsynced, names = set(), []
    for kind, *given in done:
        if kind == "create":
            data[given[0]] = b""
            unsynced.add(given[0])
        elif kind == "write":
            data[given[0]] += given[1]
            unsynced.add(given[0])
        elif kind == "fsync":
            unsynced.discard(given[0])
        if kind in ("create", "rename", "link", "unlink"):
            names.append([kind, *given, False])
        elif kind == "fsync folder":
            for change in names:
                change[-1] = True
    open_ones = [i for i, change in enumerate(names) if not change[-1]]
    for kept in itertools.product([True, False], repeat=len(open_ones)):
        lost = {i for i, is_kept in zip(open_ones, kept, strict=True) if not is_kept}
        files = {path: path for path in before}  # name → the path it was made under
        for i, (kind, *given, _) in enumerate(names):
            if i in lost:
                continue
            if kind == "create":
                files[given[0]] = given[0]
            elif kind == "unlink":
                files.pop(given[0], None)
            elif given[0] in files:
                files[given[1]] = files[given[0]]
                if kind == "rename" and given[0] != given[1]:
                    del files[given[0]]
        for share in (0.0, 0.5, 1.0):
            yield {
                name: data[made][: int(len(data[made]) * share)] if made in unsynced else data[made]
                for name, made in files.items()
            }


@row(4)
def test_a_folder_that_becomes_read_only_costs_only_warnings(charrnn, whole, tmp_path):
    run = run_of(tmp_path)
    changes = {9: lambda: run.folder.chmod(0o555), 29: lambda: run.folder.chmod(0o755)}
    with obeying_modes(), pytest.MonkeyPatch.context() as patch:
        at_steps(patch, changes)
        done = charrnn(*TRAIN, "--save-every", 0)
    assert done.code == 0
    warning = (
        "cannot write checkpoints/a/last.safetensors: Permission denied; make the folder writable;"
        " the checkpoint before it is intact; training goes on and the next save tries again"
    )
    assert done.err.count(warning) > 1
    same_files(run, whole)


@row(2)
@row(40)
@pytest.mark.parametrize(
    ("num_bytes", "refused"),
    [
        (300, "the encoded corpus to checkpoints/.corpora"),
        (20_000, "checkpoints/a/last.safetensors"),
    ],
)
def test_a_file_size_limit_is_reported_like_a_full_disk(
    charrnn, corpus, tmp_path, num_bytes, refused
):
    """The kernel refuses by RLIMIT_FSIZE. No run is left behind."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        done = charrnn("train", corpus, "--steps", 5, "--run", "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.code == 6
    assert done.err.splitlines()[-1].startswith(
        f"charrnn: cannot write {refused}: File too large; "
    )
    assert not (tmp_path / "checkpoints/a").exists()


@row(2)
def test_a_full_disk_leaves_the_old_checkpoint(written, monkeypatch):
    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    before = written.read_bytes()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match="No space left on device; the checkpoint before it"):
        checkpoint.write(written, small(step=4))
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir()] == ["last.safetensors"]


@row(2)
def test_a_partial_write_is_completed(written, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 3 + 1]))
    checkpoint.write(written, small(step=4))
    assert checkpoint.read(written).position.step == 4


@row(5)
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_file_has_the_mode_that_the_umask_says(tmp_path, mask):
    before = os.umask(mask)
    try:
        checkpoint.write(tmp_path / "a", small())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


@row(2)
def test_a_full_disk_at_the_start_ends_the_run_before_step_one(charrnn, corpus, monkeypatch):
    refuse(monkeypatch, "*.safetensors", times=1)
    failed = charrnn(*TRAIN)
    assert failed.code == 6
    assert "cannot write checkpoints/a/last.safetensors: No space left on device" in failed.err
    assert charrnn(*TRAIN).code == 0  # the name is free again


@row(2)
def test_a_full_disk_in_mid_run_costs_only_warnings(charrnn, whole, tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 9, signal.SIGINT)
        charrnn(*TRAIN)
    refuse(monkeypatch, "*.safetensors", times=3)
    warned = charrnn("resume", "a", "--save-every", 0)
    assert warned.code == 0
    assert warned.err.count("training goes on and the next save tries again") == 3
    same_files(run_of(tmp_path), whole)


@row(2)
def test_metrics_that_cannot_be_written_end_a_resume_with_exit_code_6(
    charrnn, corpus, tmp_path, monkeypatch
):
    charrnn(*TRAIN)
    refuse(monkeypatch, "metrics.jsonl", error=errno.EROFS)
    failed = charrnn("resume", "a", "--steps", 90)
    assert failed.code == 6
    assert "cannot write in checkpoints/a: Read-only file system" in failed.err


@row(2)
def test_a_failing_last_save_ends_with_exit_code_6(charrnn, corpus, tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 9, signal.SIGINT)
        charrnn(*TRAIN)
    refuse(monkeypatch, "*.safetensors")
    assert charrnn("resume", "a").code == 6
    assert checkpoint.read(run_of(tmp_path).last).position.step == 10


@row(6)
def test_temporary_files_of_dead_processes_are_removed_and_those_of_living_ones_kept(tmp_path):
    (tmp_path / "cache").mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait()
    left_behind = _atomic.temporary_beside(Path(".x.npy")).name.replace(
        str(os.getpid()), str(gone.pid)
    )
    being_written = _atomic.temporary_beside(Path("stdin")).name
    elsewhere = f".x.npy.another-machine.{gone.pid}.tmp"  # that shares the folder
    for name in (left_behind, being_written, elsewhere):
        (tmp_path / "cache" / name).write_text("half")
    (tmp_path / "text").write_text("some text")
    encoded([tmp_path / "text"], tmp_path)
    left = {path.name for path in (tmp_path / "cache").glob(".*")}
    assert left == {being_written, elsewhere}


@row(6)
def test_temporary_files_of_a_killed_trainer_are_removed_by_the_next(charrnn, corpus, tmp_path):
    assert charrnn(*TRAIN).code == 0
    gone = subprocess.Popen(["true"])
    gone.wait()
    run = run_of(tmp_path)
    half = _atomic.temporary_beside(run.last)
    half = half.with_name(half.name.replace(str(os.getpid()), str(gone.pid)))
    half.write_bytes(run.last.read_bytes()[:999])
    assert charrnn("info", "a", "--json").code == 0
    assert charrnn("sample", "a", "-n", 5).code == 0
    assert half.exists()  # commands that only read remove nothing
    assert charrnn("resume", "a", "--steps", 70).code == 0
    assert not half.exists()
