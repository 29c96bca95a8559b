"""The equations of the classifier: what the logits of a text depend on."""

import numpy as np
import pytest

from charrnn.config import ClassifierConfig
from charrnn.models import ngrams
from charrnn.models.classifier.classifier_equations import last_states, logits, mean_and_maximum
from charrnn.models.encoders.text_encoder_equations import Weights

SOURCE_SIZE, NUM_LABELS = 7, 4
SETTINGS = [{}, {"ngrams": 1, "skip": False}, {"encoder_layers": 2}, {"skip": False}]


def config_of(cell, **settings):
    sizes = {"hidden_size": 5, "embedding_size": 3, "ngrams": 3}
    return ClassifierConfig(cell, **{**sizes, **settings})


def keys_of(config):
    """The n-grams of some random text."""
    text = np.random.default_rng(5).integers(SOURCE_SIZE, size=100)
    return ngrams.learn(text, longest=config.ngrams, min_count=2)


def random_weights(config, *, seed=1):
    keys, random = keys_of(config), np.random.default_rng(seed)
    shapes = config.weight_shapes(SOURCE_SIZE, NUM_LABELS, ngrams.num_rows(keys))
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return arrays, Weights.from_arrays(config, arrays, keys)


def examples(lengths, *, seed=0):
    """Sources with rubbish in their padding."""
    random = np.random.default_rng(seed)
    return random.integers(0, SOURCE_SIZE, (max(lengths), len(lengths))), np.array(lengths)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_padding_changes_nothing(cell, settings):
    config = config_of(cell, **settings)
    _, weights = random_weights(config)
    ids_SB, lengths_B = examples([5, 1, 3])
    together = logits(config, weights, ids_SB, lengths_B)
    assert together.shape == (3, NUM_LABELS)
    for b, length in enumerate(lengths_B):
        alone = logits(config, weights, ids_SB[:length, b : b + 1], lengths_B[b : b + 1])
        np.testing.assert_allclose(together[b : b + 1], alone, atol=1e-5)


def test_pooling_leaves_the_padding_out():
    x_SBD = np.array([[[1.0], [2.0]], [[-3.0], [9.0]]])
    mean_BD, maximum_BD = mean_and_maximum(x_SBD, np.array([2, 1]))
    assert mean_BD.tolist() == [[-1.0], [2.0]]
    assert maximum_BD.tolist() == [[1.0], [2.0]]
    ways = {"forwards": x_SBD, "backwards": x_SBD}
    assert [last.ravel().tolist() for last in last_states(ways, np.array([2, 1]))] == [
        [-3.0, 2.0], [1.0, 2.0],
    ]  # fmt: skip
