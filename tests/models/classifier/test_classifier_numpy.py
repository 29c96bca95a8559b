"""The fast classifier in numpy: equal to the equations, one text or many."""

import numpy as np
import pytest
from test_classifier_equations import SETTINGS, config_of, examples, random_weights

from charrnn.models.classifier.classifier_equations import logits
from charrnn.models.classifier.classifier_numpy import NumpyClassifier


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("lengths", [[4, 1, 3], [2, 2], [5], [1]], ids=str)
def test_it_is_the_textbook(cell, settings, lengths):
    config = config_of(cell, **settings)
    _, weights = random_weights(config)
    batch = examples(lengths)
    made = NumpyClassifier(config, weights).logits(*batch)
    expected = logits(config, weights, *batch)
    np.testing.assert_allclose(made.T, expected, atol=1e-4, rtol=1e-5)
