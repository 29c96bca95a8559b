import numpy as np
import pytest

from charrnn.config import ModelConfig
from charrnn.tasks import autosize


def made(num_train, given=None, *, num_val=None, vocab_size=65, device="cpu", arithmetic=None):
    num_val = num_train // 9 if num_val is None else num_val
    facts = autosize.Facts(num_train, num_val, vocab_size, ngram_rows=0, device=device)
    return autosize.make(given or {}, facts, arithmetic=arithmetic)


def test_sizes_follow_the_corpus():
    sizes = [made(n).model.hidden_size for n in (1000, 20_000, 100_000, 1_000_000, 10**9)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert made(20_000).train.dropout > made(1_000_000).train.dropout == 0


def test_more_time_makes_the_network_wider_and_a_text_read_often_asks_for_dropout():
    plans = [made(1_000_000, arithmetic=1e12 * 4**k) for k in range(8)]
    for numbers in (
        [found.model.hidden_size for found in plans],
        [found.train.dropout for found in plans],
        [found.train.weight_dropout for found in plans],
    ):
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]
    assert made(10**9, arithmetic=1e14).train.dropout == 0
    rates = [found.train.learning_rate for found in plans]
    assert rates == sorted(rates, reverse=True)


def test_the_plain_recurrence_is_the_textbooks():
    found = made(1_000_000, {"ngrams": 1}).model
    assert (found.skip, found.embedding_size) == (False, 64)
    assert made(1_000_000).model.skip
    assert made(1_000_000, {"ngrams": 1, "skip": True}).model.skip


def test_the_cost_counts_every_matrix_but_the_table():
    model = ModelConfig(cell="lstm", hidden_size=10, num_layers=2, embedding_size=3, ngrams=2)
    layers = 4 * 10 * (6 + 10) + 4 * 10 * (10 + 10)
    assert autosize.cost(model, vocab_size=7) == layers + 7 * (10 + 6)


def test_what_is_given_is_kept():
    given = {"hidden_size": 99, "cell": "gru", "dropout": 0.5, "learning_rate": 0.001, "seed": 7}
    found = made(1_000_000, given)
    values = {**found.model.to_json(), **found.train.to_json()}
    assert {name: values[name] for name in given} == given
    assert "gru 1×99" in found.why


@pytest.mark.parametrize("num_train", [2, 3, 18, 47, 49, 200, 1535, 1537])
def test_lanes_and_window_shrink_to_a_short_corpus_and_it_is_said(num_train):
    found = made(num_train, {"batch_size": 32, "seq_length": 48})
    assert 1 <= found.train.seq_length <= num_train - 1
    assert found.train.batch_size * found.train.seq_length <= num_train - 1
    assert ("the text is too short for a larger batch" in found.why) == (num_train < 1537)


def test_deeper_networks_learn_more_carefully():
    rates = [made(10**6, {"num_layers": n}).train.learning_rate for n in (1, 2, 3)]
    assert rates == sorted(rates, reverse=True)


def test_validation_takes_a_small_share_of_the_time():
    found = made(900_000, num_val=100_000).train
    chars_between = found.eval_every * found.batch_size * found.seq_length
    assert 100_000 / 3 / chars_between < 0.1


def test_records_get_the_window_that_they_fill_best():
    def sizes(*lengths):
        lengths = np.array(lengths * 20_000)
        facts = autosize.Facts(int(lengths.sum()), 0, 30, 0, "cpu", record_lengths=lengths)
        train = autosize.make({}, facts).train
        return train.batch_size, train.seq_length

    assert sizes(8, 8, 8, 8) == (192, 8)
    assert sizes(12, 12, 3) == (128, 12)
    assert sizes(600)[1] in (60, 75, 86, 100, 96)
    assert sizes(3, 3, 3)[1] == 3


@pytest.mark.parametrize(
    ("num_train", "num_ranks", "lanes"),
    [(1_000_000, 1, 32), (1_000_000, 6, 36), (1_000_000, 128, 128), (200, 3, 3), (60, 3, 1)],
)
def test_lanes_are_shared_out_evenly_where_the_text_can_fill_so_many(num_train, num_ranks, lanes):
    facts = autosize.Facts(num_train, 9, 65, ngram_rows=0, device="cpu", num_ranks=num_ranks)
    assert autosize.make({}, facts).train.batch_size == lanes
