"""Where words end, while a text is still being written."""

import random

import pytest
import regex

from charrnn.generation.typing.word_borders import MAX_TAIL, WordBorders

TEXTS = [
    "I am go",
    "don't o'er the 3.14 of 1,000: a_b, e.g. foo-bar.",
    "naïve cafe\u0301s",
    "日本語です。カタカナ 我爱你",
    "สวัสดีครับ",
    "안녕하세요 세계",
    'שלום צה"ל',
    "👩‍🚀 hi 🇩🇪🇫🇷",
    "\r\n\n x  y\t",
]


def word_ends(text):
    """The places behind which a word ends, by a regular expression over the whole text."""
    places = [border.start() for border in regex.finditer(r"\b", text, regex.WORD)]
    spans = zip([0, *places], places, strict=False)
    return [end for start, end in spans if any(c.isalnum() for c in text[start:end])]


def ends_as_they_show(borders, text):
    tail, ends = (), []
    for k, character in enumerate(text):
        ended = borders.after(tail, borders.class_of(character))
        if ended.back:
            ends.append(k + 1 - ended.back)
        tail = ended.tail
    return ends


@pytest.mark.parametrize("text", TEXTS)
def test_ends_are_those_of_the_whole_text_but_for_the_last(text):
    ends = ends_as_they_show(WordBorders(text), text)
    last = [] if word_ends(text) == ends else word_ends(text)[-1:]
    assert ends + last == word_ends(text)
    assert all(end >= len(text) - 2 for end in last)  # what follows would tell


def test_ends_are_those_of_the_whole_text_for_random_texts():
    draws = random.Random(1)
    borders = WordBorders("")
    for _ in range(300):
        text = "".join(draws.choices("ab1.,:'\"’_- \n日カ\u0301\u200d🇩é", k=12)) + "  "
        assert ends_as_they_show(borders, text) == word_ends(text)


def test_an_end_that_depends_on_what_follows_is_told_when_that_has_come():
    borders = WordBorders("don't 3.")
    after_don = borders.tail_of("don")
    maybe = borders.after(after_don, borders.class_of("'"))
    assert (maybe.back, maybe.may_back) == (0, 1)
    assert borders.after(maybe.tail, borders.class_of("t"))[1:] == (0, 0)
    assert borders.after(maybe.tail, borders.class_of(" "))[1:] == (2, 0)


def test_a_character_of_a_new_class_may_be_asked_for_later():
    borders = WordBorders("ab ")
    tail = borders.tail_of("ab")
    assert borders.after(tail, borders.class_of("-")).back == 1
    assert borders.after(tail, borders.class_of("'")).may_back == 1
    assert len(borders.class_V) == 3


def test_one_word_is_told_from_several():
    borders = WordBorders("")
    assert borders.is_one_word("don't", " ")
    assert borders.is_one_word("a" * 100, ".") is False  # the next character may be a letter
    assert borders.is_one_word("a" * 100, " ")
    for text in ("in the", "don'", "'tis", "", " ", "日本"):
        assert not borders.is_one_word(text, " ")


def test_bytes_beyond_ascii_are_letters():
    borders = WordBorders([chr(code) for code in range(256)], are_bytes=True)
    spelled = "é—ü x".encode().decode("latin-1")
    assert len(borders.tail_of(spelled[:-2])) == len(spelled) - 2
    assert borders.tail_of(spelled[:-1]) == (borders.class_of(" "),)


def test_a_tail_is_bounded(monkeypatch):
    borders = WordBorders("a")
    assert len(borders.tail_of("a" * 1000)) == MAX_TAIL
    monkeypatch.setattr("charrnn.generation.typing.word_borders.MAX_ANSWERS", 3)
    assert ends_as_they_show(WordBorders(""), "ab c de f ") == [2, 4, 7, 9]
