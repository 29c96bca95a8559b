"""The equations of the tagger: what the decision on a symbol depends on."""

import numpy as np
import pytest

from charrnn.config import TaggerConfig
from charrnn.models import ngrams
from charrnn.models.encoders.text_encoder_equations import Weights
from charrnn.models.tagger.tagger_equations import logits

SOURCE_SIZE, NUM_SYMBOLS = 7, 4
SETTINGS = [
    {}, {"ngrams": 1, "skip": False}, {"encoder_layers": 2, "hidden_size": 4},
    {"is_causal": True}, {"is_causal": True, "ngrams": 1, "encoder_layers": 2, "skip": False},
]  # fmt: skip


def config_of(cell, **settings):
    sizes = {"hidden_size": 5, "embedding_size": 3, "ngrams": 3}
    return TaggerConfig(cell, **{**sizes, **settings})


def keys_of(config):
    """The n-grams of some random text."""
    text = np.random.default_rng(5).integers(SOURCE_SIZE, size=100)
    return ngrams.learn(text, longest=config.ngrams, min_count=2)


def random_weights(config, *, seed=1):
    keys, random = keys_of(config), np.random.default_rng(seed)
    shapes = config.weight_shapes(SOURCE_SIZE, NUM_SYMBOLS, ngrams.num_rows(keys))
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return arrays, Weights.from_arrays(config, arrays, keys)


def examples(lengths, *, seed=0):
    """Sources with rubbish in their padding."""
    random = np.random.default_rng(seed)
    return random.integers(0, SOURCE_SIZE, (max(lengths), len(lengths))), np.array(lengths)


def changed(ids_SB, place):
    """The same sources with another symbol at a place."""
    other = ids_SB.copy()
    other[place] = (other[place] + 1) % SOURCE_SIZE
    return other


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_padding_changes_nothing(cell, settings):
    config = config_of(cell, **settings)
    _, weights = random_weights(config)
    ids_SB, lengths_B = examples([5, 1, 3])
    together = logits(config, weights, ids_SB, lengths_B)
    assert together.shape == (5, 3, NUM_SYMBOLS)
    for b, length in enumerate(lengths_B):
        alone = logits(config, weights, ids_SB[:length, b : b + 1], lengths_B[b : b + 1])
        np.testing.assert_allclose(together[:length, b : b + 1], alone, atol=1e-5)


@pytest.mark.parametrize("settings", [each for each in SETTINGS if "is_causal" in each], ids=str)
def test_of_a_causal_tagger_no_decision_depends_on_what_comes_later(cell, settings):
    config = config_of(cell, **settings)
    _, weights = random_weights(config)
    ids_SB, lengths_B = examples([6, 6])
    before = logits(config, weights, ids_SB, lengths_B)
    for place in range(1, 6):
        after = logits(config, weights, changed(ids_SB, place), lengths_B)
        np.testing.assert_array_equal(after[:place], before[:place])
        assert not np.allclose(after[place], before[place])


@pytest.mark.parametrize("settings", [{}, {"ngrams": 1}], ids=str)
def test_else_every_decision_depends_on_every_symbol(cell, settings):
    config = config_of(cell, **settings)
    _, weights = random_weights(config)
    ids_SB, lengths_B = examples([4])
    before = logits(config, weights, ids_SB, lengths_B)
    for place in range(4):
        after = logits(config, weights, changed(ids_SB, place), lengths_B)
        assert all(not np.array_equal(*both) for both in zip(after, before, strict=True))
