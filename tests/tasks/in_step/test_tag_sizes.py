import math

import pytest

from charrnn.config import TaggerConfig
from charrnn.tasks.in_step import tag_sizes


def facts(num_train, *, length=50.0, num_ranks=1):
    return tag_sizes.Facts(
        num_train=num_train, num_val=num_train // 9, length=length, source_size=40, target_size=60,
        ngram_rows=1000, device="cpu", num_ranks=num_ranks,
    )  # fmt: skip


def made(num_train, given=None, *, arithmetic=None, **details):
    return tag_sizes.SIZES.make(given or {}, facts(num_train, **details), arithmetic=arithmetic)


def test_sizes_follow_the_number_of_symbols():
    plans = [made(number) for number in (100, 5000, 50_000, 10**6)]
    widths = [plan.model.hidden_size for plan in plans]
    batches = [plan.train.batch_size for plan in plans]
    for numbers in (widths, batches):
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]
    assert made(100, length=2500.0).model.hidden_size == made(5000).model.hidden_size


def test_a_batch_of_long_texts_has_fewer_of_them():
    assert made(20_000).train.batch_size > made(20_000, length=1000).train.batch_size >= 1


def test_little_time_makes_the_network_narrower_and_many_epochs_ask_for_dropout():
    plans = [made(30_000, arithmetic=1e11 * 4**k) for k in range(8)]
    for numbers in (
        [plan.model.hidden_size for plan in plans],
        [plan.train.dropout for plan in plans],
    ):
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]
    assert "enough time for" in plans[0].why


@pytest.mark.parametrize("budget", [{"steps": 100}, {"epochs": 0.5}])
def test_few_epochs_need_little_dropout_however_the_budget_is_counted(budget):
    few = tag_sizes.SIZES.make({}, facts(20_000), **budget)
    many = tag_sizes.SIZES.make({}, facts(20_000), **{name: 300 * n for name, n in budget.items()})
    assert few.train.dropout < many.train.dropout


def test_what_is_given_is_kept():
    given = {"hidden_size": 77, "dropout": 0.25, "batch_size": 9, "learning_rate": 0.5}
    plan = made(1000, {**given, "is_causal": True}, arithmetic=1e9)
    assert (plan.model.hidden_size, plan.model.is_causal) == (77, True)
    assert (plan.train.dropout, plan.train.batch_size, plan.train.learning_rate) == (0.25, 9, 0.5)
    assert "causal" in plan.why and "as given" in plan.why
    assert made(5, {"batch_size": 9}).shrunk == ("there are too few pairs for batch 9: now batch 5")


def test_a_batch_is_shared_evenly():
    assert made(20_000, num_ranks=3).train.batch_size % 3 == 0


@pytest.mark.parametrize("is_causal", [False, True])
def test_the_cost_counts_every_matrix_but_the_embeddings_for_each_symbol(is_causal):
    model = TaggerConfig(hidden_size=6, embedding_size=4, ngrams=2, is_causal=is_causal)
    shapes = model.weight_shapes(40, 60, 1000)
    matrices = sum(
        math.prod(shape)
        for name, shape in shapes.items()
        if len(shape) == 2 and name != "embedding"
    )
    assert tag_sizes.SIZES.cost(model, facts(9, length=3.0)) == 5 * matrices
