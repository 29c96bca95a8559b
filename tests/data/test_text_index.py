import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.encoding import cache_files
from charrnn.data.suffix_array import in_order, place_type
from charrnn.data.text_index import Index, is_letter
from charrnn.data.vocab import Vocab, code_points


def index_of(text, vocab=None):
    """An index in memory."""
    vocab = vocab or Vocab(tuple(sorted(set(map(ord, text)))))
    ids = vocab.ids_of(code_points(text)).astype(vocab.dtype)
    places = np.concatenate(list(in_order(ids, lambda done, total: None)))
    return Index(ids, vocab, places)


WIDE = Vocab(tuple(range(97, 97 + 300)))  # two bytes for an id; 256 and 1 are each other's, shifted
ALPHABETS = {"narrow": (None, "ab"), "wide": (WIDE, "ab" + WIDE.char(256) + WIDE.char(257))}
SOME = pytest.mark.parametrize(("vocab", "letters"), ALPHABETS.values(), ids=ALPHABETS)


@SOME
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_range_holds_the_places_of_a_piece_and_search_finds_the_first(vocab, letters, data):
    text = data.draw(st.text(letters, min_size=2, max_size=200))
    piece = data.draw(st.text(sorted(set(text)), min_size=1, max_size=16))
    index = index_of(text, vocab)
    sought = index.vocab.ids_of(code_points(piece)).astype(index.ids.dtype).tobytes()
    low, high = index.range_of(sought)
    there = {int(place) for place in index.places[low:high] if index.has_at(int(place), sought)}
    assert there == {k for k in range(len(text)) if text.startswith(piece, k)}
    assert high - low - len(there) < max(2, len(piece))
    first = text.find(piece)
    assert index.search(sought) == (None if first < 0 else first)


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
        return Index.of(
            made.ids,
            made.vocab,
            "0" * 64,
            cache=tmp_path,
            progress=lambda *done: calls.append(done),
        )

    assert np.array_equal(opened().places, made.places)
    assert calls == [(26, 26)]
    assert isinstance(opened().places, np.memmap)
    assert len(calls) == 1
    (path,) = tmp_path.glob("*-places.npy")
    assert path.stem.startswith(cache_files.ids_path("0" * 64, made.vocab, tmp_path).stem)
    path.write_bytes(path.read_bytes()[:-4])
    assert np.array_equal(opened().places, made.places)
    assert opened().places.dtype == place_type(26)


def test_letters_are_those_of_any_script():
    text, raw = Vocab((97,)), Vocab((97,), is_bytes=True)
    assert all(is_letter(character, text) for character in "aZéжあक\u0940")
    assert not any(is_letter(character, text) for character in " 1_-'\n")
    assert is_letter("é", raw) and is_letter("a", raw) and not is_letter("1", raw)
