import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import CREEPING, PLANTED, TEXT, model_of, plant, reference

from charrnn.analysis.neurons.followers import correlate, rank
from charrnn.analysis.neurons.text_features import FEATURES, Feature
from charrnn.analysis.neurons.units import units


@pytest.mark.parametrize("cell", CREEPING)
def test_a_unit_planted_to_follow_the_line_position_ranks_first(cell):
    model = model_of(cell, changed=plant, ngrams=1, skip=False)
    best = rank(model, TEXT).best["line-position"]
    assert (best[0].unit.layer, best[0].unit.number) == (0, PLANTED)
    assert best[0].score > 0.8
    assert best[0].correlation > 0 and best[0].mean_on > best[0].mean_off
    as_drawn = rank(model_of(cell, ngrams=1, skip=False), TEXT).best["line-position"]
    assert as_drawn[0].score < best[0].score - 0.1


def test_scores_match_correlations_by_numpy(cell):
    model = model_of(cell)
    every, activity_TU = units(model.config), reference(model, TEXT).astype(float)
    ranking = rank(model, TEXT, num_best=len(every))
    assert {"digit", "double-quotes", "brackets"} <= set(ranking.left_out)
    assert set(ranking.best) | set(ranking.left_out) == set(FEATURES)
    for name, followers in ranking.best.items():
        values = np.asarray(FEATURES[name].of(TEXT), float)
        on = values > values.mean()
        assert len(followers) == len(every)
        assert sorted(followers, key=lambda one: -one.score) == list(followers)
        for one in followers:
            x = activity_TU[:, every.index(one.unit)]
            assert one.correlation == pytest.approx(np.corrcoef(x, values)[0, 1], abs=1e-4)
            assert one.mean_on == pytest.approx(x[on].mean(), abs=1e-4)
            assert one.mean_off == pytest.approx(x[~on].mean(), abs=1e-4)


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.floats(0.01, 100),
    st.floats(-10, 10),
    st.booleans(),
)
def test_a_score_is_at_most_one_and_ignores_scale_shift_and_sign(
    seed, size, scale, shift, is_turned
):
    random = np.random.default_rng(seed)
    x_TU, value_FT = random.normal(size=(60, 3)), random.normal(size=(2, 60))
    value_FT[1] = value_FT[1] > 0
    x_TU[:, 2] = value_FT[1]
    factor = -scale if is_turned else scale

    def chunks(array):
        return (array[t : t + size] for t in range(0, len(array), size))

    r_FU, on_FU, off_FU = correlate(chunks(x_TU), value_FT)
    again_FU, *_ = correlate(chunks(x_TU * factor + shift), value_FT)
    assert (np.abs(r_FU) <= 1).all()
    assert r_FU[1, 2] == pytest.approx(1)
    assert (on_FU[1, 2], off_FU[1, 2]) == pytest.approx((1, 0), abs=1e-9)
    np.testing.assert_allclose(again_FU, -r_FU if is_turned else r_FU, atol=1e-8)
    np.testing.assert_allclose(r_FU, np.corrcoef(value_FT, x_TU.T)[:2, 2:], atol=1e-8)


def test_a_unit_that_never_changes_follows_nothing():
    x_TU = np.full((50, 1), np.float32(0.9999999))
    r_FU, *_ = correlate([x_TU], np.arange(50.0)[None])
    assert r_FU.tolist() == [[0.0]]


def test_a_feature_can_be_added():
    asked = {"o": Feature("the letter o", lambda text: np.array([c == "o" for c in text]))}
    ranking = rank(model_of("gru"), TEXT, features=asked, num_best=3)
    assert [len(followers) for followers in ranking.best.values()] == [3]
    assert not ranking.left_out
