import signal
from dataclasses import dataclass

import pytest
import torch
from conftest import SMALL, metrics, run_of, signal_at

from charrnn import _cores
from charrnn._text import Reporter
from charrnn.data.reload import reload_text
from charrnn.runs import checkpoint
from charrnn.tasks.prefetch import Prefetcher
from charrnn.training import clock, threads
from charrnn.training.clock import Pace
from charrnn.training.setup import trial
from charrnn.training.setup.state import state_of
from charrnn.training.setup.trial import Trial
from charrnn.training.threads import ThreadChooser, candidates


@pytest.mark.parametrize(
    ("most", "numbers"),
    [(1, [1]), (2, [2, 1]), (3, [3, 1]), (8, [8, 4, 2, 1]), (12, [12, 6, 3, 1])],
)
def test_all_a_half_a_quarter_and_one_are_tried(most, numbers):
    assert candidates(most) == numbers


class Machine:
    """Two cores, of which a neighbour takes one from time to time."""

    def __init__(self, is_taken):
        self.is_taken, self.now, self.num_tried = is_taken, 0.0, 0

    def seconds_per_step(self, num_threads):
        self.num_tried += 1
        if num_threads == 1:
            return 0.03
        return 0.08 if self.is_taken(self.now) else 0.02

    def threads_over(self, seconds, *, begin_with):
        """The number of threads at each second."""
        chooser, number, found = ThreadChooser([2, 1]), begin_with, []
        for second in range(seconds):
            self.now = float(second)
            pace = self.seconds_per_step(number)
            if chooser.is_due(number, seconds_per_step=pace, now=self.now):
                number = chooser.choose(number, self.seconds_per_step, now=self.now)
            found.append(number)
        return found


def test_a_core_that_is_taken_costs_a_thread_and_comes_back():
    found = Machine(lambda now: 20 <= now < 60).threads_over(200, begin_with=2)
    assert found[:20] == [2] * 20
    assert set(found[26:60]) == {1}
    assert set(found[125:]) == {2}


def test_a_machine_that_was_taken_from_the_start_is_tried_again():
    found = Machine(lambda now: now < 10).threads_over(60, begin_with=1)
    assert found[0] == 1
    assert found[-1] == 2


def test_on_an_idle_machine_nothing_is_tried():
    machine = Machine(lambda now: False)
    machine.threads_over(100, begin_with=2)
    assert machine.num_tried == 100  # the pace itself


def test_a_trial_has_no_effect_on_what_is_learned(charrnn, corpus, tmp_path):
    assert charrnn("train", corpus, *SMALL, "--steps", 5, "--dropout", 0.1, "--run", "a").code == 0
    found = checkpoint.read(run_of(tmp_path).last)
    text = reload_text(found.corpus_reference, keep_corpus=False, reporter=Reporter())
    state = state_of(found)
    before = torch.get_num_threads()
    try:
        batches = Prefetcher(text.lanes(found.train), "cpu")
        assert threads.step_timer(state, batches, found.train)(2) > 0
    finally:
        torch.set_num_threads(before)
    arrays = state.arrays()
    assert all(arrays[name].tobytes() == found.arrays[name].tobytes() for name in arrays)
    assert all(weight.grad is None for weight in state.module.parameters())


@dataclass
class Scripted:
    """Changes the number of threads after the 10th and the 20th step."""

    numbers: list[int]
    num_asked: int = 0

    def is_due(self, num_threads, **_):
        self.num_asked += 1
        return self.num_asked in (10, 20)

    def choose(self, num_threads, *_, **__):
        return 3 - num_threads


def tried(state, text, config, *, seconds, began, threads):
    """A trial that found 40 steps."""
    return Trial(40, threads[0], Pace(began, seconds, validation_seconds=0.01))


def test_another_number_of_threads_is_saved_before_it_applies(
    charrnn, corpus, tmp_path, monkeypatch
):
    monkeypatch.setattr(_cores, "num_cores", lambda: 2)
    monkeypatch.setattr(clock, "ThreadChooser", Scripted)
    monkeypatch.setattr(trial, "run_trial", tried)
    monkeypatch.setattr(Pace, "correction", lambda *_, **__: None)
    command = ("train", corpus, *SMALL, "--minutes", 0.05, "--eval-every", 20, "--run", "a")
    before = torch.get_num_threads()
    try:
        signal_at(monkeypatch, 15, signal.SIGTERM)
        assert charrnn(*command).code == 143
        at_first = checkpoint.read(run_of(tmp_path).previous)
        stopped = checkpoint.read(run_of(tmp_path).last)
        assert (at_first.position.step, stopped.position.step) == (10, 16)
        changed = {
            line["step"]: line["threads"] for line in metrics(run_of(tmp_path)) if "threads" in line
        }
        assert changed == {10: stopped.runtime.threads}
        assert charrnn("resume", "a").code == 0
        assert checkpoint.read(run_of(tmp_path).last).train == stopped.train
        assert charrnn("verify", "a").code == 0
    finally:
        torch.set_num_threads(before)
