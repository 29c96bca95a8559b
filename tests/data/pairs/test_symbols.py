"""The sides of a pair: texts to ids and back."""

import pytest
from hypothesis import given, strategies

from charrnn.data.pairs.symbols import Side, SymbolVocab, kind_of
from charrnn.data.vocab import Vocab

PHONES = SymbolVocab(("a", "ɲ", "t͡ɕ"))
LABELS = SymbolVocab(("Old English", "Czech"), are_whole=True)


def test_symbols_are_separated_by_spaces():
    side = Side(PHONES)
    assert side.encode("a  t͡ɕ ɲ").tolist() == [1, 3, 2]
    assert side.decode([1, 3, 2]) == "a t͡ɕ ɲ"
    assert side.size == 4


def test_a_whole_text_is_one_symbol():
    side = Side(LABELS)
    assert side.encode("  Old \u3000English ").tolist() == [1]
    assert side.encode("Old").tolist() == [0]
    assert side.encode(" ").tolist() == []
    assert side.decode([1]) == "Old English"
    assert (kind_of(LABELS), kind_of(PHONES)) == ("whole", "spaces")


def test_what_is_unknown_has_the_reserved_id():
    assert Side(PHONES).encode("a x").tolist() == [1, 0]
    assert Side(Vocab((97, 98))).encode("abc").tolist() == [1, 2, 0]


def test_a_text_has_as_many_symbols_as_ids():
    alphabet = Vocab((*range(0xE0, 0x100), 0x1112, 0x1161, 0x11AB))
    for side, text, symbols in [
        (Side(PHONES), " a  t͡ɕ x", ["a", "t͡ɕ", "x"]),
        (Side(LABELS), " Old  English", ["Old English"]),
        (Side(LABELS), "Old Czech", ["Old Czech"]),
        (Side(alphabet), "é ", ["é", " "]),
        (Side(alphabet, "nfd"), "한", ["\u1112", "\u1161", "\u11ab"]),
        (Side(Vocab(tuple(range(256)), is_bytes=True)), "é", ["Ã", "©"]),
    ]:
        assert side.symbols(text) == symbols
        ids = side.encode(text).tolist()
        assert len(ids) == len(symbols)
        known = [symbol for symbol, i in zip(symbols, ids, strict=True) if i]
        assert [side.symbol(i) for i in ids if i] == known


@pytest.mark.parametrize("vocab", [PHONES, LABELS, Vocab((97, 98))], ids=str)
def test_a_vocabulary_survives_json(vocab):
    assert type(vocab).from_json(vocab.to_json()) == vocab


@pytest.mark.parametrize("symbols", [[], ["a", "a"], ["a b"], [""], [1]], ids=str)
def test_invalid_symbols_are_refused(symbols):
    with pytest.raises(ValueError, match="distinct symbols"):
        SymbolVocab.from_json({"symbols": symbols})
    if symbols != ["a b"]:
        with pytest.raises(ValueError, match="distinct symbols"):
            SymbolVocab.from_json({"symbols": symbols, "are_whole": True})


def test_korean_syllables_become_letters_and_syllables_again():
    letters = "".join(sorted(set("\u1112\u1161\u11ab")))
    side = Side(Vocab(tuple(map(ord, letters))), "nfd")
    ids = side.encode("한")
    assert len(ids) == 3
    assert side.decode(ids.tolist()) == "한"


@given(strategies.text(strategies.characters(exclude_categories=["Cs"]), max_size=20))
def test_bytes_spell_any_text(text):
    side = Side(Vocab(tuple(range(256)), is_bytes=True))
    assert side.decode(side.encode(text).tolist()) == text


def test_bytes_outside_ascii_are_labelled_by_their_codes():
    bytewise = Side(Vocab(tuple(range(256)), is_bytes=True))
    assert bytewise.labels(bytewise.symbols("aé")) == ["a", "C3", "A9"]
    assert Side(Vocab((97, 233))).labels("aé") == ["a", "é"]
    assert Side(PHONES).labels(["x", "a"]) == ["x", "a"]
