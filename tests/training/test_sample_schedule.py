"""When a run is sampled: a function of the step and the configuration."""

import pytest

from charrnn.config import TrainConfig
from charrnn.training.callbacks import sample_schedule

NEVER = 10**9


def due(last, *, every=None, **settings):
    config = TrainConfig(**{"steps": NEVER, "eval_every": NEVER, **settings})
    return [step for step in range(last + 1) if sample_schedule.is_due(step, config, every)]


def test_the_first_steps_are_sampled_and_later_ones_more_and_more_rarely():
    assert due(20_000) == [0, 10, 50, 150, 500, 1500, 5000, 15_000]


def test_each_validation_and_the_end_are_sampled():
    assert due(90, steps=77, eval_every=20) == [0, 10, 20, 40, 50, 60, 77, 80]


@pytest.mark.parametrize(("every", "steps"), [(0, []), (25, [0, 25, 50]), (60, [0, 60])])
def test_a_given_interval_replaces_the_default_schedule(every, steps):
    assert due(60, every=every, steps=60, eval_every=10) == steps


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_after_thirty_validations_there_is_much_learning_between_two_samples(device):
    sizes = {"batch_size": 32, "seq_length": 48}
    config, on_gpu = TrainConfig(steps=NEVER, eval_every=100, **sizes), device != "cpu"
    steps = range(2900, 300_000, 100)
    sampled = [step for step in steps if sample_schedule.is_due(step, config, on_gpu=on_gpu)]
    assert sampled[:2] == [2900, 3000]
    between = 200 if device == "cpu" else 32_600
    assert [step for step in sampled[2:] if step % between] == [5000, 15_000, 50_000, 150_000][
        (device == "cpu") * 4 :
    ]
