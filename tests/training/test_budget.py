"""The length of a run: steps, epochs or minutes."""

import json

import pytest
from conftest import SMALL

from charrnn.training.budget import DEFAULT_MINUTES, Budget


def facts(charrnn, name):
    return json.loads(charrnn("info", name, "--json").out)


def test_steps_and_epochs_are_budgets(charrnn, corpus):
    charrnn("train", corpus, *SMALL, "--steps", 7, "--run", "a")
    charrnn("train", corpus, *SMALL, "--epochs", 0.5, "--run", "b")
    assert facts(charrnn, "a")["step"] == 7
    assert facts(charrnn, "b")["step"] == round(0.5 * (5400 - 1) / (4 * 8))


def test_without_a_budget_it_is_a_few_minutes():
    assert Budget().seconds == 60 * DEFAULT_MINUTES
    assert Budget(minutes=2).seconds == 120
    assert Budget().counted_steps(1000) is None
    assert Budget(minutes=5).counted_steps(1000) is None
    assert Budget(epochs=2.5).counted_steps(10.5) == 26
    assert Budget(epochs=1e-9).counted_steps(10.5) == 1
    assert Budget(steps=5).counted_steps(1000) == 5


@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        (("--steps", 5, "--minutes", 1), "--steps 5 and --minutes 1.0 were both given"),
        (("--steps", 0), "--steps 0 is out of range"),
        (("--minutes", -1), "--minutes -1.0 is out of range"),
        (("--epochs", "nan"), "--epochs nan is out of range"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(charrnn, corpus, flags, phrase):
    refused = charrnn("train", corpus, *flags)
    assert refused.code == 2
    assert phrase in refused.err
