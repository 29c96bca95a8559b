"""The n-grams that a network reads of sources."""

import itertools

import numpy as np
import pytest
from test_labels import CONSTANTS, checkpoint_of, labelled, state_of

from charrnn.models import ngrams
from charrnn.tasks.pairs import source_ngrams


def test_ngrams_are_learned_within_texts_and_their_boundaries():
    dataset = labelled()
    ids = {(0, *dataset.source.encode(dataset.texts(n)[0]).tolist(), 0) for n in range(12, 60)}
    (keys,) = source_ngrams.learn(dataset, longest=2, min_count=1).values()
    pairs = {(one, other) for text in ids for one, other in itertools.pairwise(text)}
    assert {(int(key) & (1 << 21) - 1, int(key) >> 21) for key in keys[:-1]} == pairs


def test_of_very_many_texts_some_are_read_for_ngrams(monkeypatch):
    monkeypatch.setattr(ngrams, "MAX_CHARS", 100)
    (some,) = source_ngrams.learn(labelled(), longest=2, min_count=1).values()
    monkeypatch.undo()
    (every,) = source_ngrams.learn(labelled(), longest=2, min_count=1).values()
    assert set(some) < set(every)


def test_a_checkpoint_has_the_keys_that_were_learned():
    arrays = checkpoint_of(state_of()).arrays
    for name, keys in CONSTANTS.items():
        np.testing.assert_array_equal(arrays[name], keys)
    assert source_ngrams.num_rows({**CONSTANTS, "others": np.zeros(9)}) == sum(
        map(len, CONSTANTS.values())
    )


@pytest.mark.parametrize("longest", [1, 3])
def test_there_are_keys_for_each_length_from_two(longest):
    learned = source_ngrams.learn(labelled(), longest=longest, min_count=2)
    assert list(learned) == ["ngrams.2", "ngrams.3"][: longest - 1]
