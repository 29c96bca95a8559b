"""The n-grams that a network reads of sources."""

import itertools

import numpy as np
import pytest
from small_tasks import LABELS

from charrnn.models import ngrams
from charrnn.tasks.pairs import source_ngrams


def test_ngrams_are_learned_within_texts_and_their_boundaries():
    dataset = LABELS.examples()
    ids = {(0, *dataset.source.encode(dataset.texts(n)[0]).tolist(), 0) for n in range(12, 60)}
    (keys,) = source_ngrams.learn(dataset, longest=2, min_count=1).values()
    pairs = {(one, other) for text in ids for one, other in itertools.pairwise(text)}
    assert {(int(key) & (1 << 21) - 1, int(key) >> 21) for key in keys[:-1]} == pairs


def test_of_very_many_texts_some_are_read_for_ngrams(monkeypatch):
    monkeypatch.setattr(ngrams, "MAX_CHARS", 100)
    (some,) = source_ngrams.learn(LABELS.examples(), longest=2, min_count=1).values()
    monkeypatch.undo()
    (every,) = source_ngrams.learn(LABELS.examples(), longest=2, min_count=1).values()
    assert set(some) < set(every)


def test_a_checkpoint_has_the_keys_that_were_learned():
    arrays = LABELS.checkpoint_of(LABELS.state_of()).arrays
    constants = LABELS.constants(LABELS.model(**LABELS.sizes))
    for name, keys in constants.items():
        np.testing.assert_array_equal(arrays[name], keys)
    assert ngrams.num_rows_in({**constants, "others": np.zeros(9)}) == sum(
        map(len, constants.values())
    )


@pytest.mark.parametrize("longest", [1, 3])
def test_there_are_keys_for_each_length_from_two(longest):
    learned = source_ngrams.learn(LABELS.examples(), longest=longest, min_count=2)
    assert list(learned) == ["ngrams.2", "ngrams.3"][: longest - 1]
