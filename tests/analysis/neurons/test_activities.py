import dataclasses

import numpy as np
import pytest
from planted import TEXT, model_of, reference

from charrnn.analysis.neurons.activities import activities, activity, mean_activities
from charrnn.analysis.neurons.units import unit_of, units
from charrnn.errors import UsageError


@pytest.mark.parametrize("settings", [{}, {"ngrams": 1, "skip": False, "num_layers": 1}])
def test_activities_match_the_reference(cell, settings):
    model = model_of(cell, **settings)
    chunks_TU = np.concatenate(list(activities(model, TEXT[:1040])))
    np.testing.assert_allclose(chunks_TU, reference(model, TEXT[:1040]), atol=2e-5)
    assert chunks_TU.shape[1] == len(units(model.config))
    last = units(model.config)[-1]
    assert unit_of(str(last), model.config) == last
    np.testing.assert_array_equal(activity(model, TEXT[:1040], last), chunks_TU[:, -1])


def test_each_record_is_read_from_a_zero_state(cell):
    model = model_of(cell, records="lines")
    unit = units(model.config)[-1]
    both, second = activity(model, "aoe\nuio", unit), activity(model, "uio", unit)
    np.testing.assert_allclose(both[4:], second, atol=1e-6)
    assert abs(both[0] - activity(model, "u", unit)[0]) > 1e-4


@pytest.mark.parametrize("settings", [{}, {"ngrams": 1, "skip": False, "num_layers": 1}])
def test_means_of_texts_side_by_side_match_the_reference(cell, settings):
    model = model_of(cell, **settings)
    texts = [TEXT[k : k + length] for k, length in enumerate((40, 1, 7, 40, 90, 7, 2))]
    means = list(mean_activities(model, iter(texts)))
    assert len(means) == len(texts)
    for text, mean_U in zip(texts, means, strict=True):
        np.testing.assert_allclose(mean_U, reference(model, text).mean(0), atol=1e-5)


def test_several_runs_together_have_no_units():
    model = model_of("gru")
    ensemble = dataclasses.replace(model, others=(model,))
    for read in (activities, mean_activities):
        with pytest.raises(UsageError, match="name one run"):
            next(read(ensemble, ["a"] if read is mean_activities else "a"))
