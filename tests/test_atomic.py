import contextlib
import errno
import os

import pytest

from charrnn import _atomic
from charrnn._atomic import (
    alone_at,
    discard_unfinished,
    keep_beside,
    making_folder,
    remove_folder,
    rename_folder,
    replacing,
    write_atomically,
)


def test_a_failure_in_the_middle_leaves_nothing_behind(tmp_path):
    def pieces():
        yield b"half"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_atomically(tmp_path / "file", pieces())
    assert not list(tmp_path.iterdir())


def test_a_file_written_in_places_is_put_in_place_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    for is_whole in (True, False):
        with contextlib.suppress(KeyboardInterrupt), replacing(path) as temporary:
            temporary.write_text("whole" if is_whole else "half")
            if not is_whole:
                raise KeyboardInterrupt
        assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("file", "whole")]


def test_a_folder_is_made_with_all_that_is_in_it_or_not_at_all(tmp_path):
    for is_whole in (True, False):
        with contextlib.suppress(KeyboardInterrupt), making_folder(tmp_path / "a") as unfinished:
            (unfinished / "file").write_text("whole" if is_whole else "half")
            assert not is_whole or list(tmp_path.iterdir()) == [unfinished]
            if not is_whole:
                raise KeyboardInterrupt
        assert [path.name for path in tmp_path.iterdir()] == ["a"]
        assert (tmp_path / "a/file").read_text() == "whole"


def test_a_folder_that_is_not_empty_is_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_text("old")
    with pytest.raises(OSError, match="not empty|exists"), making_folder(tmp_path / "a"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a/file").read_text() == "old"


def test_a_folder_is_gone_before_its_files_are_removed_one_by_one(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").touch()

    def killed(folder, **settings):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("shutil.rmtree", killed)
        remove_folder(tmp_path / "a")
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".a.")
    discard_unfinished(tmp_path)
    assert left.exists()  # this process may be at it still
    left.rename(left.with_name(left.name.replace(str(os.getpid()), "99999999999")))
    discard_unfinished(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_renamed_or_stays_where_it_is(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").touch()
    rename_folder(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b/file").exists()
    with pytest.raises(OSError, match="No such file|cannot find"):
        rename_folder(tmp_path / "a", tmp_path / "c")


def test_a_disk_that_takes_a_little_at_a_time_gets_all_of_it(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(_atomic.os, "write", lambda file, data: write(file, data[:3]))
    write_atomically(tmp_path / "file", [b"some", b"", b"contents"])
    assert (tmp_path / "file").read_bytes() == b"somecontents"


def test_a_file_keeps_its_second_name_when_another_takes_the_first(tmp_path):
    path, kept = tmp_path / "file", tmp_path / "kept"
    write_atomically(path, [b"old"])
    for _ in range(2):  # also where both are names of one file already
        keep_beside(path, kept)
    write_atomically(path, [b"new"])
    assert (path.read_bytes(), kept.read_bytes()) == (b"new", b"old")
    assert len(list(tmp_path.iterdir())) == 2


def test_without_links_nothing_is_kept_and_nothing_lost(tmp_path, monkeypatch):
    def refuse(*names):
        raise OSError(errno.EPERM, "Operation not permitted")

    write_atomically(tmp_path / "file", [b"old"])
    monkeypatch.setattr(_atomic.os, "link", refuse)
    keep_beside(tmp_path / "file", tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_open_is_replaced_once_it_is_not(tmp_path, monkeypatch):
    """Windows refuses meanwhile."""
    replace, refusals = os.replace, [PermissionError, PermissionError]

    def refusing(*names):
        if refusals:
            raise refusals.pop()
        replace(*names)

    monkeypatch.setattr(_atomic.os, "replace", refusing)
    monkeypatch.setattr(_atomic.time, "sleep", lambda seconds: None)
    with pytest.raises(PermissionError):
        write_atomically(tmp_path / "file", [b"new"])
    monkeypatch.setattr(_atomic.sys, "platform", "win32")
    write_atomically(tmp_path / "file", [b"new"])
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not refusals


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    with alone_at(tmp_path / "lock"), pytest.raises(BlockingIOError):
        with alone_at(tmp_path / "lock", wait=False):
            pass
    with alone_at(tmp_path / "lock", wait=False):
        pass
