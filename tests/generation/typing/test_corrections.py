"""A word in place of a typed one, against all words within one edit."""

import math

import pytest
from voices import model_of

from charrnn.data.vocab import UNKNOWN, code_points
from charrnn.generation.typing import corrections, tree
from charrnn.generation.typing.corrections import correction

LETTERS = "abct'"


def start_of(model, before):
    stepper = model.backend.stepper()
    logits_V = stepper.read(model.vocab.ids_of(code_points(before)))
    return tree.root(stepper.state(), logits_V)


def every_edit(word):
    """All words within one edit, slowly."""
    for k in range(len(word) + 1):
        yield from (word[:k] + letter + word[k:] for letter in LETTERS)
        yield from (word[:k] + letter + word[k + 1 :] for letter in LETTERS)
        yield word[:k] + word[k + 1 :]
        yield word[:k] + word[k + 1 : k + 2] + word[k : k + 1] + word[k + 2 :]


def by_brute_force(model, before, word, following):
    """The likeliest word within one edit, and how many times likelier it is."""
    cursor = model.cursor().read(before)

    def log_prob(text):
        place, total = cursor.copy(), 0.0
        for character in text:
            total += math.log(place.predict().prob(character))
            place.read(character)
        return total

    words = {other for other in every_edit(word) if is_word(other)}
    best = max(words, key=lambda other: log_prob(other + following))
    return best, math.exp(log_prob(best + following) - log_prob(word + following))


def is_word(text):
    return text and text[0] != "'" and text[-1] != "'" and "''" not in text


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("before", "word"), [("a b ", "bat"), ("c", "tc"), ("a. ", "cabba")])
def test_it_is_the_likeliest_of_all_edits(before, word, seed):
    model = model_of(LETTERS + " .", seed=seed, scale=2.0)
    best, times = by_brute_force(model, before, word, " ")
    language = model.language
    start = start_of(model, before)
    found = correction(language, start, word, " ", times_likelier=1.0)
    if times <= 1:
        assert found is None
        return
    assert found.word == best
    assert found.times_likelier == pytest.approx(times, rel=1e-3)
    assert correction(language, start, word, " ", times_likelier=times * 1.01) is None
    cursor = model.cursor(before)
    assert cursor.correction(word, " ", times_likelier=times / 1.01).word == best


def test_two_words_are_no_correction_of_one():
    model = model_of("ab ", scale=2.0, space=9)  # a space nearly everywhere
    found = correction(model.language, start_of(model, "a "), "bb", " ", times_likelier=1.0)
    assert found is None or " " not in found.word


def test_what_the_model_cannot_judge_is_left_as_it_is(monkeypatch):
    model = model_of("", points=(*map(ord, "ab "), UNKNOWN))
    language, start = model.language, start_of(model, "a ")

    def corrected(word, following=" "):
        return correction(language, start, word, following, times_likelier=1.0)

    assert corrected("ab") or corrected("ba")
    for word, following in (("axb", " "), ("ab", "!"), ("a", " "), ("ab" * 30, " "), ("", " ")):
        assert corrected(word, following) is None
    monkeypatch.setattr(corrections, "MAX_STEPS", 0)
    assert not (corrected("ab") and corrected("ba"))


def test_a_model_of_bytes_corrects_ascii_to_ascii():
    model = model_of("", points=tuple(range(256)), is_bytes=True, scale=3.0)
    cursor = model.cursor().read("a ")
    assert cursor.correction("é") is None
    words = [correction(model.language, start_of(model, "a "), word, " ", times_likelier=1.0)
             for word in ("abc", "the", "and")]  # fmt: skip
    assert any(words)
    assert all(found.word.isascii() for found in words if found)
