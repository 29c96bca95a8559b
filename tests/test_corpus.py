import hashlib
import os
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import corpus, sources
from charrnn.corpus import Lanes, Reading
from charrnn.errors import CorpusError
from charrnn.sources import Source
from charrnn.vocab import Vocab


def ignore(done, total):
    assert 0 <= done <= total


def survey(paths, tmp_path, reading=Reading(), **settings):
    found = [Source(path, path.name, **settings) for path in paths]
    return found, corpus.survey(found, reading, cache=tmp_path / "cache", progress=ignore)


def encode(paths, tmp_path, reading=Reading(), **settings):
    found, surveyed = survey(paths, tmp_path, reading, **settings)
    vocab = Vocab.from_counts(surveyed.counts_array(), is_bytes=reading.is_bytes, max_size=10**6)
    ids = corpus.encoded(found, reading, surveyed, vocab, cache=tmp_path / "cache", progress=ignore)
    return ids, vocab, surveyed


@pytest.mark.parametrize(
    "text", ["plain text\n", "Онегин, добрый мой приятель", "龍が飛ぶ 🐉🔥" * 50]
)
def test_a_text_becomes_ids_and_comes_back(tmp_path, monkeypatch, text):
    monkeypatch.setattr(sources, "CHUNK_BYTES", 7)
    path = tmp_path / "text"
    path.write_text(text, encoding="utf-8")
    ids, vocab, surveyed = encode([path], tmp_path)
    assert vocab.decode(ids) == text
    assert surveyed.num_chars == len(text) == len(ids)
    assert surveyed.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_any_file_at_all_becomes_bytes(tmp_path):
    data = np.random.default_rng(0).bytes(5000)
    path = tmp_path / "binary"
    path.write_bytes(data)
    ids, vocab, surveyed = encode([path], tmp_path, Reading(is_bytes=True))
    assert vocab.decode(ids).encode("latin-1") == data
    assert surveyed.sha256 == hashlib.sha256(data).hexdigest()


def test_files_follow_each_other_each_on_a_new_line(tmp_path):
    for name, text in (("a", "one"), ("b", "two\n"), ("c", ""), ("d", "three")):
        (tmp_path / name).write_text(text)
    ids, vocab, _ = encode([tmp_path / name for name in "abcd"], tmp_path)
    assert vocab.decode(ids) == "one\ntwo\nthree"


def test_what_is_not_text_in_a_folder_is_passed_over_without_a_trace(tmp_path):
    (tmp_path / "a").write_text("text\n")
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbfgood beginning,\r\nthen \xff")
    (tmp_path / "c").write_bytes(b"nul \0")
    (tmp_path / "d").write_text("more")
    ids, vocab, surveyed = encode(
        [tmp_path / name for name in "abcd"], tmp_path, skip_unreadable=True
    )
    assert vocab.decode(ids) == "text\nmore"
    assert surveyed.notes == ("passed over 2 files that are not text: b, c",)
    assert surveyed.sha256 == hashlib.sha256(b"text\nmore").hexdigest()


def test_a_second_start_reads_nothing(tmp_path, monkeypatch):
    path = tmp_path / "text"
    path.write_text("some text")
    first, _, _ = encode([path], tmp_path)
    monkeypatch.setattr(corpus, "_chunks", None)  # reading would fail
    second, _, _ = encode([path], tmp_path)
    assert (first == second).all()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"rubbish" * 99])
def test_a_damaged_copy_is_made_again(tmp_path, damage):
    path = tmp_path / "text"
    path.write_text("some text")
    encode([path], tmp_path)
    for copy in (tmp_path / "cache").iterdir():
        copy.write_bytes(damage)
    ids, vocab, _ = encode([path], tmp_path)
    assert vocab.decode(ids) == "some text"


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    (tmp_path / "cache").mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name in (f".x.npy.{gone.pid}.tmp", f".stdin.{os.getpid()}.tmp"):
        (tmp_path / "cache" / name).write_text("half")
    (tmp_path / "text").write_text("some text")
    encode([tmp_path / "text"], tmp_path)
    left = [path.name for path in (tmp_path / "cache").glob(".*")]
    assert left == [f".stdin.{os.getpid()}.tmp"]


def test_one_file_may_be_named_and_lie_in_a_folder(tmp_path):
    path = tmp_path / "nul"
    path.write_text("a\0b")
    found = [Source(path, "nul"), Source(path, "nul", skip_unreadable=True)]
    surveyed = corpus.survey(found, Reading(), cache=tmp_path / "cache", progress=ignore)
    vocab = Vocab.from_counts(surveyed.counts_array(), is_bytes=False, max_size=9)
    ids = corpus.encoded(
        found, Reading(), surveyed, vocab, cache=tmp_path / "cache", progress=ignore
    )
    assert vocab.decode(ids) == "a\0b"


def test_an_edited_file_is_read_again(tmp_path):
    path = tmp_path / "text"
    path.write_text("before")
    before = survey([path], tmp_path)[1]
    path.write_text("edited")
    assert survey([path], tmp_path)[1].sha256 != before.sha256


def test_a_file_that_changes_between_the_passes_is_noticed(tmp_path):
    path = tmp_path / "text"
    path.write_text("abcabc")
    found, surveyed = survey([path], tmp_path)
    path.write_text("abcabb")
    vocab = Vocab.from_counts(surveyed.counts_array(), is_bytes=False, max_size=99)
    with pytest.raises(CorpusError, match="changed while it was being read"):
        corpus.encoded(found, Reading(), surveyed, vocab, cache=tmp_path / "cache", progress=ignore)
    assert not list((tmp_path / "cache").glob("*.npy"))


@pytest.mark.parametrize(("text", "phrase"), [("", "holds no text"), ("x", "holds one character")])
def test_too_little_text_is_refused(tmp_path, text, phrase):
    (tmp_path / "text").write_text(text)
    with pytest.raises(CorpusError, match=phrase):
        survey([tmp_path / "text"], tmp_path)


@given(st.integers(2, 300), st.integers(1, 9), st.integers(1, 20))
def test_lanes_cover_the_text_exactly_once(num_chars, batch_size, seq_length):
    """In its first pass lane b covers the pairs from its start to the next lane's start."""
    ids = np.arange(num_chars)
    lanes = Lanes(ids, batch_size=batch_size, seq_length=seq_length)
    num_steps = -(-num_chars // seq_length)
    windows = [lanes.window(step) for step in range(num_steps)]
    inputs = np.concatenate([inputs_TB for inputs_TB, _ in windows])
    targets = np.concatenate([targets_TB for _, targets_TB in windows])
    assert (targets == inputs + 1).all()
    bounds = np.arange(batch_size + 1) * (num_chars - 1) // batch_size
    read = [inputs[: bounds[b + 1] - bounds[b], b] for b in range(batch_size)]
    assert np.concatenate(read).tolist() == list(range(num_chars - 1))


def test_windows_of_a_lane_follow_each_other_round_the_ring():
    lanes = Lanes(np.arange(11), batch_size=1, seq_length=4)
    read = np.concatenate([lanes.window(step)[0][:, 0] for step in range(5)])
    assert read.tolist() == [*range(10), *range(10)]


def test_reading_on_keeps_no_pages(tmp_path):
    """Lanes give mapped pages back, so memory does not grow with what was read."""
    path = tmp_path / "ids.npy"
    np.save(path, np.zeros(64 << 20, np.uint8))
    ids = np.load(path, mmap_mode="r")
    assert ids.sum() == 0
    before = resident(path)
    assert before > 60 << 20
    Lanes(ids[: 32 << 20], batch_size=2, seq_length=8).window(1024)
    assert resident(path) < 4 << 20


def resident(path) -> int:
    """Bytes of a mapped file in this process's memory, by /proc/self/smaps."""
    if not corpus.Path("/proc/self/smaps").exists():
        pytest.skip("needs /proc")
    inside = False
    for line in corpus.Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    return 0
