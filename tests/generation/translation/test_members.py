"""Ensembles: the mean of the members' probabilities."""

import numpy as np
from test_translator import LETTERS, member

from charrnn.generation.translation.members import start

SOURCE_S1 = LETTERS.encode("abc")[:, None]


def stepped(members, **settings):
    decoder = start(members, SOURCE_S1, np.array([3]), **settings)
    decoder.step(np.array([0]))
    return decoder.step(np.array([1]))


def test_probabilities_and_alignments_are_averaged():
    one, other = member(seed=1), member(seed=2, cell="gru", hidden_size=9)
    mean, alignment = stepped([one, other])
    (first, alignment_1), (second, alignment_2) = stepped([one]), stepped([other])
    np.testing.assert_allclose(np.exp(mean), (np.exp(first) + np.exp(second)) / 2, rtol=1e-5)
    np.testing.assert_allclose(np.exp(mean).sum(0), 1, rtol=1e-5)
    np.testing.assert_allclose(alignment, (alignment_1 + alignment_2) / 2, rtol=1e-5)


def test_the_alignment_is_that_of_the_members_with_attention():
    attending, plain = member(seed=1), member(seed=2, attention="none")
    np.testing.assert_array_equal(stepped([attending, plain])[1], stepped([attending])[1])
    assert stepped([plain])[1] is None
