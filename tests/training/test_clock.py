"""A run of minutes and the clock: simulated machines, and corrections that are saved first."""

import json
import signal

import pytest
from conftest import SMALL, run_of, same_files, signal_at

from charrnn.config import TrainConfig
from charrnn.runs import checkpoint
from charrnn.training import loop, schedule
from charrnn.training.clock import Correction, Pace
from charrnn.training.setup import trial
from charrnn.training.setup.trial import Trial


def simulated(seconds_of_step, *, first_guess=1000, eval_every=300, validation=0.8, seconds=60.0):
    """A run of minutes on a machine whose steps take `seconds_of_step(now)`: when it ends, the
    corrections, and of each step when it was made and its learning rate.
    """
    pace = Pace(began=0.0, seconds=seconds, validation_seconds=validation)
    config = TrainConfig(steps=first_guess, eval_every=eval_every)
    now, learned, step, corrections, rates = 4.0, 0.0, 0, [], []
    while step < config.steps:
        rates.append((now, schedule.learning_rate(step, config) / config.learning_rate))
        spent = seconds_of_step(now)
        now, learned, step = now + spent, learned + spent, step + 1
        if step % config.eval_every == 0 and step < config.steps:
            now += validation
        found = pace.correction(step, config, now=now, train_seconds=learned)
        if found is not None:
            now += 0.05  # it is saved
            corrections.append((step, found))
            config = found.applied(config, step)
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


CHANGES = {1: (60, 0.1, 20), 10: (50, 0.3, 20), 30: (45, 0.5, 20)}


def test_a_correction_is_saved_before_it_applies(charrnn, corpus, tmp_path, monkeypatch):
    """A run whose length the clock changed, and which was interrupted, equals one that was not."""
    rate, is_saved = schedule.learning_rate, []

    def noting(step, config):
        is_saved.append(checkpoint.read_header(run_of(tmp_path).last).train == config)
        return rate(step, config)

    def correction(self, step, config, **_):
        return Correction(*CHANGES[step]) if step in CHANGES else None

    def tried(state, text, config, *, seconds, began, threads):
        return Trial(60, threads[0], Pace(began, seconds, validation_seconds=0.01))

    monkeypatch.setattr(Pace, "correction", correction)
    monkeypatch.setattr(trial, "run_trial", tried)
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
    assert json.loads(charrnn("info", "b", "--json").out)["step"] == 45
    same_files(run_of(tmp_path), run_of(tmp_path, "b"))
