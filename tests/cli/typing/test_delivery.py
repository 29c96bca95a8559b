"""A typed text arrives, wherever it has to be kept."""

import os
import stat
import sys
from pathlib import Path

import pytest

from charrnn.cli.typing.delivery import deliver, require_new
from charrnn.errors import StorageError, UsageError


class Refusing:
    """A standard output that refuses everything, as a terminal that has gone."""

    def __init__(self, is_terminal):
        self._is_terminal = is_terminal
        self.buffer = self

    def isatty(self):
        return self._is_terminal

    def write(self, _):
        raise OSError(5, "Input/output error")


def test_a_text_is_printed_as_it_was_typed_with_an_end(capsysbinary):
    deliver("naïve \udcff\x1b[2J\nend", None)
    deliver("line\n", None)
    out, err = capsysbinary.readouterr()
    assert out == "naïve ".encode() + b"\xff\x1b[2J\nend\nline\n"
    assert err == b""


def test_to_a_terminal_control_characters_are_symbols(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    deliver("a\x1b[2J", None)
    assert capsys.readouterr().out == "a␛[2J\n"


def test_a_file_is_written_whole(capsys):
    deliver("a\nb", Path("new.txt"))
    assert Path("new.txt").read_bytes() == b"a\nb\n"
    assert capsys.readouterr() == ("", "charrnn: wrote new.txt\n")
    deliver("", Path("other.txt"))
    assert capsys.readouterr() == ("", "charrnn: nothing was written\n")
    assert os.listdir() == ["new.txt"]


def test_a_file_that_exists_is_never_replaced(tmp_path):
    Path("old.txt").write_text("old")
    with pytest.raises(UsageError, match="old.txt exists, and write replaces no file; name a new"):
        require_new(Path("old.txt"))
    with pytest.raises(UsageError, match="there is no folder none; make it"):
        require_new(Path("none/new.txt"))
    with pytest.raises(UsageError, match="cannot write x+: File name too long; name another file"):
        require_new(Path("x" * 300))
    require_new(tmp_path / "new.txt")
    with pytest.raises(StorageError, match=r"cannot write to old.txt: File exists; the text is in"):
        deliver("new", Path("old.txt"))  # it was made while the text was written
    assert Path("old.txt").read_text() == "old"
    assert kept() == ["new\n"]


def kept(folder="."):
    return [path.read_text() for path in Path(folder).glob("written-*.txt")]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_where_standard_output_refuses_the_text_is_kept_in_a_file(monkeypatch, is_terminal):
    monkeypatch.setattr(sys, "stdout", Refusing(is_terminal))
    with pytest.raises(StorageError, match="cannot write to standard output: Input/output error"):
        deliver("mine", None)
    assert kept() == ["mine\n"]


def test_where_this_folder_refuses_too_it_is_kept_among_temporary_files(monkeypatch, tmp_path):
    tmp_path = tmp_path / "temporary"
    tmp_path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdout", Refusing(True))
    write = os.open

    def refuse(path, *rest, **settings):
        if str(tmp_path) not in str(path):
            raise OSError(30, "Read-only file system")
        return write(path, *rest, **settings)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StorageError, match="the text is in .*temporary"):
        deliver("mine", None)
    assert kept(tmp_path) == ["mine\n"]
    tmp_path.chmod(tmp_path.stat().st_mode & ~stat.S_IWUSR)
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    with pytest.raises(StorageError, match="it is lost"):
        deliver("mine", None)
