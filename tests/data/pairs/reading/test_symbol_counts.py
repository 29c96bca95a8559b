"""Symbols of each kind: numbered, counted, made into a vocabulary."""

import json
import unicodedata

import numpy as np
import pytest

from charrnn.data.pairs.reading.symbol_counts import SymbolCounts, SymbolNumbers
from charrnn.data.pairs.symbols import Side, SymbolVocab, kind_of
from charrnn.data.vocab import Vocab

TEXTS = ["b a é", "a 한 a", "𐍈"]


@pytest.mark.parametrize("kind", ["characters", "bytes", "spaces", "whole"])
@pytest.mark.parametrize("form", ["none", "nfd"])
def test_the_ids_of_texts_are_those_of_their_side(kind, form):
    symbols = SymbolNumbers(kind, form)
    tidied = symbols.tidied(TEXTS)
    numbers, lengths = symbols.numbers(tidied), symbols.lengths(tidied)
    vocab = symbols.counts.vocab(None, max_size=100)
    assert kind_of(vocab) == kind
    ids = symbols.id_of(vocab)[numbers]
    assert ids.dtype == np.uint8
    side = Side(vocab, form)
    encoded = [side.encode(text) for text in TEXTS]
    assert ids.tolist() == np.concatenate(encoded).tolist()
    assert lengths == [*map(len, encoded)]
    assert symbols.counts.unknown(vocab) == (0, 0)


def test_white_space_of_any_kind_separates_symbols():
    assert SymbolNumbers("spaces", "none").tidied([" a\u3000b\t c "]) == ["a b c"]
    assert SymbolNumbers("spaces", "nfkc").tidied(["a\xa0b"]) == ["a b"]
    assert SymbolNumbers("whole", "none").tidied([" a  b "]) == ["a b"]
    assert SymbolNumbers("characters", "none").tidied([" a  b "]) == [" a  b "]


@pytest.mark.parametrize("kind", ["characters", "bytes", "spaces", "whole"])
def test_symbols_are_counted_over_several_chunks(kind):
    symbols = SymbolNumbers(kind, "none")
    for text in ("a b a", "c", "a \u00e9"):
        symbols.numbers([text])
    counts = symbols.counts.counts
    if kind == "whole":
        assert counts == {"a b a": 1, "c": 1, "a \u00e9": 1}
    else:
        assert counts["a" if kind == "spaces" else ord("a")] == 3
    totals = {"whole": 3, "spaces": 6, "characters": 9, "bytes": 10}
    assert sum(counts.values()) == totals[kind]
    values = json.loads(json.dumps(symbols.counts.to_json()))
    assert SymbolCounts.from_json(values) == symbols.counts


@pytest.mark.parametrize(
    ("kind", "known", "made"),
    [
        ("characters", None, Vocab((97, 98, 99))),
        ("characters", Vocab((120, 99)), Vocab((120, 99, 97))),
        ("characters", Vocab((120, 121, 122, 123)), Vocab((120, 121, 122, 123))),
        ("bytes", Vocab((120,), is_bytes=True), Vocab((120, 97, 98), is_bytes=True)),
        ("spaces", None, SymbolVocab(("a", "b", "c"))),
        ("spaces", SymbolVocab(("x", "c")), SymbolVocab(("x", "c", "a"))),
        ("whole", None, SymbolVocab(("a", "b", "c"), are_whole=True)),
    ],
)
def test_known_symbols_keep_their_ids_and_rare_ones_are_unknown(kind, known, made):
    count_of = {"d": 1, "a": 3, "c": 2, "b": 2}
    if kind in ("characters", "bytes"):
        count_of = {ord(symbol): count for symbol, count in count_of.items()}
    counts = SymbolCounts(kind, count_of)
    assert counts.vocab(known, max_size=3) == made
    unknown = set(count_of) - set(getattr(made, "symbols", None) or made.code_points)
    share = sum(count_of[symbol] for symbol in unknown) / 8
    assert counts.unknown(made) == (len(unknown), share)


def test_what_a_normal_form_does_is_told():
    symbols = SymbolNumbers("characters", "nfd")
    symbols.tidied(["한국"])
    assert symbols.sentence("sources") == "sources in NFD: 2 distinct characters became 6"
    symbols = SymbolNumbers("spaces", "nfc")
    symbols.tidied([unicodedata.normalize("NFC", "é e")])
    assert symbols.sentence("targets") == "targets are in NFC already"
    assert SymbolNumbers("characters", "none").sentence("sources") == ""
