"""Sentences about a run before its training starts."""

import dataclasses

import pytest
from test_checkpoint import small

from charrnn.training.budget import Budget
from charrnn.training.setup import sentences


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(steps=1), "1 step"),
        (Budget(steps=3000), "3,000 steps"),
        (Budget(epochs=2.5), "2.5 epochs"),
        (Budget(minutes=1), "1 minute"),
        (Budget(minutes=0.05), "3 seconds"),
        (Budget(), "3 minutes"),
    ],
)
def test_a_length_is_told_in_the_unit_of_the_budget(budget, words):
    assert sentences.length_of(budget) == words


def test_where_a_run_continues():
    start = small()  # after step 3 of 9
    done = dataclasses.replace(start, train=dataclasses.replace(start.train, steps=3))
    assert sentences.continuing("a", start, Budget()) == "run a: continuing after step 3 of 9"
    with_time = sentences.continuing("a", start, Budget(minutes=2))
    assert with_time == "run a: continuing after step 3; training for 2 minutes"
    assert sentences.continuing("a", done, Budget()) == (
        "run a: finished, all 3 steps are done; train longer with: charrnn resume a --minutes 5"
    )


def test_little_time_is_told():
    assert sentences.time_for(0.5, Budget(minutes=1), learned="text") == ""
    assert sentences.time_for(0.018, Budget(minutes=1), learned="text") == (
        "enough time for 1.8 % of the text; all of it would take about 56 minutes"
    )
    assert sentences.time_for(0.018, Budget(minutes=1), learned="pairs") == (
        "enough time for 1.8 % of the pairs; all of them would take about 56 minutes"
    )
