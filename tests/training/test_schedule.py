"""The learning rate over a run; what the clock makes of it is in test_clock.py."""

import pytest

from charrnn.config import TrainConfig
from charrnn.training.schedule import learning_rate


def test_the_rate_warms_up_and_falls_to_zero():
    config = TrainConfig(steps=1000, learning_rate=0.5)
    rates = [learning_rate(step, config) for step in range(1000)]
    assert max(rates) == 0.5
    assert rates.index(0.5) == 19
    assert rates[0] == pytest.approx(0.5 / 20)
    assert rates[19:] == sorted(rates[19:], reverse=True)
    assert 0 < rates[-1] < 0.001


def test_a_run_that_is_given_more_steps_has_the_rate_of_a_run_of_that_length():
    rates = [learning_rate(500, TrainConfig(steps=steps)) for steps in (1000, 2000)]
    assert rates[0] < rates[1]
