"""Corpora that are unusable, in another encoding, huge, or changed during training."""

import codecs
import os
import socket
import time
import unicodedata
from pathlib import Path

import pytest
from conftest import SMALL, TRAIN, at_steps, peak_memory, run_of, same_files, small_text
from hypothesis import given
from hypothesis import strategies as st
from injection import obeying_modes
from matrix import crash_points, row
from test_encode import ignore, scanned
from test_reading import read

from charrnn.config import DataConfig
from charrnn.data.encoding.encode import encode_files
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError
from charrnn.runs import checkpoint
from charrnn.sources import reading

QUICK = (*SMALL, "--steps", 20, "--eval-every", 10)
ALONE = ("--threads", 1, "--quiet")


@row(26)
def test_normalised_text_is_mentioned(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n\0")
    text, notes = read(path)
    assert text == "one\ntwo\nthree\n\0"
    assert notes == [
        "dropped the byte order mark at the start of the text",
        "turned CRLF and CR line ends into newlines",
    ]


@row(25)
@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_invalid_utf8_is_named_by_line_and_byte(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(reading, "CHUNK_BYTES", chunk)
    path = tmp_path / "latin"
    path.write_bytes("line one\nñandú, pingüino y colibrí\n".encode("latin-1"))
    with pytest.raises(
        CorpusError, match="latin is not utf-8: line 2, byte 9; it may be .* encoding"
    ):
        read(path)


@row(25)
def test_utf16_is_recognised_by_its_byte_order_mark(tmp_path):
    path = tmp_path / "wide"
    path.write_bytes("wide words".encode("utf-16"))
    with pytest.raises(CorpusError, match="byte 0; it may be utf-16: try encoding utf-16"):
        read(path)
    assert read(path, "utf-16")[0] == "wide words"


@row(28)
def test_a_file_that_changes_between_two_readings_is_noticed(tmp_path):
    path = tmp_path / "text"
    path.write_text("abcabc")
    found, scan = scanned([path], tmp_path)
    path.write_text("abcabb")
    vocab = Vocab.from_counts(scan.counts_array(), is_bytes=False, max_size=99)
    with pytest.raises(CorpusError, match="changed while it was being read"):
        encode_files(found, DataConfig(), scan, vocab, cache=tmp_path / "cache", progress=ignore)
    assert not list((tmp_path / "cache").glob("*.npy"))


@row(28)
def test_a_changed_corpus_stops_a_resume_unless_keep_corpus_is_given(charrnn, corpus):
    charrnn("train", corpus, *QUICK, "--run", "a")
    corpus.write_text(small_text(seed=1))
    refused = charrnn("resume", "a", "--steps", 30)
    assert refused.code == 3
    assert "has changed since the run began; --keep-corpus goes on with" in refused.err
    assert charrnn("resume", "a", "--steps", 30, "--keep-corpus").code == 0


@row(24)
@pytest.mark.parametrize(
    ("name", "code", "output"),
    [
        ("empty", 3, "the corpus holds no text; it takes at least two characters to learn"),
        ("one", 3, "the corpus holds one character; it takes at least two characters to learn"),
        ("blank-folder", 3, "the folder blank-folder holds no files"),
        ("images", 3, "the corpus holds no text; it takes at least two characters to learn"),
        ("missing", 3, "there is no corpus 'missing', neither here nor in data/"),
        (
            "pipe",
            3,
            "the pipe pipe is empty: no program writes to it; start the one that does first",
        ),
        ("socket", 3, "socket is not a file, a folder or a pipe"),
        ("/dev/zero", 3, "/dev/zero is not a file, a folder or a pipe"),
        ("dangling", 3, "there is no corpus 'dangling', neither here nor in data/"),
        (
            "short",
            3,
            "the corpus holds 2 characters, too few to learn from; give it 10,000 or more",
        ),
    ],
)
def test_an_unusable_corpus_is_refused_at_once(charrnn, tmp_path, name, code, output):
    for file, text in (("empty", ""), ("one", "x"), ("short", "ab")):
        (tmp_path / file).write_text(text)
    (tmp_path / "blank-folder").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.png").write_bytes(b"\x89PNG\0\xff")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        began = time.process_time()
        done = charrnn("train", name, "--hidden-size", 4, "--steps", 2)
    assert time.process_time() - began < 1 + (code == 0)
    assert done.code == code
    assert output in done.err
    if code:
        assert done.err.count("\n") == 1 or "skipped" in done.err
        assert not list(tmp_path.glob("checkpoints/[!.]*"))


@row(24)
def test_a_short_text_reduces_batch_size_and_sequence_length_and_says_so(charrnn, tmp_path):
    (tmp_path / "short").write_text("a short text, and no more of it")
    sizes = ("--hidden-size", 4, "--batch-size", 8, "--seq-length", 40)
    done = charrnn("train", "short", "--allow-short", *sizes, "--steps", 2, "--run", "a")
    assert done.code == 0
    config = runs_config(charrnn, tmp_path)
    now = f"now batch {config.batch_size}, sequence length {config.seq_length}"
    assert f"the text is too short for batch 8, sequence length 40: {now}" in done.err
    assert config.batch_size * config.seq_length < 31


def runs_config(charrnn, tmp_path):
    return checkpoint.read(run_of(tmp_path).last).train


@row(24)
def test_an_unreadable_corpus_is_one_line(charrnn, corpus):
    corpus.chmod(0)
    with obeying_modes():
        refused = charrnn("train", corpus)
    assert refused.code == 3
    assert (
        refused.err == f"charrnn: cannot read {corpus}: Permission denied; check its permissions\n"
    )


ENCODINGS = st.sampled_from(["latin-1", "cp1252", "utf-16-le", "utf-16-be", "cp1251", "big5"])


@row(25)
@given(st.text(st.characters(min_codepoint=160, max_codepoint=0x17F), min_size=1), ENCODINGS)
def test_the_first_invalid_byte_is_named_wherever_it_is(text, encoding):
    """Line and byte are those at which Python's own decoder fails."""
    data = b"one line\n" + text.encode(encoding, "ignore") + b"\nmore\n"
    try:
        data.decode()
        return
    except UnicodeDecodeError as error:
        place = error.start
    line = data[:place].count(b"\n") + 1
    path = Path("text")
    path.write_bytes(data)
    for size in (1, 2, 7, 1 << 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "CHUNK_BYTES", size)
            with pytest.raises(CorpusError, match=f"is not utf-8: line {line}, byte {place}") as e:
                read(path)
            assert e.value.fields and all(field in e.value.hint for field in e.value.fields)
            crash_points[25] += 1


PIECES = st.lists(st.sampled_from(["a", "\r\n", "\r", "\n", "\0", "é", "e\u0301", "\ufeff", "中"]))


@row(26)
@given(PIECES, st.booleans())
def test_only_the_byte_order_mark_and_the_line_ends_of_a_text_change(
    tmp_path_factory, pieces, has_mark
):
    text = "".join(pieces)
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_bytes((codecs.BOM_UTF8 if has_mark else b"") + text.encode())
    found, notes = read(path)
    expected = text if has_mark else text.removeprefix("\ufeff")
    assert found == expected.replace("\r\n", "\n").replace("\r", "\n")
    assert ("\r" in text) == any("CRLF" in note or "CR " in note for note in notes)
    forms = {unicodedata.is_normalized("NFC", text), unicodedata.is_normalized("NFC", found)}
    assert len(forms) == 1  # Unicode normal forms are kept


@row(28)
@pytest.mark.parametrize(
    "change",
    [
        lambda corpus: corpus.write_text(small_text(seed=3)),
        lambda corpus: os.truncate(corpus, 10),
        lambda corpus: corpus.unlink(),
    ],
    ids=["edited", "truncated", "removed"],
)
def test_a_corpus_that_changes_in_mid_run_does_not_affect_the_run(
    charrnn, corpus, whole, tmp_path, monkeypatch, change
):
    at_steps(monkeypatch, {7: lambda: change(corpus)})
    assert charrnn(*TRAIN).code == 0
    assert not corpus.exists() or corpus.read_text() != small_text()
    same_files(run_of(tmp_path), whole)


@row(27)
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_gigabytes_in_one_line_take_little_memory(tmp_path):
    """Read, encode and train on a sparse file of more than 2³² zeros in bounded memory."""
    path = tmp_path / "line"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
    assert peak_memory("train", path, "--bytes", *SMALL, "--steps", 5, *ALONE) < 600_000_000


@row(27)
@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--bytes",)])
def test_memory_does_not_grow_with_the_corpus(tmp_path, flags):
    """Encoding and training use as much memory for 400 MB as for 40 MB, within 30 MB."""
    text = small_text(1_000_000).encode()
    peaks = []
    for num_megabytes in (40, 400):
        with (tmp_path / "large.txt").open("wb") as file:
            for _ in range(num_megabytes):
                file.write(text)
        peaks.append(peak_memory("train", "large.txt", *flags, *SMALL, "--steps", 3000, *ALONE))
    assert peaks[1] < peaks[0] + 30_000_000
