"""The fast tagger in numpy: equal to the equations, one text or many, whole or as it comes."""

import numpy as np
import pytest
from test_tagger_equations import SETTINGS, config_of, examples, random_weights

from charrnn.models.encoders import encoder_numpy
from charrnn.models.tagger.tagger_equations import logits
from charrnn.models.tagger.tagger_numpy import NumpyTagger


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("lengths", [[4, 1, 3], [2, 2], [5], [1]], ids=str)
def test_it_is_the_textbook(cell, settings, lengths):
    config = config_of(cell, **settings)
    _, weights = random_weights(config)
    ids_SB, lengths_B = examples(lengths)
    made = NumpyTagger(config, weights).logits(ids_SB, lengths_B)
    expected = logits(config, weights, ids_SB, lengths_B)
    for b, length in enumerate(lengths):  # the padding means nothing
        np.testing.assert_allclose(made[:length, :, b], expected[:length, b], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("settings", [each for each in SETTINGS if "is_causal" in each], ids=str)
@pytest.mark.parametrize("size", [1, 3, 20])
def test_a_source_read_as_it_comes_has_the_decisions_of_the_whole(
    cell, settings, size, monkeypatch
):
    monkeypatch.setattr(encoder_numpy, "COLUMNS_AT_ONCE", 4)
    config = config_of(cell, **settings)
    _, weights = random_weights(config)
    network = NumpyTagger(config, weights)
    ids_SB, lengths_B = examples([20])
    whole, stream = network.logits(ids_SB, lengths_B)[:, :, 0], network.stream()
    parts = [stream.logits(ids_SB[s : s + size, 0]) for s in range(0, 20, size)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
