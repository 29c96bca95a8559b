"""The sizes of a captioner: by captions, pictures and time."""

import math

import pytest

from charrnn.config import CaptionerConfig
from charrnn.tasks.captions import caption_sizes


def facts(num_train, *, image_size=64, num_ranks=1):
    return caption_sizes.Facts(
        num_train=num_train, num_val=num_train // 9, image_size=image_size, target_length=45.0,
        target_size=24, device="cpu", num_ranks=num_ranks,
    )  # fmt: skip


def made(num_train, given=None, *, arithmetic=None, **details):
    return caption_sizes.SIZES.make(given or {}, facts(num_train, **details), arithmetic=arithmetic)


def test_sizes_follow_the_number_of_captions():
    plans = [made(number) for number in (100, 100_000, 10**7)]
    widths = [plan.model.hidden_size for plan in plans]
    assert widths == sorted(widths) and widths[0] < widths[-1]


def test_little_time_makes_the_network_narrower_and_many_epochs_ask_for_dropout():
    plans = [made(30_000, arithmetic=1e11 * 4**k) for k in range(8)]
    for numbers in (
        [plan.model.hidden_size for plan in plans],
        [plan.train.dropout for plan in plans],
    ):
        assert numbers == sorted(numbers) and numbers[0] < numbers[-1]
    assert "enough time for" in plans[0].why


@pytest.mark.parametrize("budget", [{"steps": 100}, {"epochs": 0.5}])
def test_few_epochs_need_little_dropout_however_the_budget_is_counted(budget):
    few = caption_sizes.SIZES.make({}, facts(20_000), **budget)
    many = caption_sizes.SIZES.make(
        {}, facts(20_000), **{name: 200 * n for name, n in budget.items()}
    )
    assert few.train.dropout < many.train.dropout


def test_what_is_given_stays():
    given = {
        "hidden_size": 50, "batch_size": 7, "dropout": 0.1, "learning_rate": 0.2, "eval_every": 3,
        "encoder_layers": 2, "cell": "gru",
    }  # fmt: skip
    plan = made(10_000, given, arithmetic=1e15)
    values = plan.model.to_json() | plan.train.to_json()
    assert {name: values[name] for name in given} == given
    assert "gru 2+2×50" in plan.why and "a grid of 16 × 16 cells" in plan.why


@pytest.mark.parametrize("optimizer", ["soap", "adamw"])
def test_wide_networks_learn_at_a_lower_rate(cell, optimizer):
    rates = [
        made(1000, {"cell": cell, "hidden_size": size, "optimizer": optimizer}).train.learning_rate
        for size in (64, 128, 512)
    ]
    assert rates == sorted(rates, reverse=True) and rates[-1] > 0


def test_a_batch_is_shared_evenly_and_has_no_more_captions_than_there_are():
    assert made(10_000, num_ranks=3).train.batch_size % 3 == 0
    plan = made(20, {"batch_size": 64})
    assert plan.train.batch_size == 20
    assert plan.shrunk == "there are too few captions for batch 64: now batch 20"


def test_the_cost_counts_each_multiplication_of_the_forward_pass():
    """By hand, for one convolution of four by four pixels, and one layer that reads a caption."""
    model = CaptionerConfig(
        cell="rnn", hidden_size=2, embedding_size=3, encoder_layers=1, decoder_layers=1
    )
    small = caption_sizes.Facts(
        num_train=9, num_val=1, image_size=4, target_length=5.0, target_size=7, device="cpu"
    )
    picture = 2 * 2 * (2 * 27 + 2 * (2 + 16)) + 2 * 2
    caption = 5 * (2 * 3 + 2 * 2 + 2 * 2 + 7 * 4) + 5 * 2 * 4 * 2
    assert caption_sizes.SIZES.cost(model, small) == picture + caption


def test_a_large_picture_costs_more():
    model, costs = CaptionerConfig(), []
    for size in (32, 64, 128):
        costs.append(caption_sizes.SIZES.cost(model, facts(100, image_size=size)))
    assert costs == sorted(costs) and math.isfinite(costs[-1])
