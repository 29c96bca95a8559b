import hashlib

import numpy as np
import pytest

from charrnn import _cores
from charrnn.config import DataConfig
from charrnn.data.encoding import encode, scan, shards, workers
from charrnn.data.encoding.encode import encode_files
from charrnn.data.encoding.scan import scan_files
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError
from charrnn.sources import reading
from charrnn.sources.paths import Source


def ignore(done, total):
    assert 0 <= done <= total


def scanned(paths, tmp_path, config=DataConfig(), **settings):
    found = [Source(path, path.name, **settings) for path in paths]
    return found, scan_files(found, config, cache=tmp_path / "cache", progress=ignore)


def encoded(paths, tmp_path, config=DataConfig(), **settings):
    found, scan = scanned(paths, tmp_path, config, **settings)
    vocab = Vocab.from_counts(scan.counts_array(), is_bytes=config.is_bytes, max_size=10**6)
    ids = encode_files(found, config, scan, vocab, cache=tmp_path / "cache", progress=ignore)
    return ids, vocab, scan


@pytest.mark.parametrize(
    "text", ["plain text\n", "Онегин, добрый мой приятель", "龍が飛ぶ 🐉🔥" * 50]
)
def test_a_text_becomes_ids_and_comes_back(tmp_path, monkeypatch, text):
    monkeypatch.setattr(reading, "CHUNK_BYTES", 7)
    path = tmp_path / "text"
    path.write_text(text, encoding="utf-8")
    ids, vocab, scan = encoded([path], tmp_path)
    assert vocab.decode(ids) == text
    assert scan.num_chars == len(text) == len(ids)
    assert scan.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_any_file_at_all_becomes_bytes(tmp_path):
    data = np.random.default_rng(0).bytes(5000)
    path = tmp_path / "binary"
    path.write_bytes(data)
    ids, vocab, scan = encoded([path], tmp_path, DataConfig(is_bytes=True))
    assert vocab.decode(ids).encode("latin-1") == data
    assert scan.sha256 == hashlib.sha256(data).hexdigest()


def test_files_follow_each_other_each_on_a_new_line(tmp_path):
    for name, text in (("a", "one"), ("b", "two\n"), ("c", ""), ("d", "three")):
        (tmp_path / name).write_text(text)
    ids, vocab, _ = encoded([tmp_path / name for name in "abcd"], tmp_path)
    assert vocab.decode(ids) == "one\ntwo\nthree"


def test_files_of_a_folder_that_are_not_text_are_skipped_completely(tmp_path):
    (tmp_path / "a").write_text("text\n")
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbfgood beginning,\r\nthen \xff")
    (tmp_path / "c").write_bytes(b"nul \0")
    (tmp_path / "d").write_text("more")
    ids, vocab, scan = encoded([tmp_path / name for name in "abcd"], tmp_path, skip_unreadable=True)
    assert vocab.decode(ids) == "text\nmore"
    assert scan.notes == (
        "skipped 1 file with bytes that are not utf-8: b; --errors skip leaves out only the"
        " lines with such bytes",
        "skipped 1 file that is not text: c",
    )
    assert scan.sha256 == hashlib.sha256(b"text\nmore").hexdigest()


def test_a_second_start_does_not_read_the_corpus(tmp_path, monkeypatch):
    path = tmp_path / "text"
    path.write_text("some text")
    first, _, _ = encoded([path], tmp_path)
    monkeypatch.delattr(shards.Shard, "chunks")  # reading would fail
    second, _, _ = encoded([path], tmp_path)
    assert (first == second).all()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"rubbish" * 99])
def test_a_damaged_copy_is_made_again(tmp_path, damage):
    path = tmp_path / "text"
    path.write_text("some text")
    encoded([path], tmp_path)
    for copy in (tmp_path / "cache").iterdir():
        copy.write_bytes(damage)
    ids, vocab, _ = encoded([path], tmp_path)
    assert vocab.decode(ids) == "some text"


def test_one_file_may_be_named_and_lie_in_a_folder(tmp_path):
    path = tmp_path / "nul"
    path.write_text("a\0b")
    found = [Source(path, "nul"), Source(path, "nul", skip_unreadable=True)]
    scan = scan_files(found, DataConfig(), cache=tmp_path / "cache", progress=ignore)
    vocab = Vocab.from_counts(scan.counts_array(), is_bytes=False, max_size=9)
    ids = encode_files(found, DataConfig(), scan, vocab, cache=tmp_path / "cache", progress=ignore)
    assert vocab.decode(ids) == "a\0b"


def test_an_edited_file_is_read_again(tmp_path):
    path = tmp_path / "text"
    path.write_text("before")
    before = scanned([path], tmp_path)[1]
    path.write_text("edited")
    assert scanned([path], tmp_path)[1].sha256 != before.sha256


@pytest.mark.parametrize(("text", "phrase"), [("", "holds no text"), ("x", "holds one character")])
def test_too_little_text_is_refused(tmp_path, text, phrase):
    (tmp_path / "text").write_text(text)
    with pytest.raises(CorpusError, match=phrase):
        scanned([tmp_path / "text"], tmp_path)


LINES = [f"line {k}: {'naïve café' * (k % 3)}\n" for k in range(400)]


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of so many bytes that a text of LINES has dozens."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 200)


@pytest.mark.parametrize("place", [(scan, "count_shard"), (encode, "write_shard")])
def test_an_interrupted_encoding_leaves_nothing_behind_and_starts_again(
    tmp_path, monkeypatch, small_shards, place
):
    (tmp_path / "text").write_text("".join(LINES))
    (module, function), calls = place, []
    plain = getattr(module, function)

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 21:
            raise KeyboardInterrupt
        return plain(*given)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, function, interrupted)
        encoded([tmp_path / "text"], tmp_path)
    left = {path.suffix for path in (tmp_path / "cache").iterdir()}
    assert left - {".lock"} == ({".json"} if function == "write_shard" else set())
    ids, vocab, scan = encoded([tmp_path / "text"], tmp_path)
    assert vocab.decode(ids) == "".join(LINES)
    assert scan.sha256 == hashlib.sha256("".join(LINES).encode()).hexdigest()


def test_many_processes_encode_a_folder_as_one_does(tmp_path, monkeypatch, small_shards):
    """Large files and small ones, one of them no text after a long while that it was."""
    texts = [
        "".join(LINES), "small\r\nfile", "", "\ufeffopen end", "".join(LINES[::-1])[:-1], "z",
    ]  # fmt: skip
    names = [tmp_path / name for name in "abcdef"]
    for path, text in zip(names, texts, strict=True):
        path.write_text(text, newline="")
    (tmp_path / "e0").write_bytes("".join(LINES).encode() + b"\xff")
    found = sorted([*names, tmp_path / "e0"])
    alone, vocab, scan = encoded(found, tmp_path, skip_unreadable=True)
    whole = f"{texts[0]}small\nfile\nopen end\n{texts[4]}\nz"
    assert vocab.decode(alone) == whole
    assert scan.sha256 == hashlib.sha256(whole.encode()).hexdigest()
    assert scan.skipped == ("e0",)
    monkeypatch.setattr(workers, "MIN_BYTES", 0)
    monkeypatch.setattr(_cores, "num_cores", lambda: 2)
    (tmp_path / "other").mkdir()
    together, _, found_together = encoded(found, tmp_path / "other", skip_unreadable=True)
    assert (together == alone).all()
    assert found_together == scan
