from fractions import Fraction

import numpy as np
import pytest

from charrnn.analysis.ppm import PPM, Evidence


def learned(ids, *, vocab_size, **settings):
    ppm = PPM(vocab_size, **settings)
    for id in ids:
        ppm.learn(id)
    return ppm


def num_counted(ids, context, id, order):
    """How often the definition counts an id after a context: where no longer context can be had,
    each time; else once for each longer context in which it came.
    """
    k, num, longer = len(context), 0, set()
    for i in range(k, len(ids)):
        if ids[i] == id and ids[i - k : i] == context:
            if min(i, order) == k:
                num += 1
            else:
                longer.add(ids[i - k - 1])
    return num + len(longer)


def by_definition(ids, *, vocab_size, order):
    """PPM-D with exclusions, as its papers define it, counted anew from the whole text."""
    mass, left, prob = Fraction(1), set(range(vocab_size)), {}
    for k in range(min(order, len(ids)), -1, -1):
        counts = {id: num_counted(ids, ids[len(ids) - k :], id, order) for id in left}
        counts = {id: count for id, count in counts.items() if count}
        escapes = len(counts) if len(counts) < len(left) else 0
        total = sum(2 * count - 1 for count in counts.values()) + escapes
        for id, count in counts.items():
            prob[id] = mass * Fraction(2 * count - 1, total)
        mass *= Fraction(escapes, total) if counts else 1
        left -= counts.keys()
    return prob | {id: mass / len(left) for id in left}


@pytest.mark.parametrize(("vocab_size", "order"), [(1, 1), (2, 1), (3, 2), (4, 3), (6, 5)])
def test_probabilities_are_those_of_the_definition(vocab_size, order):
    ids = np.random.default_rng(order).integers(max(1, vocab_size - 1), size=60).tolist()
    ids += [vocab_size - 1, *ids[:10]]
    ppm = PPM(vocab_size, order=order)
    for t, id in enumerate(ids):
        expected = by_definition(ids[:t], vocab_size=vocab_size, order=order)
        assert sum(expected.values()) == 1
        prob_V = [float(expected[x]) for x in range(vocab_size)]
        np.testing.assert_allclose(ppm.distribution(), prob_V, rtol=1e-12)
        ppm.learn(id)


def test_an_example_by_hand():
    """After "abaca", of a, b, c and d: a was followed by b and c, once each, which leaves 2/4. The
    empty context has counted a three times, at the beginning, after b and after c: (2·3 - 1) / 6.
    """
    ppm = learned([0, 1, 0, 2, 0], vocab_size=4, order=1)
    assert ppm.evidence() == Evidence(order=1, num_distinct=2, total=2)
    np.testing.assert_allclose(ppm.distribution(), [5 / 12, 1 / 4, 1 / 4, 1 / 12])


@pytest.mark.parametrize("max_counts", [0, 50, 10**6])
def test_probabilities_sum_to_one(max_counts):
    ids = np.random.default_rng(0).integers(20, size=600) % 7 * 3
    ppm = PPM(22, max_counts=max_counts)
    for id in ids.tolist():
        prob_V = ppm.distribution()
        assert prob_V.min() > 0
        assert prob_V.sum() == pytest.approx(1, abs=1e-12)
        assert [ppm.probability(x) for x in range(22)] == prob_V.tolist()
        ppm.learn(id)


def test_what_follows_a_context_is_soon_expected():
    ppm = learned([1, 2, 3, 4, 5] * 20, vocab_size=9)
    assert ppm.probability(1) > 0.95
    assert ppm.evidence() == Evidence(order=5, num_distinct=1, total=19)
    assert PPM(9).evidence() == Evidence(order=-1, num_distinct=0, total=0)


def test_reading_moves_on_and_counts_nothing():
    ppm = learned([0, 1, 0, 1, 0, 2], vocab_size=3, order=2)
    ppm.read([0, 1, 0, 1, 0])
    again = learned([0, 1, 0, 1, 0, 2], vocab_size=3, order=2)
    again.read([1, 0])
    assert ppm.distribution().tolist() == again.distribution().tolist()
    assert ppm.evidence() == Evidence(order=2, num_distinct=2, total=2)


def test_memory_is_bounded_by_the_number_of_counts():
    full = learned([0, 0, 0, 1, 2, 3, 0, 0], vocab_size=5, order=1, max_counts=2)
    assert full.evidence() == Evidence(order=1, num_distinct=1, total=3)
    full.read([1])  # which was not counted, nor what came after it
    assert full.evidence().order == 0
    assert learned([1] * 9, vocab_size=4, max_counts=0).distribution().tolist() == [0.25] * 4
