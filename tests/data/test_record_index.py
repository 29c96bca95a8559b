"""A record is found by its hash, and compared with what stands there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data import record_index
from charrnn.data.record_index import RecordIndex
from charrnn.data.records import Records
from charrnn.data.vocab import UNKNOWN, Vocab, code_points
from charrnn.sources.lines import RECORD_END

VOCABS = {
    "narrow": Vocab(tuple(map(ord, "\nabc"))),
    "wide": Vocab((*map(ord, "abc\n"), *range(0x4E00, 0x4E00 + 300))),
    "unknown": Vocab((*map(ord, "abc\n"), UNKNOWN)),
}


def index_of(text, kind, vocab, folder, messages=None):
    ids = vocab.ids_of(code_points(text)).astype(vocab.dtype)
    return RecordIndex.of(
        ids, vocab, lambda: Records.find(ids, kind, vocab.newline), path=folder / "index.npy",
        progress=lambda *done: None if messages is None else messages.append(done),
    )  # fmt: skip


@pytest.mark.parametrize("kind", RECORD_END)
@pytest.mark.parametrize("vocab", VOCABS.values(), ids=VOCABS)
@given(data=st.data())
def test_it_holds_just_the_records(kind, vocab, tmp_path_factory, data):
    text = data.draw(st.text("ab\n", max_size=40))
    index = index_of(text, kind, vocab, tmp_path_factory.mktemp("cache"))
    known = {part.strip("\n") for part in text.split(RECORD_END[kind])}
    for piece in {*known, *data.draw(st.lists(st.text("abc\n", max_size=6))), "", "☃"}:
        assert (piece in index) == (piece in known | {""})


def test_a_kept_index_is_not_made_again(tmp_path):
    text = "".join(f"{'abc'[k % 3] * (1 + k % 50)}\n" for k in range(1000))
    messages = []
    first = index_of(text, "lines", VOCABS["narrow"], tmp_path, messages)
    assert messages[-1] == (1000, 1000)
    messages.clear()
    again = index_of(text, "lines", VOCABS["narrow"], tmp_path, messages)
    assert messages == []
    for index in (first, again):
        assert all("abc"[k % 3] * (1 + k % 50) in index for k in range(200))
        assert "ab" not in index
        assert isinstance(index.hashes_R, np.memmap)


def test_records_with_equal_hashes_are_distinguished(tmp_path, monkeypatch):
    """Records that share a hash are told apart by what they are."""
    hashes = record_index.hashes_of
    monkeypatch.setattr(record_index, "hashes_of", lambda *given: hashes(*given) & np.uint64(1))
    monkeypatch.setattr(record_index, "CHUNK_CHARS", 7)
    index = index_of("a\nab\nabc\nb\ncccccccccccc\n", "lines", VOCABS["narrow"], tmp_path)
    words = ["a", "ab", "abc", "b", "cccccccccccc", "c", "bc", "ccccccccccc"]
    assert [word in index for word in words] == [True] * 5 + [False] * 3


def test_a_record_that_ends_with_its_file_is_found(tmp_path):
    vocab = VOCABS["narrow"]
    ids = vocab.ids_of(code_points("abcab\nb")).astype(vocab.dtype)
    starts_F = np.array([0, 3])
    index = RecordIndex.of(
        ids, vocab, lambda: Records.find(ids, "lines", vocab.newline, file_starts_F=starts_F),
        path=tmp_path / "index.npy", progress=lambda *_: None,
    )  # fmt: skip
    assert [word in index for word in ("abc", "ab", "b", "abcab", "c")] == [True] * 3 + [False] * 2
