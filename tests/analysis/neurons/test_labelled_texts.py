import random
import tracemalloc

import numpy as np
import pytest

from charrnn.analysis.neurons.labelled_texts import MAX_LABELS, MIN_TEXTS, drawn, labelled
from charrnn.errors import CorpusError

PAIRS = [(f"text {k}", "even" if k % 2 == 0 else "odd") for k in range(101)]


def test_a_text_counts_once_for_each_of_its_labels():
    pairs = [("a", "x"), ("b", "x"), ("a", " x "), ("a", "y"), ("a", "x")]
    assert sorted(drawn(pairs, 99)) == [("a", "x"), ("a", "y"), ("b", "x")]
    assert [pair.label for pair in drawn([("a", "two  words")], 99)] == ["two words"]


@pytest.mark.parametrize("most", [7, 50, 1000])
def test_what_is_drawn_does_not_depend_on_the_order_or_on_repetition(most):
    shuffled = PAIRS * 3
    random.Random(1).shuffle(shuffled)
    found = drawn(shuffled, most)
    assert found == drawn(PAIRS, most) and len(found) == min(most, len(PAIRS))
    assert set(found) <= set(PAIRS)


def test_what_is_drawn_takes_the_same_memory_for_any_number_of_texts():
    tracemalloc.start()
    found = drawn(((f"{k} " * 50, "xy"[k % 2]) for k in range(30_000)), 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 100 and peak < 1_000_000  # all of them take nine megabytes


def test_each_half_and_each_fold_has_its_share_of_every_label():
    texts = labelled(drawn(PAIRS, 1000))
    assert texts.labels == ("even", "odd") and texts.counts_C.tolist() == [51, 50]
    for c in range(2):
        is_label_N = texts.label_N == c
        in_half = np.bincount(texts.is_choosing_N[is_label_N])
        in_fold = np.bincount(texts.fold_N[is_label_N & texts.is_choosing_N], minlength=5)
        assert abs(in_half[0] - in_half[1]) <= 1
        assert in_fold.max() - in_fold.min() <= 1


def test_halves_do_not_follow_the_order_of_the_texts():
    """The odds that a random half has as few as 15 or as many as 36 of the first 51 texts of 101
    are less than one in a thousand.
    """
    texts = labelled(drawn(PAIRS, 1000))
    firsts = {text for text, _ in PAIRS[:51]}
    num = sum(
        text in firsts
        for text, chooses in zip(texts.texts, texts.is_choosing_N, strict=True)
        if chooses
    )
    assert 15 < num < 36


def test_labels_with_few_texts_are_left_out():
    pairs = PAIRS + [(f"word {k}", "rare") for k in range(MIN_TEXTS - 1)] + [("one", "single")]
    texts = labelled(drawn(pairs, 1000))
    assert texts.labels == ("even", "odd") and texts.rare == ("rare", "single")
    assert not {"one", "word 0"} & set(texts.texts)


@pytest.mark.parametrize(
    ("pairs", "phrase"),
    [
        ([], "no label has 10 distinct texts"),
        ([(f"text {k}", str(k)) for k in range(99)], "no label has 10 distinct texts"),
        ([("again", "x")] * 50 + [("again", "y")] * 50, "no label has 10 distinct texts"),
        ([(str(k), "all") for k in range(99)], "only the label 'all' has 10 distinct texts"),
        (
            [(f"{k} {c}", str(c)) for k in range(MIN_TEXTS) for c in range(MAX_LABELS + 1)],
            "there are 101 labels; at most 100",
        ),
    ],
)
def test_without_labels_to_tell_apart_one_line_says_so(pairs, phrase):
    with pytest.raises(CorpusError, match=phrase):
        labelled(drawn(pairs, 10_000))
