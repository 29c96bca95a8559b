import os

import pytest

from charrnn.storage import discard_unfinished, write_atomically


def test_the_order_is_write_flush_fsync_rename_fsync_folder(tmp_path, monkeypatch):
    """Power may go at any moment: data must be down before the name, the name before we go on."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    events = []
    fsync, replace = os.fsync, type(path).replace

    def spy_fsync(descriptor):
        target = os.readlink(f"/proc/self/fd/{descriptor}")
        events.append(("fsync", os.path.basename(target), os.fstat(descriptor).st_size))
        fsync(descriptor)

    def spy_replace(source, target):
        events.append(("rename", source.name, target.name))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(type(path), "replace", spy_replace)
    write_atomically(path, [b"new ", b"contents"])
    temporary = f".file.{os.getpid()}.tmp"
    assert events[:2] == [("fsync", temporary, 12), ("rename", temporary, "file")]
    assert events[2][:2] == ("fsync", tmp_path.name)
    assert len(events) == 3
    assert path.read_bytes() == b"new contents"


def test_a_process_killed_at_any_moment_leaves_the_old_file_or_the_new(tmp_path):
    """The process dies before each of its calls to the disk in turn, until one run completes."""
    path = tmp_path / "file"
    seen = set()
    for fatal in range(10):
        path.write_bytes(b"old")
        child = os.fork()
        if not child:
            _die_at_call(fatal)
            write_atomically(path, [b"new"])
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        seen.add(path.read_bytes())
        discard_unfinished(tmp_path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
        if status == 0:
            break
    assert status == 0
    assert fatal >= 4
    assert seen == {b"old", b"new"}


def _die_at_call(fatal: int) -> None:
    calls = iter(range(100))

    def mortal(function):
        def call(*arguments, **settings):
            if next(calls) == fatal:
                os._exit(9)
            return function(*arguments, **settings)

        return call

    from pathlib import Path

    os.fsync, os.open = mortal(os.fsync), mortal(os.open)
    Path.open, Path.replace = mortal(Path.open), mortal(Path.replace)  # type: ignore[method-assign]


def test_a_failure_in_the_middle_leaves_nothing_behind(tmp_path):
    def pieces():
        yield b"half"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_atomically(tmp_path / "file", pieces())
    assert not list(tmp_path.iterdir())
