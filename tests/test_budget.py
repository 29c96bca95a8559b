import json
import signal

import pytest
from conftest import SMALL, run_of, same_files, signal_at

from charrnn import budget, checkpoint, plan
from charrnn.budget import Budget, Pace


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
    assert Budget().seconds == 60 * plan.DEFAULT_MINUTES
    assert Budget(minutes=2).seconds == 120
    assert Budget().counted_steps(1000) is None
    assert Budget(minutes=5).counted_steps(1000) is None
    assert Budget(epochs=2.5).counted_steps(10.5) == 26
    assert Budget(epochs=1e-9).counted_steps(10.5) == 1
    assert Budget(steps=5).counted_steps(1000) == 5


def ends(pace, first_guess, seconds_of_step, *, eval_every=300):
    """When a run ends on a machine whose steps take `seconds_of_step(now)`, and the corrections."""
    now, learned, step, steps, corrections = 4.0, 0.0, 0, first_guess, []
    while step < steps:
        seconds = seconds_of_step(now)
        now, learned, step = now + seconds, learned + seconds, step + 1
        if step % eval_every == 0 and step < steps:
            now += pace.validation
        wanted = pace.corrected(step, steps, now=now, learned=learned, eval_every=eval_every)
        if wanted != steps:
            corrections.append((step, wanted))
            steps = wanted
    return now + 2 * pace.validation, corrections


@pytest.mark.parametrize("first_guess", [100, 1000, 30_000])
@pytest.mark.parametrize(
    "seconds_of_step",
    [
        lambda now: 0.06,
        lambda now: 0.06 if now < 30 else 0.12,  # something else begins to use the machine
        lambda now: 0.06 if now < 50 else 0.03,
        lambda now: 0.06 * (1 + 0.5 * (int(now) % 7 == 0)),
    ],
    ids=["steady", "slower", "faster", "uneven"],
)
def test_the_run_ends_when_it_was_promised(first_guess, seconds_of_step):
    pace = Pace(deadline=60.0, validation=0.8)
    end, corrections = ends(pace, first_guess, seconds_of_step)
    assert end == pytest.approx(60.0, abs=2.0)
    assert len(corrections) <= len(budget._CHECKS)


def test_a_pace_that_is_kept_needs_no_correction():
    pace = Pace(deadline=64.2, validation=0.0)
    end, corrections = ends(pace, 1000, lambda now: 0.06)
    assert (end, corrections) == (pytest.approx(64.0), [])


def test_a_correction_is_saved_before_it_rules(charrnn, corpus, tmp_path, monkeypatch):
    """A run whose length the clock changed, and which was interrupted, equals one that was not."""
    changes = {1: 60, 10: 50, 30: 45}
    monkeypatch.setattr(Pace, "corrected", lambda self, step, steps, **_: changes.get(step, steps))
    monkeypatch.setattr(budget, "_seconds_per_step", lambda *_, **__: 0.05)
    command = ("train", corpus, *SMALL, "--minutes", 0.05, "--eval-every", 20, "--run")
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 32, signal.SIGTERM)
        assert charrnn(*command, "a").code == 143
    assert checkpoint.read(run_of(tmp_path).last).train.steps == 45
    assert charrnn("resume", "a").code == 0
    assert charrnn(*command, "b").code == 0
    assert facts(charrnn, "b")["step"] == 45
    same_files(run_of(tmp_path), run_of(tmp_path, "b"))


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
