import pytest

from charrnn.config import EncoderDecoderConfig
from charrnn.tasks.pairs import seq2seq_sizes


def facts(num_train, *, length=8.0, num_ranks=1):
    return seq2seq_sizes.Facts(
        num_train=num_train, num_val=num_train // 9, source_length=length, target_length=length,
        source_size=40, target_size=50, device="cpu", num_ranks=num_ranks,
    )  # fmt: skip


def made(num_train, given=None, *, arithmetic=None, **details):
    return seq2seq_sizes.SIZES.make(given or {}, facts(num_train, **details), arithmetic=arithmetic)


def test_sizes_follow_the_number_of_pairs():
    plans = [made(number) for number in (100, 8000, 33_000, 200_000, 10**7)]
    widths = [plan.model.hidden_size for plan in plans]
    batches = [plan.train.batch_size for plan in plans]
    for numbers in (widths, batches):
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]


def test_a_batch_of_long_targets_has_fewer_pairs():
    assert made(8000).train.batch_size > made(8000, length=60).train.batch_size >= 4


def test_little_time_makes_the_network_narrower_and_many_epochs_ask_for_dropout():
    plans = [made(30_000, arithmetic=1e10 * 4**k) for k in range(10)]
    for numbers in (
        [plan.model.hidden_size for plan in plans],
        [plan.train.dropout for plan in plans],
    ):
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]
    rates = [plan.train.learning_rate for plan in plans]
    assert rates == sorted(rates, reverse=True)
    assert "enough time for" in plans[0].why


@pytest.mark.parametrize(
    ("budget", "dropout"),
    [
        ({"steps": 300}, 0.0),
        ({"steps": 30_000}, 0.3),
        ({"epochs": 1.0}, 0.0),
        ({"epochs": 20}, 0.3),
    ],
)
def test_few_epochs_need_no_dropout_however_the_budget_is_counted(budget, dropout):
    plan = seq2seq_sizes.SIZES.make({}, facts(9000, length=40), **budget)
    assert plan.train.dropout == dropout


def test_the_cost_counts_every_matrix_and_the_attention():
    model = EncoderDecoderConfig(
        hidden_size=6, embedding_size=4, encoder_layers=1, decoder_layers=1
    )
    encoder = 2 * 4 * 3 * (4 + 3)
    decoder = 4 * 6 * (4 + 6) + 6 * 6 + 50 * 12
    cost = seq2seq_sizes.SIZES.cost(model, facts(100, length=5))
    assert cost == 5 * encoder + 5 * decoder + 2 * 6 * 6 + 2 * 6 * 25


def test_a_step_takes_time_besides_its_pairs_and_more_with_soap():
    def cost(width, batch_size, optimizer="soap"):
        model = EncoderDecoderConfig(hidden_size=width)
        return seq2seq_sizes.SIZES.step_cost(
            model, facts(8000), batch_size=batch_size, optimizer=optimizer
        )

    assert cost(128, 32) < cost(128, 64) < 1.6 * cost(128, 32)
    assert 1.5 * cost(128, 64) < cost(192, 64) < 2.5 * cost(128, 64)
    assert cost(128, 64, "adamw") < cost(128, 64)


def test_what_is_given_is_kept():
    given = {"hidden_size": 99, "cell": "gru", "dropout": 0.5, "learning_rate": 0.001, "seed": 7}
    plan = made(8000, given, arithmetic=1e9)
    values = {**plan.model.to_json(), **plan.train.to_json()}
    assert {name: values[name] for name in given} == given
    assert "gru 2+2×99" in plan.why and plan.why.endswith("as given")


def test_the_batch_shrinks_to_the_number_of_pairs_and_it_is_said():
    plan = made(30, {"batch_size": 64})
    assert plan.train.batch_size == 30
    assert plan.shrunk == "there are too few pairs for batch 64: now batch 30"
    assert made(30).shrunk == ""


@pytest.mark.parametrize(("num_train", "num_ranks"), [(8000, 1), (8000, 3), (50, 7), (3, 5)])
def test_a_batch_is_shared_out_evenly_where_there_are_enough_pairs(num_train, num_ranks):
    batch_size = made(num_train, num_ranks=num_ranks).train.batch_size
    assert 1 <= batch_size <= num_train
    assert batch_size % num_ranks == 0 or num_train < num_ranks


def test_validation_takes_a_small_share_of_the_time():
    plan = made(33_000)
    assert 33_000 / 9 / (plan.train.eval_every * plan.train.batch_size) < 0.1


def test_deeper_networks_learn_more_carefully():
    rates = [made(8000, {"encoder_layers": n}).train.learning_rate for n in (1, 2, 4)]
    assert rates[0] == rates[1] > rates[2]
