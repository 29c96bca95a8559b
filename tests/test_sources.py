import io
import os
import socket
import sys

import pytest

from charrnn import sources
from charrnn.errors import CorpusError


def find(*names):
    return sources.find(names, spool_folder=sources.Path("spool"))


def test_a_path_is_looked_for_here_and_then_in_data(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "poems.txt").write_text("in data")
    assert find("poems.txt")[0].path.read_text() == "in data"
    (tmp_path / "poems.txt").write_text("here")
    assert find("poems.txt")[0].path.read_text() == "here"


def test_a_folder_gives_its_visible_files_in_sorted_order(tmp_path):
    for name in ("b/2.txt", "b/1.txt", "a.txt", ".hidden", ".git/config"):
        (tmp_path / "texts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "texts" / name).write_text("x")
    os.mkfifo(tmp_path / "texts" / "pipe")  # opening it would wait for ever
    assert [source.label for source in find("texts")] == [
        "texts/a.txt",
        "texts/b/1.txt",
        "texts/b/2.txt",
    ]


def test_shakespeare_is_the_plays_unless_there_is_such_a_file(tmp_path):
    assert len(find("shakespeare")) == 38
    (tmp_path / "shakespeare").write_text("mine")
    assert len(find("shakespeare")) == 1


def test_standard_input_is_copied_and_the_copy_removed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped text")))
    found = find("-")
    assert found[0].path.read_bytes() == b"piped text"
    sources.discard_spooled(found)
    assert not found[0].path.exists()


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("nowhere.txt", "there is no corpus 'nowhere.txt', neither here nor in data/"),
        ("/dev/zero", "/dev/zero is not a regular file or folder"),
        ("pipe", "pipe is not a regular file or folder; to read from a pipe"),
        ("sock", "sock is not a regular file or folder"),
        ("empty", "the folder empty holds no files"),
        ("no\0name", "cannot read"),
    ],
)
def test_what_cannot_be_a_corpus_is_refused_at_once(tmp_path, name, phrase):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    with socket.socket(socket.AF_UNIX) as server, pytest.raises(CorpusError, match=phrase):
        server.bind("sock")
        find(name)
