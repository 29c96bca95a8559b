import io
import os
import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import sources
from charrnn.errors import CorpusError, UsageError
from charrnn.sources import Normalised, Source, read_text


def find(*names):
    return sources.find(names, spool_folder=sources.Path("spool"))


def read(path, encoding="utf-8"):
    seen = Normalised()
    return "".join(read_text(Source(path, path.name), encoding, seen)), seen.notes()


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


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.integers(1, 7),
    st.sampled_from(["utf-8", "utf-16", "utf-32"]),
)
def test_text_reads_the_same_however_the_chunks_fall(tmp_path_factory, text, size, encoding):
    path = tmp_path_factory.mktemp("chunks") / "text"
    path.write_bytes(text.encode(encoding))
    expected = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK_BYTES", size)
        assert read(path, encoding)[0] == expected


def test_a_cut_character_at_the_end_is_an_error_too(tmp_path):
    path = tmp_path / "cut"
    path.write_bytes("naïveté".encode()[:-1])
    with pytest.raises(CorpusError, match="line 1, byte 7"):
        read(path)


@pytest.mark.parametrize("encoding", ["klingon", "hex", "a\0b"])
def test_an_encoding_that_is_none_is_refused(tmp_path, encoding):
    (tmp_path / "text").write_text("x")
    with pytest.raises(UsageError, match="is not known"):
        read(tmp_path / "text", encoding)
