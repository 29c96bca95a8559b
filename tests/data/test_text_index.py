import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data import text_index
from charrnn.data.encoding import cache_files
from charrnn.data.text_index import TextIndex, is_letter, position_dtype, sorted_positions
from charrnn.data.vocab import Vocab, code_points
from charrnn.errors import NoMemoryError


def index_of(text, vocab=None):
    """An index in memory."""
    vocab = vocab or Vocab(tuple(sorted(set(map(ord, text)))))
    ids = vocab.ids_of(code_points(text)).astype(vocab.dtype)
    return TextIndex(ids, vocab, np.concatenate(list(sorted_positions(ids))))


WIDE = Vocab(tuple(range(97, 97 + 300)))  # two bytes for an id; 256 and 1 are each other's, shifted
ALPHABETS = {"narrow": (None, "ab"), "wide": (WIDE, "ab" + WIDE.char(256) + WIDE.char(257))}
SOME = pytest.mark.parametrize(("vocab", "letters"), ALPHABETS.values(), ids=ALPHABETS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("chunk", [4, 1 << 20])
@settings(deadline=None, max_examples=40)
@given(values=st.lists(st.sampled_from([0, 1, 255]), min_size=1, max_size=80))
def test_positions_are_sorted_by_the_text_that_follows(values, dtype, chunk):
    ids = np.array(values, dtype) * (1 if dtype is np.uint8 else 257)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(text_index, "CHUNK", chunk)
        positions = np.concatenate(list(sorted_positions(ids)))
    assert positions.tolist() == sorted(range(len(ids)), key=lambda k: ids[k:].tobytes())
    assert positions.dtype == position_dtype(len(ids)) == np.uint32
    assert position_dtype((1 << 32) + 1) == np.uint64


def test_a_corpus_too_large_for_the_memory_says_how_much_it_takes(monkeypatch):
    def fails(data):
        raise MemoryError

    monkeypatch.setattr("pydivsufsort.divsufsort", fails)
    with pytest.raises(NoMemoryError, match=r"takes 0.0 GB of memory"):
        list(sorted_positions(np.zeros(1000, np.uint8)))


@SOME
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_range_has_the_positions_of_a_piece(vocab, letters, data):
    text = data.draw(st.text(letters, min_size=2, max_size=200))
    piece = data.draw(st.text(sorted(set(text)), min_size=1, max_size=16))
    index = index_of(text, vocab)
    sought = index.vocab.ids_of(code_points(piece)).astype(index.ids.dtype)
    low, high = index.range_of(sought.tobytes())
    expected = [k for k in range(len(text)) if text.startswith(piece, k)]
    assert sorted(index.positions[low:high].tolist()) == expected
    assert index.first(sought) == min(expected, default=None)


@SOME
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_what_follows_a_piece_is_found_however_long_it_is(vocab, letters, data):
    text = data.draw(st.text(letters, min_size=2, max_size=9)) * data.draw(st.integers(1, 12))
    index = index_of(text, vocab)
    begin = data.draw(st.integers(0, len(text) - 1))
    piece = text[begin : begin + data.draw(st.integers(0, 60))] + data.draw(st.text(letters[:2]))
    piece = "".join(character for character in piece if character in text)
    ids = index.vocab.ids_of(code_points(piece)).astype(index.ids.dtype)
    following = {
        text[k + len(piece)] for k in range(len(text) - len(piece)) if text.startswith(piece, k)
    }
    assert set(index.vocab.decode(index.followers(ids))) == following
    assert index.has(ids) == (piece in text)


@settings(deadline=None, max_examples=40)
@given(text=st.text("ab, ", min_size=2), word=st.text("ab", min_size=1, max_size=40))
def test_words_are_found_where_they_stand_alone(text, word):
    known = text.replace(",", " ").split()
    index = index_of(text)
    assert index.has_word(word) == (word in known)
    for each in known:
        assert index.has_word(each)


def test_words_longer_than_the_index_looks_and_words_in_other_characters():
    long = "a" * 50
    index = index_of(f"{long}b {long} naïve. x")
    assert index.has_word(long) and index.has_word(long + "b") and index.has_word("naïve")
    assert not index.has_word("a" * 49) and not index.has_word("na") and not index.has_word("ž")


def test_lines_are_counted_from_one():
    text = "one\n\nthree\nfour"
    index = index_of(text)
    assert [index.line_of(text.index(word)) for word in ("one", "three", "four")] == [1, 3, 4]
    assert index.line_of(3) == 1


def test_it_is_kept_beside_the_corpus_and_made_again_where_it_is_damaged(tmp_path):
    made = index_of("a rose is a rose is a rose")
    calls = []

    def opened():
        return TextIndex.of(
            made.ids,
            made.vocab,
            "0" * 64,
            cache=tmp_path,
            progress=lambda *done: calls.append(done),
        )

    assert np.array_equal(opened().positions, made.positions)
    assert calls == [(0, 26), (26, 26)]
    assert isinstance(opened().positions, np.memmap)
    assert len(calls) == 2
    (path,) = tmp_path.glob("*-suffixes.npy")
    assert path.stem.startswith(cache_files.ids_path("0" * 64, made.vocab, tmp_path).stem)
    path.write_bytes(path.read_bytes()[:-4])
    assert np.array_equal(opened().positions, made.positions)
    assert opened().positions.dtype == position_dtype(26)


def test_letters_are_those_of_any_script():
    text, raw = Vocab((97,)), Vocab((97,), is_bytes=True)
    assert all(is_letter(character, text) for character in "aZéжあक\u0940")
    assert not any(is_letter(character, text) for character in " 1_-'\n")
    assert is_letter("é", raw) and is_letter("a", raw) and not is_letter("1", raw)
