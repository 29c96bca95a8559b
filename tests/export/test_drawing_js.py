"""The page draws what charrnn draws: random numbers, weights of a temperature, choices."""

import numpy as np
from in_node import in_node

from charrnn.config import SampleConfig
from charrnn.generation.sampler import choose, probabilities, random_numbers

SEEDS = [0, 1, 42, 2**32 - 1, 2**32, 123456789012345678, 2**63 - 1]


def test_random_numbers_are_those_of_numpy_to_the_bit():
    keys = [(0,), (7,), (2**40,), (3, 0)]
    asked = [[str(seed), list(key)] for seed in SEEDS for key in keys]
    drawn = in_node(
        "return data.map(([seed, key]) => { const next = randomNumbers(seed, key);"
        " return Array.from({length: 20}, next); });",
        asked,
    )
    for (seed, key), numbers in zip(asked, drawn, strict=True):
        sequence = np.random.SeedSequence(int(seed), spawn_key=key)
        assert numbers == np.random.default_rng(sequence).random(20).tolist()
    assert drawn[0] == random_numbers(0, 0).random(20).tolist()


def test_symbols_are_chosen_as_charrnn_chooses_them_at_any_temperature():
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (40, 12)).astype(np.float32)
    logits[:, 3] = logits[:, 7]  # equals
    logits[5, :2] = -1e30  # never drawn
    temperatures, uniform = [0, 1e-9, 0.3, 1, 7.5], random.random(40)
    uniform[5] = 0
    asked = {"logits": logits.tolist(), "uniform": uniform.tolist()}
    found = in_node(
        "return data.temperatures.map((temperature) => data.logits.map((logits, k) => {"
        " const weights = weightsAt(logits, temperature);"
        " return [pick(weights, data.uniform[k]), drawn(weights, 0)]; }));",
        asked | {"temperatures": temperatures},
    )
    for temperature, answers in zip(temperatures, found, strict=True):
        config = SampleConfig(temperature=temperature)
        for logits_V, number, (chosen, draw) in zip(logits, uniform, answers, strict=True):
            assert chosen == choose(logits_V, number, config)
            expected = probabilities(logits_V, config)
            shown = dict(draw["top"])
            assert 0 in shown and len(shown) <= 8
            assert set(np.argsort(-expected, kind="stable")[: len(shown) - 1]) <= shown.keys()
            for i, probability in shown.items():
                assert abs(probability - expected[i]) < 1e-12
