"""Keywords of a call become fields of its settings."""

import pytest

from charrnn.errors import SettingError
from charrnn.generation.keywords import fields_of
from charrnn.generation.model import SampleSettings


def test_temp_is_short_for_temperature():
    assert fields_of({"temp": 0.5, "seed": 3}, SampleSettings) == {"temperature": 0.5, "seed": 3}


def test_a_call_without_a_seed_gets_one_at_random():
    seeds = {fields_of(given, SampleSettings)["seed"] for given in ({}, {"seed": None}, {})}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_unknown_and_double_keywords_are_refused():
    with pytest.raises(SettingError, match="there is no setting 'temprature'; did you mean temp"):
        fields_of({"temprature": 1}, SampleSettings)
    with pytest.raises(SettingError, match="temp and temperature are the same setting"):
        fields_of({"temp": 1, "temperature": 1}, SampleSettings)
