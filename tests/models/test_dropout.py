"""Dropout and state resets follow from (seed, step)."""

import math

import pytest
import torch

from charrnn.config import TrainConfig
from charrnn.models import ngrams
from charrnn.models.dropout import Draws, reset_lanes
from charrnn.models.reference import State


def test_dropout_follows_from_seed_and_step():
    x = torch.ones(50, 40)

    def masks(seed, step):
        drop = Draws(TrainConfig(seed=seed, weight_dropout=0.25), step).weight_dropout()
        return torch.stack([drop(x), drop(x)])

    assert torch.equal(masks(1, 7), masks(1, 7))
    assert not torch.equal(masks(1, 7), masks(1, 8))
    assert not torch.equal(masks(1, 7), masks(2, 7))
    assert not torch.equal(*masks(1, 7))
    assert masks(1, 7).unique().tolist() == [0.0, pytest.approx(1 / 0.75)]
    # 4,000 draws at 3/4, 5 standard deviations: odds of a false alarm 6e-7
    assert abs(float((masks(3, 3) > 0).float().mean()) - 0.75) < 5 * math.sqrt(0.75 * 0.25 / 4000)
    assert Draws(TrainConfig(), 3).weight_dropout() is None


def test_dropout_of_lanes_is_held_over_the_window_and_is_each_lane_s_own():
    config = TrainConfig(batch_size=50, dropout=0.25)
    window = Draws(config, 3).lane_dropout()(torch.ones(6, 50, 40))
    assert (window == window[0]).all()
    assert window.unique().tolist() == [0.0, pytest.approx(1 / 0.75)]
    share = slice(20, 30)
    assert torch.equal(
        Draws(config, 3, share).lane_dropout()(torch.ones(6, 10, 40)), window[:, share]
    )
    assert Draws(TrainConfig(), 3).lane_dropout() is None


def test_whole_vectors_are_dropped_each_time_anew():
    config = TrainConfig(batch_size=50, dropout=0.25)
    window = Draws(config, 3).vector_dropout(5)(torch.ones(6, 50, 40))
    vectors = window.unflatten(-1, (5, 8))
    assert (vectors == vectors[..., :1]).all()
    assert window.unique().tolist() == [0.0, pytest.approx(1 / 0.75)]
    # 1,500 draws at 3/4, 5 standard deviations: odds of a false alarm 6e-7
    kept = float((vectors[..., 0] > 0).float().mean())
    assert abs(kept - 0.75) < 5 * math.sqrt(0.75 * 0.25 / 1500)
    assert not (window == window[0]).all()
    share = slice(20, 30)
    shorter = Draws(config, 3, share).vector_dropout(5)(torch.ones(4, 10, 40))
    assert torch.equal(shorter, window[:4, share])
    assert Draws(TrainConfig(), 3).vector_dropout(5) is None


def test_the_draws_for_one_purpose_tell_nothing_of_those_for_another():
    config = TrainConfig(batch_size=9, dropout=0.5, weight_dropout=0.5)
    one, other = (
        Draws(config, 3).lane_dropout()(torch.ones(9, 9)),
        Draws(config, 3).weight_dropout()(torch.ones(9, 9)),
    )
    assert not torch.equal(one, other)


def test_lanes_are_reset_by_seed_and_step():
    config = TrainConfig(batch_size=1000, state_reset=0.3)
    state = State(
        ((torch.ones(1000, 2), torch.ones(1000, 2)),), torch.ones((3, 1000), dtype=torch.int64)
    )
    none = torch.zeros(1000, dtype=torch.bool)
    ((h, c),), before = reset_lanes(state, none, Draws(config, 4))
    assert torch.equal(h, c)
    assert torch.equal(h, reset_lanes(state, none, Draws(config, 4)).layers[0][0])
    assert ((before == ngrams.NOTHING) == (h[:, 0] == 0)).all()
    # 1,000 draws at 0.3, 5 standard deviations: odds of a false alarm 6e-7
    assert abs(float((h[:, 0] == 0).float().mean()) - 0.3) < 5 * math.sqrt(0.3 * 0.7 / 1000)
    never = TrainConfig(batch_size=1000, state_reset=0.0)
    assert torch.equal(reset_lanes(state, none, Draws(never, 4)).layers[0][0], state.layers[0][0])
    begun = torch.arange(1000) < 10
    ((h, c),), before = reset_lanes(state, begun, Draws(never, 4))
    assert torch.equal(h[:, 0] == 0, begun)
    assert torch.equal(before == ngrams.NOTHING, begun.expand(3, -1))
