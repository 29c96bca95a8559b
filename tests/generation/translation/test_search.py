"""Searches: greedy, drawn, and in a beam that misses nothing when it is wide."""

import itertools
import math

import numpy as np
import pytest
from test_translator import LETTERS, PHONES, member

from charrnn.config import ATTENTIONS
from charrnn.generation.translation import members, search
from charrnn.generation.translation.teacher_forcing import log_probabilities, padded

SOURCES = ["abc", "e", "ddcba", "ab"]


def started(sources=SOURCES, num_targets=1, **settings):
    ids = [LETTERS.encode(source) for source in sources]
    lengths_B = np.array(list(map(len, ids)))
    one = member(**settings)
    return members.start(
        [one], padded(ids)[:-1], lengths_B, num_targets=num_targets
    )  # fmt: skip


def limits(limit, sources=SOURCES):
    return np.full(len(sources), limit)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("seed", range(6))
def test_a_beam_of_one_is_the_greedy_search(cell, attention, seed):
    settings = {"cell": cell, "attention": attention, "seed": seed}
    greedy = search.single_paths(started(**settings), limits(6), search.likeliest)
    beam = search.beam(started(**settings), limits(6), 1)
    assert [[one.ids for one in each] for each in greedy] == [
        [one.ids for one in each] for each in beam
    ]
    for (one,), (other,) in zip(greedy, beam, strict=True):
        assert one.is_complete == other.is_complete
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_wide_beam_finds_the_best_of_all_short_targets(cell, attention):
    """Every target of up to four symbols is scored, and the beam is wide enough for all."""
    settings = {"cell": cell, "attention": attention}
    symbols = range(1, PHONES.size)
    every = [ids for length in range(5) for ids in itertools.product(symbols, repeat=length)]
    targets = [np.array(ids, int) for ids in every]
    found = search.beam(started(num_targets=400, **settings), limits(4), 400)
    for source, hypotheses in zip(SOURCES, found, strict=True):
        decoder = started([source], len(targets), **settings)
        total_N = log_probabilities(decoder, targets).sum(0)
        exact = {
            ids: total / ((5 + len(ids) + 1) / 6) ** 0.6
            for ids, total in zip(every, total_N.tolist(), strict=True)
        }
        complete = [one for one in hypotheses if one.is_complete]
        assert len(complete) == len(every)
        scores = {tuple(one.ids): one.score for one in complete}
        assert scores == pytest.approx(exact, abs=1e-5)
        assert tuple(complete[0].ids) == max(exact, key=exact.get)
        cut = [one for one in hypotheses if not one.is_complete]
        assert hypotheses == complete + cut
        assert all(len(one.ids) == 4 for one in cut)


def test_a_beam_finds_what_a_greedy_search_misses():
    better = 0
    for seed in range(10):
        greedy = search.single_paths(started(seed=seed), limits(8), search.likeliest)
        beam = search.beam(started(num_targets=4, seed=seed), limits(8), 4)
        for (one,), others in zip(greedy, beam, strict=True):
            better += others[0].log_probability > one.log_probability + 1e-5
    assert better > 3


class Sure:
    """A decoder that is sure of ten times symbol 1, and then of the end."""

    def __init__(self):
        self.time = 0

    def step(self, ids_N):
        is_right_V = np.arange(4) == (1 if self.time < 10 else 0)
        self.time += 1
        log_prob_V = np.where(is_right_V, math.log(0.97), math.log(0.01))
        return np.repeat(log_prob_V[:, None], len(ids_N), 1), None

    def rearrange(self, places_N):
        pass

    def keep(self, sources_B):
        pass


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_unlikely_ends_do_not_end_the_search_for_a_long_target(size):
    (found,) = search.beam(Sure(), np.array([20]), size)
    assert found[0].ids == [1] * 10
    assert found[0].is_complete
    assert len(found) == size


def test_a_target_that_is_as_long_as_it_may_be_can_still_end():
    """A longer limit changes nothing of a target that ends within the shorter one."""
    at_most = {
        limit: search.single_paths(started(), limits(limit), search.likeliest)
        for limit in range(1, 9)
    }
    for n in range(len(SOURCES)):
        whole = at_most[8][n][0]
        for limit, hypotheses in at_most.items():
            (one,) = hypotheses[n]
            assert one.ids == whole.ids[:limit]
            assert one.is_complete == (whole.is_complete and len(whole.ids) <= limit)
    assert any(each[0].is_complete and len(each[0].ids) for each in at_most[8])


@pytest.mark.parametrize("limit", [1, 2, 8])
def test_one_target_is_made_symbol_by_symbol(limit):
    for source in SOURCES:
        ((one,),) = search.single_paths(started([source]), limits(limit, "1"), search.likeliest)
        steps = list(search.symbols_of_one(started([source]), limit, search.likeliest))
        assert [i for i, _ in steps] == one.ids + [0] * one.is_complete
        assert sum(nats for _, nats in steps) == pytest.approx(one.log_probability, abs=1e-5)


def test_sources_have_limits_of_their_own():
    found = search.single_paths(started(), np.array([1, 2, 3, 4]), search.likeliest)
    alone = [
        search.single_paths(started([source]), np.array([n]), search.likeliest)[0]
        for n, source in enumerate(SOURCES, 1)
    ]
    assert [one.ids for (one,) in found] == [one.ids for (one,) in alone]


def test_draws_have_the_probabilities_of_the_model():
    """Each share is within five standard deviations: a false alarm in some 10⁶ runs."""
    num = 2000
    draws = search.Draw(1.0, [np.random.default_rng(n) for n in range(num)])
    (drawn,) = search.single_paths(started(["abc"], num), np.array([1]), draws, num_targets=num)
    for ids in ([], [1], [2], [3]):
        target = [np.array(ids, int)]
        log_prob = log_probabilities(started(["abc"]), target).sum()
        if ids:  # cut off, whatever follows
            log_prob = log_probabilities(started(["abc"]), target)[0].sum()
        share = sum(one.ids == ids for one in drawn) / num
        prob = math.exp(log_prob)
        assert abs(share - prob) < 5 * math.sqrt(prob * (1 - prob) / num) + 1e-9


def test_longer_targets_are_not_punished_for_their_length_alone():
    short = search.Hypothesis([1] * 3, -4.0, is_complete=True)
    long = search.Hypothesis([1] * 30, -5.0, is_complete=True)
    assert short.score < long.score
    assert search.Hypothesis([], -2.0, is_complete=True).score == -2.0
