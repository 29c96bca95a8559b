import dataclasses
import json
import signal
import time

import pytest
from conftest import SMALL, run_of, same_files, signal_at, small_text

from charrnn.config import TrainConfig
from charrnn.runs import checkpoint
from charrnn.training import autosize, budget, loop
from charrnn.training.autosize import Budget
from charrnn.training.budget import Correction, Pace, Trial


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


def simulated(seconds_of_step, *, first_guess=1000, eval_every=300, validation=0.8, seconds=60.0):
    """A run of minutes on a machine whose steps take `seconds_of_step(now)`: when it ends, the
    corrections, and of each step when it was made and its learning rate.
    """
    pace = Pace(began=0.0, seconds=seconds, validation=validation)
    config = TrainConfig(steps=first_guess, eval_every=eval_every)
    now, learned, step, corrections, rates = 4.0, 0.0, 0, [], []
    while step < config.steps:
        rates.append((now, loop.learning_rate(step, config) / config.learning_rate))
        spent = seconds_of_step(now)
        now, learned, step = now + spent, learned + spent, step + 1
        if step % config.eval_every == 0 and step < config.steps:
            now += validation
        found = pace.correction(step, config, now=now, learned=learned)
        if found is not None:
            now += 0.05  # it is saved
            corrections.append((step, found))
            config = dataclasses.replace(
                config,
                steps=found.steps,
                eval_every=found.eval_every,
                schedule_step=step,
                schedule_done=found.schedule_done,
            )
    return now + 2 * validation, corrections, rates


MACHINES = {
    "steady": lambda now: 0.06,
    "slower": lambda now: 0.06 if now < 30 else 0.12,  # something else begins to use the machine
    "faster": lambda now: 0.06 if now < 50 else 0.03,
    "uneven": lambda now: 0.06 * (1 + 0.5 * (int(now) % 7 == 0)),
    "taken for a while": lambda now: 0.3 if 18 < now < 32 else 0.03,
    "stopped for a while": lambda now: 9.0 if 20 < now < 29 else 0.05,
    "very slow": lambda now: 3.0,
}


@pytest.mark.parametrize("first_guess", [3, 100, 1000, 30_000])
@pytest.mark.parametrize("machine", MACHINES)
def test_the_run_ends_when_it_was_promised(first_guess, machine):
    end, corrections, _ = simulated(MACHINES[machine], first_guess=first_guess)
    assert end == pytest.approx(60.0, abs=3.0 if machine == "very slow" else 2.0)
    assert len(corrections) < 40


@pytest.mark.parametrize("machine", [name for name in MACHINES if name != "very slow"])
def test_the_learning_rate_follows_the_time_and_ends_at_zero(machine):
    _, _, rates = simulated(MACHINES[machine])
    end = 60 - 2 * 0.8
    for now, rate in rates[len(rates) // 10 :]:
        if not 18 < now < 38:  # while the speed changes it takes some steps to see it
            assert rate == pytest.approx((end - now) / (end - 4) / 0.98, abs=0.08)
    assert rates[-1][1] < 0.02


def test_the_machine_that_was_slow_for_a_while_costs_only_the_steps_of_that_while():
    """The run is not over before the next look, as it was when looks were few."""
    _, _, rates = simulated(MACHINES["taken for a while"])
    assert len(rates) > 0.9 * (60 - 4 - 14 - 5 * 0.8) / 0.03


def test_a_pace_that_is_kept_needs_no_correction():
    end, corrections, _ = simulated(
        lambda now: 0.06, first_guess=1000, validation=0.0, seconds=64.2
    )
    assert (end, corrections) == (pytest.approx(64.0, abs=0.1), [])


def test_validations_on_the_way_take_a_small_share_of_the_time():
    _, corrections, _ = simulated(lambda now: 0.06, first_guess=500, eval_every=10)
    assert corrections[0][1].eval_every >= 30 * 0.8 / 0.06


@pytest.mark.parametrize(("flags", "seconds"), [((), 3 / 30), (("--max-val-chars", 10_000), 0.4)])
def test_time_is_kept_for_the_validation_that_there_will_be(
    charrnn, tmp_path, monkeypatch, flags, seconds
):
    """For a part of it, if all of it takes too long: else the run would be over too early."""
    (tmp_path / "text.txt").write_text(small_text(100_000))
    measured, reserved = budget.measured, []

    def tried(learner, text, config, **settings):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(budget, "validation_loss", lambda *_: time.sleep(0.4))
            return measured(learner, text, config, **settings)

    def correction(self, *_, **__):
        reserved.append(self.deadline - self.end_of_learning)

    monkeypatch.setattr(budget, "measured", tried)
    monkeypatch.setattr(Pace, "correction", correction)
    done = charrnn("train", "text.txt", *SMALL, "--minutes", 0.05, "--run", "a", *flags)
    assert done.code == 0
    assert ("validating on" in done.err) == (not flags)
    assert reserved[0] == pytest.approx(seconds + 0.2, rel=0.1)


CHANGES = {1: (60, 0.1, 20), 10: (50, 0.3, 20), 30: (45, 0.5, 20)}


def test_a_correction_is_saved_before_it_rules(charrnn, corpus, tmp_path, monkeypatch):
    """A run whose length the clock changed, and which was interrupted, equals one that was not."""
    rate, is_saved = loop.learning_rate, []

    def noting(step, config):
        is_saved.append(checkpoint.read_header(run_of(tmp_path).last).train == config)
        return rate(step, config)

    def correction(self, step, config, **_):
        return Correction(*CHANGES[step]) if step in CHANGES else None

    def tried(learner, text, config, *, seconds, began, threads):
        return Trial(60, threads[0], {}, Pace(began, seconds, validation=0.01))

    monkeypatch.setattr(Pace, "correction", correction)
    monkeypatch.setattr(budget, "measured", tried)
    command = ("train", corpus, *SMALL, "--minutes", 0.05, "--eval-every", 20, "--run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "learning_rate", noting)
        signal_at(patch, 32, signal.SIGTERM)
        assert charrnn(*command, "a").code == 143
    assert is_saved == [True] * 33
    stopped = checkpoint.read(run_of(tmp_path).last).train
    assert (stopped.steps, stopped.schedule_step, stopped.schedule_done) == (45, 30, 0.5)
    assert charrnn("resume", "a").code == 0
    assert charrnn(*command, "b").code == 0
    assert facts(charrnn, "b")["step"] == 45
    same_files(run_of(tmp_path), run_of(tmp_path, "b"))


def test_a_run_that_gets_a_new_length_has_the_schedule_of_that_length(charrnn, corpus, tmp_path):
    assert charrnn("train", corpus, *SMALL, "--minutes", 0.03, "--run", "a").code == 0
    more = checkpoint.read(run_of(tmp_path).last).progress.step + 20
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
