import json
import time

import numpy as np
import pytest
from conftest import SMALL

from charrnn import budget, plan
from charrnn.budget import Budget, total_steps
from charrnn.config import ModelConfig, TrainConfig
from charrnn.network import Network
from charrnn.training import Learner


def facts(charrnn, name):
    return json.loads(charrnn("info", name, "--json").out)


def test_steps_and_epochs_are_budgets(charrnn, corpus):
    charrnn("train", corpus, *SMALL, "--steps", 7, "--run", "a")
    charrnn("train", corpus, *SMALL, "--epochs", 0.5, "--run", "b")
    assert facts(charrnn, "a")["step"] == 7
    assert facts(charrnn, "b")["step"] == round(0.5 * (5400 - 1) / (4 * 8))


def test_minutes_are_measured_and_become_steps(charrnn, corpus):
    assert charrnn("train", corpus, *SMALL, "--minutes", 0.03, "--run", "a").code == 0
    found = facts(charrnn, "a")
    assert found["step"] == found["steps"] > 10
    assert found["elapsed_seconds"] < 10


def test_without_a_budget_it_is_a_few_minutes(monkeypatch):
    asked = []
    monkeypatch.setattr(plan, "minutes_to_steps", lambda seconds, **_: asked.append(seconds) or 5)
    monkeypatch.setattr(budget, "_seconds_per_step", lambda *_, **__: 0.01)
    network = Network(ModelConfig(hidden_size=4), 3)
    total_steps(
        Budget(),
        TrainConfig(batch_size=2, seq_length=4),
        np.zeros(100, np.uint8),
        lambda config: Learner.new(network, config),
        began=time.monotonic(),
    )
    assert asked[0] == pytest.approx(60 * plan.DEFAULT_MINUTES, abs=5)


def test_to_measure_does_not_change_what_is_learned(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *SMALL, "--minutes", 0.02, "--run", "a")
    steps = facts(charrnn, "a")["steps"]
    charrnn("train", corpus, *SMALL, "--steps", steps, "--run", "b")
    assert facts(charrnn, "a")["weights_sha256"] == facts(charrnn, "b")["weights_sha256"]


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
