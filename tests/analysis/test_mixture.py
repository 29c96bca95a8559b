import copy
import math

import numpy as np
import pytest

from charrnn.analysis.mixture import NUM_SHARES, NUM_SITUATIONS, Gate, Mixture
from charrnn.analysis.ppm import PPM

V, T = 6, 400
RANDOM = np.random.default_rng(0)
IDS = np.tile(RANDOM.integers(V, size=90), 5)[:T]
PROB_TV = RANDOM.dirichlet(np.ones(V), size=T)  # of a network


def nats_of(prob_TV, ids):
    return -np.log(prob_TV[np.arange(len(ids)), ids])


def mixed(ids, nats_T):
    ppm_T, mixed_T = Mixture(PPM(V, order=3)).losses(ids, nats_T)
    return ppm_T, mixed_T


def test_the_mixture_sums_to_one_at_every_character():
    mixture = Mixture(PPM(V, order=3))
    for t in range(T):
        losses = [
            copy.deepcopy(mixture).losses(np.array([x]), nats_of(PROB_TV[t : t + 1], [x]))[1]
            for x in range(V)
        ]
        assert np.exp(-np.concatenate(losses)).sum() == pytest.approx(1, abs=1e-12)
        mixture.losses(IDS[t : t + 1], nats_of(PROB_TV[t : t + 1], IDS[t : t + 1]))


def test_later_text_changes_no_earlier_loss():
    other = np.append(IDS[:250], (IDS[250:] + 1) % V)
    for before, after in zip(
        mixed(IDS, nats_of(PROB_TV, IDS)), mixed(other, nats_of(PROB_TV, other)), strict=True
    ):
        assert before[:250].tolist() == after[:250].tolist()
        assert before[251:].tolist() != after[251:].tolist()


def test_a_text_in_segments_is_mixed_as_the_whole():
    whole, mixture, nats_T = mixed(IDS, nats_of(PROB_TV, IDS)), Mixture(PPM(V, order=3)), []
    for start in range(0, T, 37):
        part = slice(start, start + 37)
        nats_T += mixture.losses(IDS[part], nats_of(PROB_TV, IDS)[part])[1].tolist()
    assert nats_T == whole[1].tolist()


@pytest.mark.parametrize("network", ["random", "useless", "perfect", "perfect, then useless"])
def test_the_mixture_is_hardly_worse_than_the_better_of_the_two(network):
    nats_T = {
        "random": nats_of(PROB_TV, IDS),
        "useless": np.full(T, 50.0),
        "perfect": np.full(T, 1e-6),
        "perfect, then useless": np.repeat([1e-6, 50.0], T // 2),
    }[network]
    ppm_T, mixed_T = mixed(IDS, nats_T)
    bound = NUM_SITUATIONS * math.log(NUM_SHARES)
    assert mixed_T.sum() <= min(nats_T.sum(), ppm_T.sum()) + bound


def test_two_that_know_different_things_are_better_together():
    nats_T = np.where(np.arange(T) % 2, 0.01, 4.0)  # a network that knows every other character
    ppm_T, mixed_T = mixed(IDS, nats_T)
    assert mixed_T.mean() < min(nats_T.mean(), ppm_T.mean()) - 0.3


def test_a_gate_is_bayes_rule_over_fixed_shares():
    gate, situation = Gate(), (1, 2, 0)
    probs = RANDOM.uniform(0.01, 1, size=(50, 2))
    shares = np.linspace(0, 1, NUM_SHARES)
    for k, (network, ppm) in enumerate(probs):
        likelihood = [math.prod((1 - w) * p + w * q for p, q in probs[:k]) for w in shares]
        expected = np.dot(likelihood, shares) / np.sum(likelihood)
        assert gate.share(situation) == pytest.approx(expected, abs=1e-9)
        gate.learn(situation, network=network, ppm=ppm)
    assert gate.share((0, 0, 0)) == pytest.approx(0.5)


@pytest.mark.parametrize(("network", "ppm"), [(0.99, 1e-300), (1e-300, 0.99)])
def test_a_gate_leaves_one_that_gave_nearly_nothing_and_comes_back(network, ppm):
    gate, situation = Gate(), (0, 0, 0)
    gate.learn(situation, network=network, ppm=ppm)
    left = gate.share(situation)
    assert left < 0.4 if network > ppm else left > 0.6
    for _ in range(60):
        gate.learn(situation, network=ppm, ppm=network)
    back = gate.share(situation)
    assert back > 0.9 if network > ppm else back < 0.1


def test_a_network_that_is_all_wrong_costs_a_finite_number_of_nats():
    _, mixed_T = mixed(IDS, np.full(T, np.inf))
    assert np.isfinite(mixed_T).all()
