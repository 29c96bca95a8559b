import numpy as np
import pytest
from conftest import random_ngrams

from charrnn.analysis import dynamic_evaluation
from charrnn.analysis.dynamic_evaluation import adapting_losses
from charrnn.config import ModelConfig
from charrnn.models.evaluation import evaluate_carried
from charrnn.models.network import Network

CONFIG = ModelConfig(hidden_size=12, embedding_size=5, ngrams=2)
IDS = np.random.default_rng(0).integers(9, size=900).astype(np.uint8)


def network_of(cell="lstm", seed=1):
    config = ModelConfig(**{**CONFIG.to_json(), "cell": cell})
    return Network(config, 9, random_ngrams(config, 9), seed=seed)


def evaluate_adapting(network, ids, **settings):
    return losses([network], ids, **settings).mean()


def losses(networks, ids, **settings):
    return np.concatenate(list(adapting_losses(networks, ids, **settings)))


@pytest.mark.parametrize("first", [1, 100, 600])
def test_without_learning_it_equals_evaluation(cell, first):
    network = network_of(cell)
    assert evaluate_adapting(network, IDS, first=first, rate=0.0) == pytest.approx(
        evaluate_carried(network, IDS, first=first), abs=1e-5
    )


def test_nothing_is_learned_from_before_it_is_scored():
    """Up to the first update the loss is the static one."""
    end = 300 + dynamic_evaluation.SEGMENT
    static = evaluate_carried(network_of(), IDS[:end], first=300)
    assert evaluate_adapting(network_of(), IDS[:end], first=300) == pytest.approx(static, abs=1e-5)


def test_later_text_changes_no_earlier_loss():
    other = np.append(IDS[:500], (IDS[500:] + 1) % 9)
    one, two = (losses([network_of()], ids, first=300, rate=5e-3) for ids in (IDS, other))
    assert len(one) == 600
    np.testing.assert_allclose(one[:200], two[:200], rtol=1e-6)
    assert not np.allclose(one[201:], two[201:])


def test_what_a_text_repeats_is_soon_expected():
    text = np.tile(IDS[:20], 100)
    static = evaluate_carried(network_of(), text, first=1)
    assert evaluate_adapting(network_of(), text, first=1, rate=5e-3) < static - 0.5


def test_each_of_several_learns_by_itself_and_their_probabilities_are_averaged():
    text = np.tile(IDS[:20], 30)
    alone = [losses([network_of(seed=seed)], text, first=1, rate=5e-3) for seed in (1, 2)]
    both = losses([network_of(seed=1), network_of(seed=2)], text, first=1, rate=5e-3)
    np.testing.assert_allclose(both, -np.log(np.exp(-np.stack(alone)).mean(0)), rtol=1e-5)


def test_weights_decay_to_the_trained_ones():
    network = network_of()
    start = network.arrays()
    evaluate_adapting(network, IDS[:200], first=1, rate=0.0, decay=0.5)
    for name, array in network.arrays().items():
        np.testing.assert_allclose(array, start[name], atol=1e-6)
