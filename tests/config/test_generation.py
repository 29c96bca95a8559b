import pytest

from charrnn.config import SampleConfig, TranslateConfig
from charrnn.errors import SettingError


def test_a_temperature_ramp_goes_in_equal_steps_from_the_first_character_to_the_last():
    config = SampleConfig(temperature=0.5, final_temperature=1.1, length=4)
    assert [config.temperature_at(k) for k in range(4)] == pytest.approx([0.5, 0.7, 0.9, 1.1])
    assert SampleConfig(temperature=0.5).temperature_at(99) == 0.5
    with pytest.raises(SettingError, match="length 1 is too short for a temperature ramp"):
        SampleConfig(final_temperature=1.0, length=1)


def test_a_beam_holds_as_many_translations_as_are_asked_for_and_draws_none():
    assert TranslateConfig(beam=3, num=5).beam_size == 5
    with pytest.raises(SettingError, match="beam and temperature were both given"):
        TranslateConfig(beam=2, temperature=0.5)
