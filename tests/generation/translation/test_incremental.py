"""Text as it comes: what was given is never taken back, and all of it is the decoded text."""

import unicodedata

import pytest
from hypothesis import given, strategies

from charrnn.data.pairs.symbols import Side, SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.generation.translation.incremental import text_of

BYTES = Side(Vocab(tuple(range(256)), is_bytes=True))
# Letters with accents, Hangul letters, vowel signs that compose, and marks that are reordered.
AWKWARD = (
    "aeq \u0301\u0323\u0327\u0345\u1112\u1161\u11ab\u11a7\u0bc6\u0bbe\u0bd7\u09c7\u09be\u0f71\u0f72"
)
DECOMPOSED = Side(Vocab(tuple(sorted(map(ord, unicodedata.normalize("NFD", AWKWARD))))), "nfd")


def as_it_comes(side, ids):
    """The text known after each id, and at the end."""
    read = []

    def reading():
        for i in ids:
            read.append(i)
            yield i

    pieces = [(piece, len(read)) for piece in text_of(side, reading())]
    return pieces, "".join(piece for piece, _ in pieces)


def test_a_letter_is_held_back_until_no_accent_can_follow():
    ids = DECOMPOSED.encode("éa한")
    pieces, _ = as_it_comes(DECOMPOSED, ids)
    assert pieces == [("é", 3), ("a", 4), ("한", 6)]


def test_the_bytes_of_a_character_are_held_back_until_it_is_whole():
    pieces, _ = as_it_comes(BYTES, BYTES.encode("aé€"))
    assert pieces == [("a", 1), ("é", 3), ("€", 6)]


def test_other_symbols_come_at_once():
    assert as_it_comes(Side(Vocab((97, 98))), [1, 2])[0] == [("a", 1), ("b", 2)]
    phones = Side(SymbolVocab(("x", "yy")))
    assert as_it_comes(phones, [1, 2])[0] == [("x", 1), (" yy", 2)]


@given(strategies.data())
@pytest.mark.parametrize("side", [DECOMPOSED, BYTES], ids=["decomposed", "bytes"])
def test_joined_it_is_the_decoded_text(side, data):
    ids = data.draw(strategies.lists(strategies.integers(1, len(side.vocab)), max_size=12))
    assert as_it_comes(side, ids)[1] == side.decode(ids)
