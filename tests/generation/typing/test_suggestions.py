"""The likeliest ways to the end of a word, against all ways there are."""

import itertools
from collections import Counter

import numpy as np
import pytest
from test_word_borders import word_ends
from voices import CONFIG, model_of

from charrnn.data.vocab import UNKNOWN
from charrnn.generation.model import Model
from charrnn.generation.typing import suggestions, tree
from charrnn.models.reference import State, initial_state, step

CHARACTERS, UNLIKELY = "ab' ", 5e-4


def by_brute_force(model, before, *, words=1):
    """Return the probability of each way to a word end, by the textbook, and of each text that is
    not followed up because it is less likely than `UNLIKELY`.
    """
    state, logits_BV = initial_state(CONFIG, 1), None
    for i in map(CHARACTERS.index, before):
        logits_BV, state = step(CONFIG, model.weights, np.array([i]), state)
    texts, prob_B, probs, left_out = [""], np.ones(1), Counter(), Counter()
    while texts:
        weights_BV = np.exp(logits_BV)
        prob_BV = prob_B[:, None] * weights_BV / weights_BV.sum(1, keepdims=True)
        going_on = []
        for (row, text), (i, character) in itertools.product(
            enumerate(texts), enumerate(CHARACTERS)
        ):
            ends = [end - len(before) for end in word_ends(before + text + character)]
            ends = [end for end in ends if 0 < end <= len(text) - 1]  # two characters tell of all
            if len(ends) >= words:
                probs[text[: ends[words - 1]]] += prob_BV[row, i]
            elif prob_BV[row, i] < UNLIKELY:
                left_out[text + character] = prob_BV[row, i]
            else:
                going_on.append((row, i))
        rows, ids = np.array(going_on, int).reshape(-1, 2).T
        texts = [texts[row] + CHARACTERS[i] for row, i in going_on]
        prob_B = prob_BV[rows, ids]
        layers = tuple(tuple(part[rows] for part in layer) for layer in state.layers)
        state = State(layers, state.before_KB[:, rows])
        if texts:
            logits_BV, state = step(CONFIG, model.weights, ids, state)
    return probs, left_out


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("before", ["ab", "b'", "a "])
def test_the_likeliest_are_those_of_brute_force(before, seed):
    model = model_of(CHARACTERS, seed=seed)
    probs, left_out = by_brute_force(model, before)
    found = model.cursor().read(before).suggest(5)
    assert found[-1].prob > 10 * UNLIKELY
    assert [one.text for one in found] == [text for text, _ in probs.most_common(5)]
    for one in found:
        may_be_more = left_out[one.text + "'"]  # what comes after it would tell
        assert probs[one.text] - 1e-6 <= one.prob <= probs[one.text] + may_be_more + 1e-6


def test_the_probability_of_two_words_is_that_of_brute_force():
    model = model_of(CHARACTERS, seed=2)
    probs, left_out = by_brute_force(model, "ab", words=2)
    found = model.cursor().read("ab").suggest(3, words=2)
    assert found[0].text == probs.most_common(1)[0][0]
    for one in found:
        may_be_more = left_out[one.text + "'"]  # what comes after it would tell
        assert probs[one.text] - 1e-6 <= one.prob <= probs[one.text] + may_be_more + 1e-6


def test_probabilities_of_all_suggestions_sum_to_one():
    found = model_of("ab ", seed=3, scale=3.0).cursor().read("a").suggest(200)
    assert 0.9 < sum(one.prob for one in found) <= 1 + 1e-6
    assert len({one.text for one in found}) == len(found)


def test_a_suggestion_completes_the_word_at_hand_or_goes_on_after_it():
    model = model_of("abc .", seed=1, space=1)
    found = model.cursor().read("c. ab").suggest(20)
    assert {one.typed for one in found} == {"ab"}
    assert any(one.text[0] in " ." for one in found)
    assert all(one.words == "ab" + one.text and one.text.strip() for one in found)
    for one in model.cursor().read("ab. ").suggest(20):
        assert one.typed == "" and one.words == one.text.lstrip()


def test_text_without_spaces_goes_by_characters():
    model = model_of("日本語我爱", seed=1)
    prediction = model.predict("日本")
    for one in model.cursor().read("日本").suggest(3):
        assert one.prob == pytest.approx(prediction.prob(one.text), rel=1e-4)
    assert {len(one.text) for one in model.cursor().suggest(3, words=3)} == {3}


def test_nothing_is_suggested_past_the_end_of_a_record():
    model = model_of("ab \n", records="lines", seed=4, scale=2.0)
    assert all("\n" not in one.text for one in model.cursor().read("a").suggest(30, words=3))
    one_word = {one.text: one.prob for one in model.cursor().read("a").suggest(30)}
    ended = [one for one in model.cursor().read("a").suggest(30, words=2) if one.text in one_word]
    assert ended
    for one in ended:  # the part of it where the line ends there
        line = model.predict("a" + one.text).prob("\n")
        assert one.prob < one_word[one.text]
        assert one.prob == pytest.approx(line * prob_of(model, "a", one.text), rel=1e-3)


def prob_of(model, before, text):
    return np.prod([model.predict(before + text[:k]).prob(c) for k, c in enumerate(text)])


def test_the_unknown_symbol_is_never_suggested():
    model = model_of("", points=(ord("a"), ord(" "), UNKNOWN), seed=1)
    texts = "".join(one.text for one in model.cursor().read("a").suggest(30))
    assert set(texts) <= {"a", " "}


def test_a_model_of_bytes_suggests_characters():
    model = model_of("", points=tuple(range(256)), is_bytes=True, seed=1)
    cursor = model.cursor().read("\N{LATIN SMALL LETTER U WITH DIAERESIS}b")
    for one in cursor.suggest(3):
        assert one.typed == "üb"
        assert one.words.startswith("üb")


def test_an_ensemble_suggests_by_the_mean_of_its_probabilities():
    first, second = model_of("日本語", seed=1), model_of("日本語", seed=2)
    both = Model(first.config, first.vocab, first.weights, others=(second,))
    (one,) = both.cursor().read("日").suggest(1)
    of_each = [model.predict("日").prob(one.text) for model in (first, second)]
    assert one.prob == pytest.approx(np.mean(of_each), rel=1e-4)


def counted(monkeypatch):
    """Count the characters that are read, and the steps."""
    counts, read = [], tree.read

    def counting(backend, steps):
        counts.append(len(steps))
        return read(backend, steps)

    monkeypatch.setattr(tree, "read", counting)
    return counts


def test_the_work_is_bounded_and_something_is_found_all_the_same(monkeypatch):
    counts = counted(monkeypatch)
    letters = "abcdefghijklmnopqrstuvwxyz"
    model = model_of(letters + " ", scale=0.1)  # all words are as unlikely
    found = model.cursor().suggest(3)
    assert sum(counts) <= suggestions.MAX_STEPS + 3 * suggestions.MAX_CHARS
    assert len(counts) < sum(counts) / 4
    assert len(found) == 3
    without_end = model_of(letters)
    counts.clear()
    assert without_end.cursor().suggest(3) == []
    assert sum(counts) <= suggestions.MAX_STEPS + 3 * suggestions.MAX_CHARS


def test_an_offer_is_one_word_and_the_likeliest_words_after_it():
    cursor = model_of("abc .", seed=1).cursor().read("ab")
    offer = cursor.offer(3, words=3)
    assert list(offer.alternatives) == cursor.suggest(3)
    first = offer.alternatives[0].text
    assert offer.ahead.startswith(first) and len(offer.ahead) > len(first)
    assert len(word_ends("ab" + offer.ahead)) == 3 - (first[0] != "b" and first[0].isalpha())
    assert cursor.offer(2).ahead == first
    assert model_of("ab").cursor().offer(3, words=2).ahead == ""
