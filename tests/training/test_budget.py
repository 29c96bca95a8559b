import json
import time

import pytest
from conftest import SMALL, run_of, small_text

from charrnn.runs import checkpoint
from charrnn.tasks import language_model
from charrnn.training import autosize, budget
from charrnn.training.autosize import Budget
from charrnn.training.clock import Pace


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


def test_without_a_budget_it_is_a_few_minutes():
    assert Budget().seconds == 60 * autosize.DEFAULT_MINUTES
    assert Budget(minutes=2).seconds == 120
    assert Budget().counted_steps(1000) is None
    assert Budget(minutes=5).counted_steps(1000) is None
    assert Budget(epochs=2.5).counted_steps(10.5) == 26
    assert Budget(epochs=1e-9).counted_steps(10.5) == 1
    assert Budget(steps=5).counted_steps(1000) == 5


@pytest.mark.parametrize(("flags", "seconds"), [((), 3 / 30), (("--max-val-chars", 10_000), 0.4)])
def test_time_is_kept_for_the_validation_that_there_will_be(
    charrnn, tmp_path, monkeypatch, flags, seconds
):
    """For a part of it, if all of it takes too long: else the run would be over too early."""
    (tmp_path / "text.txt").write_text(small_text(100_000))
    measured, reserved = budget.run_trial, []

    def tried(state, text, config, **settings):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(language_model, "validation_loss", lambda *_: time.sleep(0.4) or 1.0)
            return measured(state, text, config, **settings)

    def correction(self, *_, **__):
        reserved.append(self.deadline - self.end_of_learning)

    monkeypatch.setattr(budget, "run_trial", tried)
    monkeypatch.setattr(Pace, "correction", correction)
    done = charrnn("train", "text.txt", *SMALL, "--minutes", 0.05, "--run", "a", *flags)
    assert done.code == 0
    assert ("validating on" in done.err) == (not flags)
    assert reserved[0] == pytest.approx(seconds + 0.2, rel=0.1)


def test_a_run_that_gets_a_new_length_has_the_schedule_of_that_length(charrnn, corpus, tmp_path):
    assert charrnn("train", corpus, *SMALL, "--minutes", 0.03, "--run", "a").code == 0
    more = checkpoint.read(run_of(tmp_path).last).position.step + 20
    assert charrnn("resume", "a", "--steps", more).code == 0
    config = checkpoint.read(run_of(tmp_path).last).train
    assert (config.steps, config.schedule_step, config.schedule_done) == (more, 0, 0.0)


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
