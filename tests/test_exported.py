"""A file that charrnn wrote is replaced; any other file stays as it is."""

import os
from pathlib import Path

import pytest

from charrnn._exported import MARK, has_mark, require_replaceable, write_exported
from charrnn.errors import StorageError, UsageError

PICTURE = f"<!-- {MARK} -->".encode()


@pytest.mark.parametrize("data", [PICTURE, PICTURE + bytes(10**5), bytes(10**5) + PICTURE, b""])
def test_what_was_written_before_is_replaced_wherever_its_mark_is(data):
    Path("a.svg").write_bytes(data)
    write_exported(Path("a.svg"), PICTURE * 2)
    assert Path("a.svg").read_bytes() == PICTURE * 2


@pytest.mark.parametrize("is_a_folder", [False, True])
def test_what_somebody_else_wrote_stays(is_a_folder):
    Path("a.svg").mkdir() if is_a_folder else Path("a.svg").write_text("made with charrnn")
    with pytest.raises(UsageError, match="a.svg is there, and was not written by charrnn; name an"):
        write_exported(Path("a.svg"), PICTURE)
    assert is_a_folder or Path("a.svg").read_text() == "made with charrnn"


def test_a_pipe_is_not_waited_for():
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no named pipes here")
    os.mkfifo("a.svg")
    with pytest.raises(UsageError, match="was not written by charrnn"):
        require_replaceable(Path("a.svg"))


def test_the_file_that_a_link_leads_to_is_replaced():
    Path("real.svg").write_bytes(PICTURE)
    try:
        Path("a.svg").symlink_to("real.svg")
    except OSError:
        pytest.skip("there are no links here")
    write_exported(Path("a.svg"), PICTURE * 2)
    assert Path("a.svg").is_symlink() and Path("real.svg").read_bytes() == PICTURE * 2


def test_a_disk_that_refuses_costs_one_line():
    with pytest.raises(StorageError, match="cannot write none/a.svg: .*; name another file"):
        write_exported(Path("none/a.svg"), PICTURE)
    assert not has_mark(Path("none/a.svg"))


@pytest.mark.parametrize("path", ["none/a.svg", "file/a.svg", "a" * 300])
def test_a_place_where_no_file_can_be_is_told_before_there_is_anything_to_write(path):
    Path("file").touch()
    with pytest.raises(StorageError, match=r"cannot write (none|file|aaa).*; name another file"):
        require_replaceable(Path(path))
    require_replaceable(Path("a.svg"))
