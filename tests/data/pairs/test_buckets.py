"""Batches of pairs: each epoch reads each pair once, in an order that the step's number decides."""

import numpy as np
import pytest
from hypothesis import given, strategies

from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs import buckets
from charrnn.data.pairs.buckets import PairBatches, Permutation, Texts


def texts(lengths):
    """Texts of which each consists of its own number, counted from 1."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Texts(np.repeat(np.arange(1, len(lengths) + 1), lengths).astype(np.uint16), starts)


def some_batches(num_pairs=23, batch_size=4, **settings):
    random = np.random.default_rng(1)
    sources, targets = (texts(random.integers(1, 9, num_pairs)) for _ in "st")
    settings = {"seed": 1, **settings}
    return PairBatches(sources, targets, np.arange(num_pairs), batch_size, **settings)


def pairs_in(batch):
    """The pairs of a batch that are scored, by their numbers from 1."""
    is_scored_B = (batch.targets_TB != NOT_SCORED).any(0)
    return batch.sources[0, is_scored_B].tolist()


@given(strategies.integers(1, 3000), strategies.integers(0, 2**63))
def test_a_permutation_has_every_number_once(size, seed):
    assert sorted(Permutation(size, (seed,))(np.arange(size))) == list(range(size))


def test_permutations_differ_by_seed_and_separate_neighbours():
    orders = [Permutation(1000, (seed,))(np.arange(1000)) for seed in range(30)]
    assert len({tuple(order) for order in orders}) == 30
    # the first number of 30 random orders: a mean of 500 with a deviation of 53; and as many
    # neighbours stay side by side as in random orders, 2 in the mean
    assert 250 < np.mean([order[0] for order in orders]) < 750
    assert np.mean([(np.abs(np.diff(order)) == 1).sum() for order in orders]) < 5


@pytest.mark.parametrize("num_pairs", [1, 4, 23, 450])
def test_an_epoch_reads_each_pair_once(num_pairs):
    batches = some_batches(num_pairs)
    for epoch in range(2):
        steps = range(epoch * batches.steps_per_epoch, (epoch + 1) * batches.steps_per_epoch)
        read = [pair for step in steps for pair in pairs_in(batches.batch(step))]
        assert sorted(read) == list(range(1, num_pairs + 1))


def test_a_step_has_the_same_batch_whatever_was_read_before():
    batches = some_batches(450)  # of three pools an epoch
    for step in np.random.default_rng(0).integers(0, 5000, 200).tolist():
        for one, other in zip(batches.batch(step), some_batches(450).batch(step), strict=True):
            np.testing.assert_array_equal(one, other)


def test_epochs_differ_in_order_and_a_step_always_has_the_same_batch():
    batches = some_batches()
    first, second = ([pairs_in(batches.batch(e * 6 + k)) for k in range(6)] for e in range(2))
    assert first != second
    assert first == [pairs_in(some_batches().batch(k)) for k in range(6)]
    assert first != [pairs_in(some_batches(seed=2).batch(k)) for k in range(6)]


def test_a_batch_holds_pairs_of_like_length():
    batches = some_batches(2000, 8)
    widths = [batches.batch(step).targets_TB != NOT_SCORED for step in range(250)]
    assert sum(width.sum() for width in widths) > 0.9 * sum(width.size for width in widths)


def test_a_target_stands_between_boundaries():
    batch = some_batches(1, 1).batch(0)
    length = (batch.targets_TB != NOT_SCORED).sum() - 1
    assert batch.inputs_TB[:, 0].tolist() == [0] + [1] * length
    assert batch.targets_TB[:, 0].tolist() == [1] * length + [0]
    assert (batch.num_symbols, batch.num_pairs) == (length, 1)


def test_two_processes_share_a_batch():
    whole = some_batches(6, 4)
    halves = [some_batches(6, 4, share=share) for share in (slice(0, 2), slice(2, 4))]
    for step in range(2):
        together = pairs_in(whole.batch(step))
        assert together == [pair for half in halves for pair in pairs_in(half.batch(step))]
        counts = {
            (each.num_symbols, each.num_pairs) for each in (half.batch(step) for half in halves)
        }
        assert counts == {(whole.batch(step).num_symbols, whole.batch(step).num_pairs)}


def test_every_share_of_a_batch_has_rows_for_its_longest_source():
    for step in range(6):
        whole = some_batches().batch(step)
        for share in (slice(0, 1), slice(1, 4)):
            assert len(some_batches(share=share).batch(step).sources) == len(whole.sources)


@pytest.mark.parametrize(
    ("max_examples", "max_numbers", "parts"),
    [(9, 6, [(0, 2), (2, 4), (4, 5), (5, 6)]), (2, 99, [(0, 2), (2, 4), (4, 6)])],
)
def test_examples_are_computed_together_as_far_as_memory_goes(
    monkeypatch, max_examples, max_numbers, parts
):
    monkeypatch.setattr(buckets, "MAX_EXAMPLES", max_examples)
    monkeypatch.setattr(buckets, "MAX_NUMBERS", max_numbers)
    costs = np.array([1, 2, 3, 3, 9, 1])
    assert [*buckets.within_memory(costs)] == parts
    assert [*buckets.within_memory(costs[:0])] == []
