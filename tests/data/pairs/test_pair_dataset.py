"""Pairs, split: sizes, beginnings and batches."""

import numpy as np

from charrnn.config import TrainConfig
from charrnn.data.pairs.buckets import Texts
from charrnn.data.pairs.pair_dataset import PairDataset


def some_pairs(num_pairs=10):
    texts = Texts(np.arange(1, num_pairs + 1).astype(np.uint8), np.arange(num_pairs + 1))
    numbers = {"train": np.arange(6), "val": np.array([8, 6, 7]), "test": np.array([9])}
    return PairDataset(texts, texts, numbers)


def test_a_beginning_cuts_one_split():
    dataset = some_pairs()
    assert [dataset.size(split) for split in dataset.numbers] == [6, 3, 1]
    beginning = dataset.beginning("val", 2)
    assert [beginning.size(split) for split in dataset.numbers] == [6, 2, 1]
    assert beginning.numbers["val"].tolist() == [8, 6]
    assert dataset.beginning("val", 100).size("val") == 3


def test_batches_are_of_the_training_split():
    batches = some_pairs().batches(TrainConfig(batch_size=3, seed=5))
    assert batches.steps_per_epoch == 2
    read = np.concatenate([batches.batch(step).sources[0] for step in range(2)])
    assert sorted(read.tolist()) == [1, 2, 3, 4, 5, 6]
    shares = [
        some_pairs().batches(TrainConfig(batch_size=4), share) for share in (slice(2), slice(2, 4))
    ]
    assert [share.batch(0).sources.shape[1] for share in shares] == [2, 2]
