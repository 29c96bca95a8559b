import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.analysis.neurons.auc import aucs, best_threshold, interval, midranks

# few distinct numbers, so that many are equal
texts = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30).filter(
    lambda pairs: len({is_positive for _, is_positive in pairs}) == 2
)


def split(pairs):
    x_N, is_positive_N = map(np.array, zip(*pairs, strict=True))
    return x_N.astype(float), is_positive_N


@given(texts)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs):
    x_N, is_positive_N = split(pairs)
    ordered = [
        (high > low) + (high == low) / 2
        for high in x_N[is_positive_N]
        for low in x_N[~is_positive_N]
    ]
    both_NU = np.stack([x_N, -x_N], 1)
    auc_XU = aucs(midranks(both_NU), np.stack([is_positive_N, ~is_positive_N]))
    right = np.mean(ordered)
    np.testing.assert_allclose(auc_XU, [[right, 1 - right], [1 - right, right]], atol=1e-12)


@given(texts)
def test_no_threshold_has_a_higher_accuracy_than_the_best(pairs):
    x_N, is_positive_N = split(pairs)
    threshold = best_threshold(x_N, is_positive_N)
    accuracies = [((x_N > t) == is_positive_N).mean() for t in np.arange(-4, 5) + 0.5]
    assert ((x_N > threshold) == is_positive_N).mean() == max(accuracies)


def test_a_threshold_lies_half_way_between_two_numbers():
    x_N = np.array([0.1, 0.2, 0.6, 0.9])
    assert best_threshold(x_N, np.array([False, False, True, True])) == pytest.approx(0.4)


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(1, 10_000), st.integers(1, 10_000))
def test_an_interval_holds_its_auc_and_turns_with_it(auc, num_positive, num_negative):
    low, high = interval(auc, num_positive, num_negative)
    assert 0 <= low <= auc <= high <= 1
    turned = interval(1 - auc, num_positive, num_negative)
    assert turned == pytest.approx((1 - high, 1 - low), abs=1e-9)
    more_low, more_high = interval(auc, 4 * num_positive, 4 * num_negative)
    assert more_low >= low - 1e-9 and more_high <= high + 1e-9


def test_a_perfect_auc_of_few_texts_is_not_certain():
    low, high = interval(1.0, 5, 5)
    assert 0.4 < low < 0.8 and high == 1


def test_nineteen_of_twenty_intervals_hold_the_true_auc():
    """Normal numbers that differ by one deviation have an AUC of Φ(1 / √2) = 0.760. Of 400
    intervals that hold it with probability 0.95, fewer than 360 do with odds of one in 20,000.
    """
    random, num_held = np.random.default_rng(0), 0
    is_positive_N = np.arange(70) < 30
    for _ in range(400):
        x_N = random.normal(size=70) + is_positive_N
        ((auc,),) = aucs(midranks(x_N[:, None]), is_positive_N[None])
        low, high = interval(auc, 30, 40)
        num_held += low < 0.76025 < high
    assert num_held >= 360
