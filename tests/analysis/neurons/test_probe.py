import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.analysis.neurons.probe import STRENGTHS, fit, fit_chosen, minimum


def some_texts(num=200, num_units=6, num_labels=3, *, seed=0, noise=1.0):
    """Activities that depend on the label, on scales of their own."""
    random = np.random.default_rng(seed)
    label_N = np.arange(num) % num_labels
    means_CU = random.normal(size=(num_labels, num_units))
    x_NU = means_CU[label_N] + noise * random.normal(size=(num, num_units))
    return x_NU * np.geomspace(1e-3, 10, num_units) + 5, label_N


def loss_of(probe, x_NU, label_N):
    """The loss, by the formula of probe.py alone."""
    total = 0.0
    for x_U, label in zip((x_NU - x_NU.mean(0)) / x_NU.std(0), label_N, strict=True):
        logits = [x_U @ w_P[:-1] + w_P[-1] for w_P in probe.weights_PC.T]
        total += np.log(np.sum(np.exp(logits))) - logits[label]
    return total / len(x_NU) + probe.strength / 2 * np.square(probe.weights_PC[:-1]).sum()


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 999), st.integers(2, 4), st.sampled_from([1.0, 0.1, 0.01]))
def test_the_gradient_is_zero_where_a_probe_ends(seed, num_labels, strength):
    x_NU, label_N = some_texts(40, 3, num_labels, seed=seed)
    probe = fit(x_NU, label_N, num_labels=num_labels, strength=strength)
    weights_PC, step = probe.weights_PC, 1e-4
    for place in np.ndindex(weights_PC.shape):
        before = weights_PC[place]
        weights_PC[place] = before + step
        above = loss_of(probe, x_NU, label_N)
        weights_PC[place] = before - step
        below = loss_of(probe, x_NU, label_N)
        weights_PC[place] = before
        assert abs(above - below) / (2 * step) < 1e-4


def test_a_start_elsewhere_ends_in_the_same_place():
    x_NU, label_N = some_texts()
    start_PC = np.random.default_rng(1).normal(size=(7, 3))
    ends = [
        fit(x_NU, label_N, num_labels=3, strength=0.1, start_PC=start).log_probabilities(x_NU)
        for start in (None, start_PC)
    ]
    np.testing.assert_allclose(*ends, atol=1e-3)


def test_labels_that_can_be_separated_have_finite_weights():
    x_NU, label_N = some_texts(noise=0.01)
    probe = fit(x_NU, label_N, num_labels=3, strength=STRENGTHS[-1])
    assert np.isfinite(probe.weights_PC).all()
    assert (probe.log_probabilities(x_NU).argmax(1) == label_N).all()


def test_units_that_tell_nothing_leave_the_shares_of_the_labels():
    label_N = np.array([0] * 30 + [1] * 10)
    x_NU = np.tile([[0.25, 1.0]], (40, 1)).astype(np.float32)
    probe = fit(x_NU, label_N, num_labels=2, strength=0.1)
    np.testing.assert_allclose(np.exp(probe.log_probabilities(x_NU[:1])), [[0.75, 0.25]], atol=1e-4)


def test_a_probability_does_not_depend_on_the_scale_of_a_unit():
    x_NU, label_N = some_texts()
    found = [
        fit(scale * x_NU, label_N, num_labels=3, strength=0.1).log_probabilities(scale * x_NU)
        for scale in (1, 1000)
    ]
    np.testing.assert_allclose(*found, atol=1e-3)


def test_noise_gets_the_strongest_penalty_and_clear_units_a_weak_one():
    random, label_N, fold_N = np.random.default_rng(0), np.arange(200) % 2, np.arange(200) // 2 % 5
    noise_NU = random.normal(size=(200, 30))
    assert fit_chosen(noise_NU, label_N, fold_N, num_labels=2).strength == STRENGTHS[0]
    x_NU, _ = some_texts(num_labels=2, noise=0.3)
    assert fit_chosen(x_NU, label_N, fold_N, num_labels=2).strength <= 0.01


def test_the_minimum_of_a_quadratic_is_where_algebra_says():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(30, 8)) * np.geomspace(0.1, 3, 8), random.normal(size=30)

    def loss(w):
        return float(np.square(a @ w - b).sum() / 2), a.T @ (a @ w - b)

    expected, *_ = np.linalg.lstsq(a, b, rcond=None)
    np.testing.assert_allclose(minimum(loss, np.zeros(8)), expected, atol=1e-3)
