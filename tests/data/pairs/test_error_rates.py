"""Error rates: edits counted as the least number of them, over symbols, words and targets."""

import functools

import pytest
from hypothesis import given, strategies

from charrnn.data.pairs.error_rates import EditCounts, count_edits, edit_distance, total_edits
from charrnn.data.pairs.symbols import Side, SymbolVocab
from charrnn.data.vocab import Vocab

LETTERS = Side(Vocab(tuple(range(32, 127))))
PHONES = Side(SymbolVocab(("a", "b", "t͡ɕ")))


def by_definition(one, other):
    """The distance as it is defined: the cheapest way to end with each of three edits."""

    @functools.cache
    def distance(i, j):
        if not (i and j):
            return i + j
        replaced = distance(i - 1, j - 1) + (one[i - 1] != other[j - 1])
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, replaced)

    return distance(len(one), len(other))


@given(strategies.text("abc", max_size=12), strategies.text("abc", max_size=12))
def test_the_distance_is_the_one_of_the_definition(one, other):
    assert edit_distance(one, other) == by_definition(one, other)


def test_long_sequences_have_the_distance_of_what_was_done_to_them():
    text = "".join(chr(97 + k * k % 26) for k in range(700))
    assert edit_distance(text, text) == 0
    assert edit_distance(text, text[:300] + text[301:]) == 1
    assert edit_distance("Ä" + text, text + "Ä") == 2


def test_characters_count_by_words_and_by_symbols():
    counted = count_edits("the cat sat", "the cats sit down", LETTERS)
    assert counted == EditCounts(1, 1, 4, 3, 17, 7)
    assert (counted.word_error_rate, counted.symbol_error_rate) == (3 / 4, 7 / 17)


def test_symbols_between_spaces_are_one_word():
    every = [("a  b", "a b"), ("a t͡ɕ b", "a b"), ("", "b a")]
    counted = total_edits(every, PHONES)
    assert counted == EditCounts(3, 2, 3, 2, 6, 3)
    assert counted.word_error_rate == 1 - counted.exact_match == 2 / 3


@pytest.mark.parametrize("form", ["nfc", "nfd"])
def test_forms_of_unicode_make_no_error(form):
    assert (
        count_edits("한 é", "\u1112\u1161\u11ab e\u0301", Side(LETTERS.vocab, form)).num_wrong == 0
    )
    assert count_edits("é", "e\u0301", LETTERS).num_wrong == 1


def test_words_of_bytes_end_where_words_of_the_text_end():
    side = Side(Vocab(tuple(range(256)), is_bytes=True))
    assert count_edits("Åà", "Åà", side) == EditCounts(
        1, 0, 1, 0, 4, 0
    )  # its bytes hold 0x85 and 0xA0


def test_of_nothing_there_are_no_errors():
    assert vars(EditCounts()) == dict.fromkeys(vars(EditCounts()), 0)
    assert (EditCounts().exact_match, EditCounts().word_error_rate) == (1, 0)
    assert count_edits("ab", "", LETTERS).symbol_error_rate == 2
