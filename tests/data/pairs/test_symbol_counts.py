"""Symbols of each kind: numbered, counted, made into a vocabulary."""

import unicodedata

import numpy as np
import pytest

from charrnn.data.pairs.symbol_counts import SymbolCounts
from charrnn.data.pairs.symbols import Side, SymbolVocab
from charrnn.data.vocab import Vocab

TEXTS = ["b a é", "a 한 a", "𐍈"]


@pytest.mark.parametrize("kind", ["characters", "bytes", "spaces"])
@pytest.mark.parametrize("form", ["none", "nfd"])
def test_the_ids_of_texts_are_those_of_their_side(kind, form):
    counts = SymbolCounts(kind, form)
    tidied = counts.tidied(TEXTS)
    numbers, lengths = counts.count(tidied), counts.lengths(tidied)
    vocab = counts.vocab(None, max_size=100)
    ids = counts.id_of(vocab)[numbers]
    assert ids.dtype == np.uint8
    side = Side(vocab, form)
    encoded = [side.encode(text) for text in TEXTS]
    assert ids.tolist() == np.concatenate(encoded).tolist()
    assert lengths == [*map(len, encoded)]
    assert counts.unknown(vocab) == (0, 0)


def test_white_space_of_any_kind_separates_symbols():
    assert SymbolCounts("spaces", "none").tidied([" a\u3000b\t c "]) == ["a b c"]
    assert SymbolCounts("spaces", "nfkc").tidied(["a\xa0b"]) == ["a b"]
    assert SymbolCounts("characters", "none").tidied([" a  b "]) == [" a  b "]


@pytest.mark.parametrize(
    ("kind", "known", "made"),
    [
        ("characters", None, Vocab((97, 98, 99))),
        ("characters", Vocab((120, 99)), Vocab((120, 99, 97))),
        ("characters", Vocab((120, 121, 122, 123)), Vocab((120, 121, 122, 123))),
        ("bytes", Vocab((120,), is_bytes=True), Vocab((120, 97, 98), is_bytes=True)),
        ("spaces", None, SymbolVocab(("a", "b", "c"))),
        ("spaces", SymbolVocab(("x", "c")), SymbolVocab(("x", "c", "a"))),
    ],
)
def test_known_symbols_keep_their_ids_and_rare_ones_are_unknown(kind, known, made):
    counts = SymbolCounts(kind, "none")
    for text in [
        "d a" if kind == "spaces" else "da",
        "b b c c a a".replace(" ", " "[: kind == "spaces"]),
    ]:
        counts.count([text])
    assert counts.vocab(known, max_size=3) == made
    num_unknown, share = counts.unknown(made)
    count_of = {"a": 3, "b": 2, "c": 2, "d": 1}
    symbols = made.symbols if kind == "spaces" else map(chr, made.code_points)
    unknown = set(count_of) - set(symbols)
    assert num_unknown == len(unknown)
    assert share == sum(count_of[symbol] for symbol in unknown) / 8


def test_what_a_normal_form_does_is_told():
    counts = SymbolCounts("characters", "nfd")
    counts.tidied(["한국"])
    assert counts.sentence("sources") == "sources in NFD: 2 distinct characters became 6"
    counts = SymbolCounts("spaces", "nfc")
    counts.tidied([unicodedata.normalize("NFC", "é e")])
    assert counts.sentence("targets") == "targets are in NFC already"
    assert SymbolCounts("characters", "none").sentence("sources") == ""
