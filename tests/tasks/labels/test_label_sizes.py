import math

import pytest

from charrnn.config import ClassifierConfig
from charrnn.tasks.labels import label_sizes


def facts(num_train, *, length=8.0, num_ranks=1):
    return label_sizes.Facts(
        num_train=num_train, num_val=num_train // 9, length=length, source_size=40, num_labels=5,
        ngram_rows=1000, device="cpu", num_ranks=num_ranks,
    )  # fmt: skip


def made(num_train, given=None, *, arithmetic=None, **details):
    return label_sizes.SIZES.make(given or {}, facts(num_train, **details), arithmetic=arithmetic)


def test_sizes_follow_the_number_of_texts():
    plans = [made(number) for number in (100, 20_000, 200_000, 10**7)]
    widths = [plan.model.hidden_size for plan in plans]
    batches = [plan.train.batch_size for plan in plans]
    for numbers in (widths, batches):
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]


def test_a_batch_of_long_texts_has_fewer_of_them():
    assert made(20_000).train.batch_size > made(20_000, length=1000).train.batch_size >= 4


def test_little_time_makes_the_network_narrower_and_many_epochs_ask_for_dropout():
    plans = [made(30_000, arithmetic=1e10 * 4**k) for k in range(8)]
    for numbers in (
        [plan.model.hidden_size for plan in plans],
        [plan.train.dropout for plan in plans],
    ):
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]
    assert "enough time for" in plans[0].why


@pytest.mark.parametrize("budget", [{"steps": 100}, {"epochs": 0.5}])
def test_few_epochs_need_little_dropout_however_the_budget_is_counted(budget):
    few = label_sizes.SIZES.make({}, facts(20_000), **budget)
    many = label_sizes.SIZES.make(
        {}, facts(20_000), **{name: 100 * n for name, n in budget.items()}
    )
    assert few.train.dropout < many.train.dropout


def test_of_long_texts_more_is_dropped():
    short, long = (
        label_sizes.SIZES.make({}, facts(20_000, length=length), epochs=20).train
        for length in (9, 120)
    )
    assert 0 < short.dropout < long.dropout
    assert 0 == short.weight_dropout < long.weight_dropout


def test_n_grams_that_occur_twice_are_known_unless_another_number_is_given():
    assert made(1000).train.ngram_min_count == 2
    assert made(1000, {"ngram_min_count": 6}).train.ngram_min_count == 6


def test_what_is_given_is_kept():
    given = {"hidden_size": 77, "dropout": 0.25, "batch_size": 9, "learning_rate": 0.5}
    plan = made(1000, given, arithmetic=1e9)
    assert plan.model.hidden_size == 77
    assert (plan.train.dropout, plan.train.batch_size, plan.train.learning_rate) == (0.25, 9, 0.5)
    assert "as given" in plan.why
    assert made(5, {"batch_size": 9}).shrunk == ("there are too few texts for batch 9: now batch 5")


def test_a_batch_is_shared_evenly():
    assert made(20_000, num_ranks=3).train.batch_size % 3 == 0


def test_the_cost_counts_every_matrix_but_the_embeddings():
    model = ClassifierConfig(hidden_size=6, embedding_size=4, ngrams=2)
    shapes = model.weight_shapes(40, 5, 1000)
    encoder = sum(
        math.prod(shape)
        for name, shape in shapes.items()
        if name.startswith("encoder") and len(shape) == 2
    )
    head = math.prod(shapes["head.weight"])
    assert label_sizes.SIZES.cost(model, facts(9, length=3.0)) == 5 * encoder + head
