"""What all choices of sizes share, with tables of a task that is made up."""

from dataclasses import dataclass

import pytest

from charrnn.config import ModelConfig
from charrnn.tasks.example_sizes import ExampleSizes


@dataclass(frozen=True)
class Facts:
    num_train: int
    num_val: int = 10
    device: str = "cpu"
    num_ranks: int = 1


class Sizes(ExampleSizes):
    examples = "riddles"
    model = ModelConfig
    rates = {"soap": 0.5, "adamw": 0.25}  # noqa: RUF012
    narrowest = 24
    epochs_in_trial = 7

    def width(self, facts):
        return 128

    def batch_size(self, facts):
        return 32

    def by_epochs(self, facts, epochs):
        return {"dropout": min(0.5, epochs / 100)}

    def num_layers(self, model):
        return model.num_layers

    def shapes(self, model, facts):
        return {"weight": (1000, model.hidden_size)}

    def cost(self, model, facts):
        return 1e6 * model.hidden_size

    def described(self, model, facts):
        return str(model)


SIZES = Sizes()


def test_without_a_budget_the_epochs_of_a_trial_are_assumed():
    plan = SIZES.make({}, Facts(5000))
    assert (plan.model.hidden_size, plan.train.batch_size) == (128, 32)
    assert plan.train.dropout == 0.07
    assert plan.why == "lstm 1×128, batch 32, dropout 0.07: for 5,000 riddles on cpu"
    assert plan.multiply_adds == SIZES.step_cost(
        plan.model, Facts(5000), batch_size=32, optimizer="soap"
    )


def test_a_network_is_narrower_where_time_is_short_but_never_too_narrow():
    each = 5000 / 32
    widths = []
    for arithmetic in (1e9, 1e11 * each, 1e13 * each):
        plan = SIZES.make({}, Facts(5000), arithmetic=arithmetic)
        widths.append(plan.model.hidden_size)
        assert "enough time for" in plan.why
    assert widths[0] == 24
    assert widths == sorted(widths)
    assert widths[-1] == 128
    given = SIZES.make({"hidden_size": 99}, Facts(5000), arithmetic=1e9)
    assert given.model.hidden_size == 99


@pytest.mark.parametrize(("budget", "epochs"), [({"steps": 250}, 8), ({"epochs": 3}, 3)])
def test_epochs_follow_from_any_budget(budget, epochs):
    assert SIZES.make({}, Facts(1000), **budget).train.dropout == epochs / 100


def test_what_is_given_is_kept_and_a_batch_has_no_more_examples_than_there_are():
    given = {"dropout": 0.3, "learning_rate": 0.5, "batch_size": 40}
    plan = SIZES.make(given, Facts(25))
    assert (plan.train.dropout, plan.train.learning_rate, plan.train.batch_size) == (0.3, 0.5, 25)
    assert plan.shrunk == "there are too few riddles for batch 40: now batch 25"
    assert SIZES.make({}, Facts(5000, num_ranks=3)).train.batch_size == 33


def test_the_rate_is_lower_for_wide_and_for_deep_networks():
    rates = [
        SIZES.make({"hidden_size": width, "num_layers": layers}, Facts(500)).train.learning_rate
        for width, layers in ((64, 1), (128, 1), (128, 2), (512, 2), (512, 4))
    ]
    assert rates == sorted(rates, reverse=True)
    assert rates[1] == rates[2]
    assert rates[3] == pytest.approx(2 * rates[4], abs=2e-6)
