"""What a stream is kept from saying, held to a search by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_text_index import SOME, index_of

from charrnn.data.vocab import code_points
from charrnn.generation.constraints import FREE, NoCopies, RepeatPenalty


def banned(constraint, size):
    logits_V = np.zeros(size)
    constraint.apply(logits_V)
    return set(np.flatnonzero(np.isneginf(logits_V)).tolist())


@SOME
@pytest.mark.parametrize("length", [1, 2, 3, 5, 17, 20, 40])
@settings(max_examples=25)
@given(data=st.data())
def test_it_keeps_from_being_drawn_exactly_what_would_complete_a_copy(vocab, letters, length, data):
    corpus = data.draw(st.text(letters, min_size=2, max_size=12)) * data.draw(st.integers(1, 9))
    index = index_of(corpus, vocab)
    ids = index.ids.tolist()
    copies = {tuple(ids[k : k + length]) for k in range(len(ids) - length + 1)}
    constraint, drawn = NoCopies(index, length), []
    begin = data.draw(st.integers(0, len(ids)))
    for i in (ids[begin:] + ids)[:50]:
        expected = {
            j
            for j in set(ids)
            if len(drawn) >= length - 1 and (*drawn[len(drawn) - length + 1 :], j) in copies
        }
        assert banned(constraint, len(index.vocab)) == expected
        assert constraint.is_stuck == (len(expected) == len(index.vocab))
        other = data.draw(st.sampled_from([*sorted(set(ids)), *[i] * 20]))
        drawn.append(other)
        constraint.read(other)


def test_the_end_of_a_record_may_complete_a_copy_and_nothing_else_follows_it():
    index = index_of("abc\n\nabd\nab\n")
    newline, a, b = 0, 1, 2
    constraint = NoCopies(index, 3, free=[newline])
    for i in (a, b):
        constraint.read(i)
    assert banned(constraint, 5) == {index.vocab.ids_of(code_points("c"))[0], 4}
    constraint.read(newline)
    assert banned(constraint, 5) == {1, 2, 3, 4}


def penalty_by_force(drawn, nats, size):
    """What each character would pay."""
    penalty = np.zeros(size)
    for i in range(size):
        text = [*drawn, i]
        for end in range(1, len(drawn) + 1):
            length = 0
            while length < end and text[end - 1 - length] == text[-1 - length]:
                length += 1
            penalty[i] = max(penalty[i], nats * (length - FREE))
    return penalty


@given(
    drawn=st.lists(st.integers(0, 2), max_size=30),
    again=st.integers(0, 20),
    num_before=st.integers(0, 10),
)
def test_a_repeated_passage_costs_for_each_character_past_the_free_ones(drawn, again, num_before):
    drawn = drawn + drawn[:again]
    constraint = RepeatPenalty(0.5, drawn[:num_before])
    for i in drawn[num_before:]:
        constraint.read(i)
    logits_V = np.zeros(3, np.float32)
    constraint.apply(logits_V)
    np.testing.assert_allclose(-logits_V, penalty_by_force(drawn, 0.5, 3))


def test_a_passage_far_back_may_be_repeated():
    constraint = RepeatPenalty(1.0)
    for i in [1, 2, 3, 1, 2, 3, 1, *[0, 4] * 600, 1, 2, 3, 1, 2, 3]:
        constraint.read(i)
    logits_V = np.zeros(5)
    constraint.apply(logits_V)
    assert not logits_V.any()
