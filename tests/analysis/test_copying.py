"""What is copied, held to a search by brute force."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_text_index import SOME, index_of

from charrnn.analysis import copying
from charrnn.analysis.copying import copies, copy_report
from charrnn.data.vocab import UNKNOWN, Vocab


def longest_by_force(text, corpus):
    """Length, start and place of the longest copy, the first of several in both texts."""
    for length in range(min(len(text), len(corpus)), 0, -1):
        for start in range(len(text) - length + 1):
            place = corpus.find(text[start : start + length])
            if place >= 0:
                return length, start, place
    return None


def copied_by_force(text, corpus, least):
    copied = set()
    for start in range(len(text) - least + 1):
        if text[start : start + least] in corpus:
            copied |= set(range(start, start + least))
    return len(copied)


@st.composite
def quoting(draw, letters):
    """A corpus that may repeat itself, and a text pieced together from it and from anything."""
    piece = st.text(letters, min_size=1, max_size=30)
    corpus = draw(piece) * draw(st.integers(1, 12)) + draw(piece) + draw(piece)
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(corpus) - 1))
        parts += [
            corpus[begin : begin + draw(st.integers(0, 120))],
            draw(st.text(letters, max_size=6)),
        ]
    return corpus, "".join(parts)


@SOME
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_copies_of_every_length_are_those_of_a_brute_force_search(vocab, letters, data):
    corpus, text = data.draw(quoting(letters))
    index = index_of(corpus, vocab)
    made = copy_report(index, text)
    longest = made.longest_copy
    expected = longest_by_force(text, corpus)
    assert (longest and (len(longest.text), longest.start, longest.place)) == expected
    length = expected[0] if expected else 0
    for least in {*range(1, len(text) + 2, 5), length, length + 1} - {0}:
        assert copies(index, text, least) == (least <= length)
    for least in (1, 2, 7, 30, 40):
        num_copied = copying.num_copied(index, text, least)
        assert num_copied == copied_by_force(text, corpus, least)
    assert made.num_copied == copied_by_force(text, corpus, 30)


def test_a_report_has_the_longest_copy_and_the_new_words():
    corpus = "To be, or not to be:\nthat is the question, whether it is nobler\nin the mind"
    text = "Thou art the question, whether it is nobler\nin a MIND, thou mindly, naught art"
    made = copy_report(index_of(corpus + " Tuhlgdvzcxywq"), text)
    quoted = " the question, whether it is nobler\nin "
    assert made.longest_copy == copying.Quotation(quoted, 8, corpus.index(quoted), 2)
    assert made.num_copied == len(quoted)
    assert made.new_words == ("Thou", "art", "a", "thou", "mindly", "naught")
    assert len(made.words) == 14


def test_words_cut_off_are_not_counted():
    index = index_of("one two")
    assert copy_report(index, "wo on two ow").new_words == ("wo", "on", "ow")
    made = copy_report(index, "wo on two ow", begins_word=False, ends_word=False)
    assert (made.words, made.new_words) == (("on", "two"), ("on",))
    assert copy_report(index, " on ", begins_word=False, ends_word=False).new_words == ("on",)
    for text in ("o", ""):
        assert copy_report(index, text, begins_word=False, ends_word=False).words == ()


def test_several_reports_are_added_up():
    index = index_of("one two three four")
    texts = ("two three", "one seven two", "")
    made = copying.together([copy_report(index, text) for text in texts])
    assert (made.num_chars, made.longest_copy.text) == (22, "two three")
    assert made.words == ("two", "three", "one", "seven")
    assert made.new_words == ("seven",)
    assert copying.together([]) == copy_report(index, "")


def test_an_empty_text_has_an_empty_report():
    made = copy_report(index_of("abab"), "")
    assert made == copying.CopyReport(0, None, 0, (), ())
    assert not copies(index_of("abab"), "", 1)
    strange = copy_report(index_of("abab"), "xyz")
    assert (strange.longest_copy, strange.new_words) == (None, ("xyz",))


def test_unknown_and_rare_characters_match_nothing():
    vocab = Vocab((97, 98, UNKNOWN))
    index = index_of("abcabdab", vocab)
    assert copy_report(index, "ab\ufffdab").longest_copy.text == "ab"
    full = Vocab(tuple(range(256)), is_bytes=False)
    assert copy_report(index_of("ab\xffab", full), "ab\u2014ab").longest_copy.text == "ab"


ADVERSARIES = {
    "one letter": "a" * 200_000,
    "two letters": "ab" * 100_000,
    "long runs": ("a" * 1000 + "b") * 200,
    "one page again and again": "".join(map(str, range(700))) * 100,
}


@pytest.mark.parametrize("name", ADVERSARIES)
def test_a_corpus_that_repeats_itself_is_searched_in_time(name):
    corpus = ADVERSARIES[name]
    index = index_of(corpus)
    texts = [corpus[7:1500], corpus[:800] + "b" + corpus[:700], "a" * 1200 + "b" * 3, "ba" * 600]
    began = time.process_time()
    longest = [copy_report(index, text).longest_copy for text in texts]
    assert time.process_time() - began < 20
    for text, quotation in zip(texts, longest, strict=True):
        assert (quotation is None) == (not set(text) & set(corpus))
        if quotation is not None:
            assert corpus.find(quotation.text) == quotation.place
            assert not copies(index, text, len(quotation.text) + 1)
    assert len(longest[0].text) == 1493


def test_random_texts_at_a_larger_size():
    random = np.random.default_rng(3)
    corpus = "".join(random.choice(list("acgt"), size=20_000))
    index = index_of(corpus)
    for _ in range(3):
        text = "".join(random.choice(list("acgt"), size=40)) + corpus[500:560]
        longest = copy_report(index, text).longest_copy
        assert (len(longest.text), longest.start, longest.place) == longest_by_force(text, corpus)
