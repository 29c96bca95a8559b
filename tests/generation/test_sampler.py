import math

import numpy as np
import pytest
from conftest import random_weights
from hypothesis import given
from hypothesis import strategies as st

from charrnn.config import ModelConfig, SampleConfig
from charrnn.generation.sampler import (
    choose,
    generate,
    log_probabilities,
    probabilities,
    random_numbers,
    until_stop,
)
from charrnn.models.step_numpy import NumpyBackend

LOGITS = np.log([0.5, 0.25, 0.125, 0.125])


def test_without_filters_it_is_the_softmax():
    np.testing.assert_allclose(probabilities(LOGITS, SampleConfig(temperature=1.0)), np.exp(LOGITS))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"temperature": 0.5}, [16, 4, 1, 1]),
        ({"temperature": 0.0}, [1, 0, 0, 0]),
        ({"temperature": 1e-9}, [1, 0, 0, 0]),
        ({"top_k": 1}, [1, 0, 0, 0]),
        ({"top_k": 3}, [4, 2, 1, 0]),
        ({"top_k": 99}, [4, 2, 1, 1]),
        ({"top_p": 0.5}, [1, 0, 0, 0]),
        ({"top_p": 0.51}, [2, 1, 0, 0]),
        ({"top_p": 0.0}, [1, 0, 0, 0]),
        ({"top_p": 1.0}, [4, 2, 1, 1]),
        ({"min_p": 0.5}, [2, 1, 0, 0]),
        ({"min_p": 1.0}, [1, 0, 0, 0]),
        ({"top_k": 2, "top_p": 0.7}, [2, 1, 0, 0]),  # of the two kept the first alone has 2/3
        ({"top_k": 2, "temperature": 0.5}, [4, 1, 0, 0]),
        ({"min_p": 0.4, "temperature": 2.0}, [math.sqrt(2), 1, 0, 0]),  # filters come first
    ],
)
def test_each_control_gives_the_exact_distribution(settings, expected):
    config = SampleConfig(**{"temperature": 1.0, **settings})
    np.testing.assert_allclose(
        probabilities(LOGITS, config), np.divide(expected, sum(expected)), atol=1e-12
    )


def test_a_filter_keeps_the_likeliest_of_those_that_seem_equal():
    config = SampleConfig(temperature=1e-168, top_p=0.0)
    assert choose(np.array([0.0, 2e-164]), 0.5, config) == 1


def test_choose_inverts_the_cumulative_distribution():
    config = SampleConfig(temperature=1.0)
    draws = [0.0, 0.4999, 0.5001, 0.7499, 0.7501, 0.8749, 0.8751, 1 - 2**-53]
    assert [choose(LOGITS, u, config) for u in draws] == [0, 0, 1, 1, 2, 2, 3, 3]


@given(
    st.lists(st.floats(-50, 50) | st.just(-math.inf), min_size=2, max_size=20),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 5),
    st.integers(0, 5),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_choose_never_picks_what_has_no_probability(
    logits, uniform, temperature, top_k, top_p, min_p
):
    logits[0] = 0.0
    config = SampleConfig(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    chosen = choose(np.array(logits), uniform, config)
    assert probabilities(np.array(logits), config)[chosen] > 0
    assert logits[chosen] > -math.inf


def drawn(cell="gru", unknown_id=None, **settings):
    config = ModelConfig(cell=cell, hidden_size=8, embedding_size=4)
    _, weights = random_weights(config, 6)
    stepper = NumpyBackend(config, weights).stepper()
    sample = SampleConfig(**{"length": 400, "temperature": 1.0, **settings})
    return list(
        generate(stepper, stepper.read(np.array([0])), sample=sample, unknown_id=unknown_id)
    )


def test_the_seed_decides_the_text(cell):
    assert drawn(cell, seed=1) == drawn(cell, seed=1)
    assert drawn(cell, seed=1) != drawn(cell, seed=2)
    assert len(drawn(cell)) == 400


def test_a_text_does_not_depend_on_the_length_asked_for():
    assert drawn(length=50) == drawn(length=400)[:50]


def test_the_unknown_symbol_is_never_generated():
    assert 3 in drawn(temperature=5.0)
    assert 3 not in drawn(temperature=5.0, unknown_id=3)


def test_streams_draw_independently():
    draws = [random_numbers(1, stream).random(4).tolist() for stream in range(3)]
    assert draws[0] != draws[1] != draws[2]


CONTROLS = [
    {},
    {"temperature": 0.0},
    {"temperature": 0.3, "top_k": 3},
    {"top_p": 0.6},
    {"top_k": 4, "top_p": 0.7, "min_p": 0.1, "temperature": 1.7},
    {"temperature": 0.0, "final_temperature": 1.5, "length": 9},
]


@pytest.mark.parametrize("settings", CONTROLS)
def test_many_streams_equal_as_many_single_ones(settings):
    config = SampleConfig(**{"temperature": 1.0, **settings})
    random = np.random.default_rng(1)
    logits_VB = random.normal(0, 2, (9, 50)).round(1)  # rounded: some are equal
    uniform_B, position_B = random.random(50), random.integers(0, 9, 50)
    together = probabilities(logits_VB, config, position_B)
    alone = [probabilities(logits_VB[:, b], config, position_B[b]) for b in range(50)]
    np.testing.assert_allclose(together.T, alone, atol=1e-12)
    chosen = choose(logits_VB, uniform_B, config, position_B)
    assert chosen.tolist() == [
        int(choose(logits_VB[:, b], uniform_B[b], config, position_B[b])) for b in range(50)
    ]


def test_a_ramp_of_temperatures_ends_where_it_says():
    config = SampleConfig(temperature=0.5, final_temperature=1.1, length=7)
    assert [config.temperature_at(k) for k in range(7)] == pytest.approx(
        [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1]
    )
    for position, temperature in ((0, 0.5), (3, 0.8), (6, 1.1)):
        np.testing.assert_allclose(
            probabilities(LOGITS, config, position),
            probabilities(LOGITS, SampleConfig(temperature=temperature)),
            atol=1e-12,
        )


def test_log_probabilities_are_the_models_own():
    np.testing.assert_allclose(log_probabilities(LOGITS + 3), LOGITS, atol=1e-12)


@pytest.mark.parametrize("settings", CONTROLS)
def test_drawn_characters_follow_every_control(settings):
    """A chi-squared test over 8,000 draws: odds of a false alarm 1e-6 each (56.5 at 15 degrees)."""
    config = SampleConfig(**{"temperature": 1.0, **settings})
    logits_V = np.random.default_rng(3).normal(0, 1.5, 16)
    uniform_B = random_numbers(11, 0).random(8000)
    drawn = choose(np.repeat(logits_V[:, None], 8000, 1), uniform_B, config, np.full(8000, 4))
    expected = 8000 * probabilities(logits_V, config, 4)
    observed = np.bincount(drawn, minlength=16)
    possible = expected > 0
    assert observed[~possible].sum() == 0
    assert ((observed - expected)[possible] ** 2 / expected[possible]).sum() < 56.5


def test_drawn_characters_follow_the_distribution():
    """A chi-squared test over 8,000 draws: odds of a false alarm 1e-6 (30.7 at 3 degrees)."""
    config = SampleConfig(temperature=1.0)
    random = random_numbers(7, 0)
    drawn = np.bincount([choose(LOGITS, random.random(), config) for _ in range(8000)], minlength=4)
    expected = 8000 * np.exp(LOGITS)
    assert ((drawn - expected) ** 2 / expected).sum() < 30.7


@given(st.text("ab\n", max_size=30), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3))
def test_text_ends_before_the_first_stop(text, stops):
    ends = [text.find(stop) + len(stop) for stop in stops if stop in text]
    passed = "".join(until_stop(iter(text), stops))
    if not ends:
        assert passed == text
    else:
        complete = text[: min(ends)]
        longest = max((stop for stop in stops if complete.endswith(stop)), key=len)
        assert passed == complete.removesuffix(longest)


@given(
    st.text("ab\n", max_size=30),
    st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=2),
    st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_text_ends_after_the_first_text_that_it_goes_on_until(text, stops, untils):
    passed = "".join(until_stop(iter(text), stops, untils))
    stopped = "".join(until_stop(iter(text), stops))
    ends = [text.find(until) + len(until) for until in untils if until in text]
    before = [text.find(stop) + len(stop) for stop in stops if stop in text]
    if ends and min(ends) < min(before, default=99):
        assert passed == text[: min(ends)]
    else:
        assert passed == stopped


def test_only_what_may_become_a_stop_is_held_back():
    read_so_far = []

    def characters():
        for character in "abcx":
            read_so_far.append(character)
            yield character

    passed = until_stop(characters(), ["cd"])
    assert [next(passed), next(passed)] == ["a", "b"]
    assert read_so_far == ["a", "b"]
    assert next(passed) == "c"
    assert read_so_far == ["a", "b", "c", "x"]
