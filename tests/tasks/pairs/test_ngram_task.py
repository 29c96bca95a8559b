"""What tasks share that read texts with their n-grams."""

import numpy as np
import pytest
from small_tasks import LABELS

from charrnn.tasks.in_step.tagging import TAG
from charrnn.tasks.labels.labels import CLASSIFY


def num_keys(task, settings):
    return sum(map(len, task.constants(LABELS.examples(), settings).values()))


@pytest.mark.parametrize(("task", "min_count"), [(CLASSIFY, 2), (TAG, 6)])
def test_rare_ngrams_have_no_embedding_by_the_count_of_the_task_or_the_given_one(task, min_count):
    default = num_keys(task, {"ngrams": 3})
    assert default == num_keys(task, {"ngrams": 3, "ngram_min_count": min_count})
    assert default < num_keys(task, {"ngrams": 3, "ngram_min_count": 1})


@pytest.mark.parametrize("task", [CLASSIFY, TAG])
def test_the_network_looks_up_the_ngrams_of_the_run_and_checkpoints_keep_them(task):
    dataset = LABELS.examples()
    constants = task.constants(dataset, {"ngrams": 3, "ngram_min_count": 1})
    vocabs = {"source": dataset.source.vocab, "target": dataset.target.vocab}
    module = task.build(task.model(ngrams=3), vocabs, constants, seed=1)
    arrays = task.arrays(module)
    assert arrays.keys() > constants.keys()
    for name, keys in constants.items():
        np.testing.assert_array_equal(arrays[name], keys)
