"""Pairs grouped by the length of their sources."""

import itertools
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.analysis.source_length import MAX_GROUPS, MIN_PAIRS, by_length, charts
from charrnn.data.pairs.error_rates import EditCounts


def pair(length, *, is_wrong=False):
    """A pair whose loss is its source's length, in nats a symbol."""
    wrong = int(is_wrong)
    edits = EditCounts(1, wrong, num_words=2, word_edits=wrong, num_symbols=4, symbol_edits=wrong)
    return SimpleNamespace(nats=5.0 * length, num_scored=5, edits=edits)


def grouped(lengths, **fields):
    return by_length(lengths, [pair(length, **fields) for length in lengths])


def test_each_group_has_the_means_of_its_pairs():
    lengths = [3] * 20 + [90] * 20
    scored = [pair(3)] * 20 + [pair(90), pair(90, is_wrong=True)] * 10
    short, long = by_length(lengths, scored)
    assert (short.shortest, short.longest, short.num_pairs) == (3, 3, 20)
    assert (short.nats_per_symbol, long.nats_per_symbol) == (3, 90)
    assert (short.exact_match, long.exact_match) == (1, 0.5)
    assert (long.word_error_rate, long.symbol_error_rate) == (0.25, 0.125)


@given(lengths=st.lists(st.integers(1, 500), min_size=1, max_size=400))
def test_every_pair_is_in_one_group_and_no_group_is_too_small(lengths):
    groups = grouped(lengths)
    assert sum(group.num_pairs for group in groups) == len(lengths)
    assert 1 <= len(groups) <= MAX_GROUPS
    assert len(groups) == 1 or min(group.num_pairs for group in groups) >= MIN_PAIRS
    for before, after in itertools.pairwise(groups):
        assert before.longest < after.shortest
    for group in groups:
        assert group.shortest <= group.mean_length <= group.longest


def test_groups_are_equally_wide_where_there_are_enough_pairs():
    groups = grouped([length for length in range(1, 121) for _ in range(5)])
    assert {group.longest - group.shortest + 1 for group in groups[1:-1]} == {10}


def test_the_charts_have_a_curve_for_each_run():
    groups = grouped([1] * 20 + [50] * 20, is_wrong=True)
    drawn = charts({"plain": groups, "attention": groups[:1]})
    assert list(drawn) == ["loss", "errors"]
    assert [curve.name for curve in drawn["loss"].curves] == ["plain", "attention"]
    assert list(drawn["loss"].curves[0].x) == [1, 50]
    assert list(drawn["loss"].curves[0].y) == [1, 50]
    assert list(drawn["errors"].curves[0].y) == pytest.approx([50, 50])
