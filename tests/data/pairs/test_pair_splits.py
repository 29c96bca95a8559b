"""Splits of pairs: every pair is in one, no source in two, and the seed decides."""

import numpy as np
import pytest

from charrnn.config import PairsConfig
from charrnn.data.pairs import pair_splits
from charrnn.data.pairs.pair_splits import PairSplits

NONE = np.zeros(0, np.int64)


def split(hashes, *, left_out=NONE, num_val=0, seed=1, **settings):
    hashes = np.asarray(hashes, np.uint64)
    return PairSplits(hashes, np.asarray(left_out), num_val, PairsConfig(**settings), seed)


def parts(splits):
    train = np.concatenate([*splits.train()])
    assert len(train) == splits.num_train
    return train, splits.val, splits.test


def distinct(num_pairs):
    return np.random.default_rng(0).integers(0, 2**64, num_pairs, np.uint64)


@pytest.fixture(params=[1 << 20, 13], autouse=True)
def _chunks_of_any_size(request, monkeypatch):
    monkeypatch.setattr(pair_splits, "CHUNK_PAIRS", request.param)


@pytest.mark.parametrize(
    ("num_pairs", "settings", "sizes"),
    [
        (100, {"test_fraction": 0.05}, (85, 10, 5)),
        (100, {"test_fraction": 0.05, "max_val_pairs": 3}, (92, 3, 5)),
        (100, {"max_val_pairs": 0}, (90, 10, 0)),
        (100, {"val_fraction": 0.0}, (100, 0, 0)),
        (9, {}, (8, 1, 0)),
        (3, {"test_fraction": 0.1}, (1, 1, 1)),
        (2, {"test_fraction": 0.1}, (1, 1, 0)),
        (1, {"test_fraction": 0.1}, (1, 0, 0)),
    ],
)
def test_every_pair_is_in_one_split_of_the_size_asked_for(num_pairs, settings, sizes):
    made = parts(split(distinct(num_pairs), **settings))
    assert tuple(map(len, made)) == sizes
    assert sorted(np.concatenate(made).tolist()) == list(range(num_pairs))


def test_no_source_is_in_two_splits():
    hashes = np.repeat(distinct(50), np.arange(50) % 4 + 1)
    made = parts(split(hashes, val_fraction=0.3, test_fraction=0.2))
    sources = [set(hashes[numbers].tolist()) for numbers in made]
    assert all(sources)
    assert sum(map(len, sources)) == len(set().union(*sources)) == 50
    assert sum(map(len, made)) == len(hashes)


def test_pairs_that_all_have_the_same_source_are_for_training():
    train, val, test = parts(split([5] * 20, test_fraction=0.1))
    assert (len(train), len(val), len(test)) == (20, 0, 0)


def test_the_seed_decides_and_the_order_is_random():
    hashes = distinct(1000)
    first, again, other = (parts(split(hashes, seed=seed))[1] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    # of 100 numbers out of 1000, two random sets have 10 in common: more than 30 once in 10^8
    assert len(set(first.tolist()) & set(other.tolist())) < 30
    assert first.tolist() != sorted(first.tolist())


def test_a_pair_keeps_its_split_whatever_file_order_it_comes_in():
    hashes = distinct(200)
    order = np.random.default_rng(1).permutation(200)
    val, other = split(hashes).val, split(hashes[order]).val
    assert hashes[val].tolist() == hashes[order][other].tolist()


def test_validation_files_are_the_split_and_training_leaves_their_sources_out():
    hashes = distinct(40)
    hashes[[3, 4]] = hashes[35]
    splits = split(hashes, num_val=10, left_out=[0, 38], test_fraction=0.1)
    train, val, test = parts(splits)
    assert sorted(val.tolist()) == [30, 31, 32, 33, 34, 35, 36, 37, 39]
    assert splits.num_shared == 2
    assert len(test) == 2
    assert sorted([*train, *test]) == sorted({*range(30)} - {0, 3, 4})
    short = split(hashes, num_val=10, max_val_pairs=4).val
    assert len(short) == 4
    assert set(short.tolist()) < set(range(30, 40))


def test_nothing_is_left_where_every_source_is_in_the_validation_files():
    splits = split([*distinct(5), *distinct(5)], num_val=5)
    assert [len(part) for part in parts(splits)] == [0, 5, 0]
    assert splits.num_shared == 5
