"""Training on a busy machine, and runs that learn almost nothing."""

import json
import subprocess
import sys

import pytest
from conftest import SMALL, run_of, small_text, start
from matrix import row
from stumbles import stumble

from charrnn.runs import checkpoint
from charrnn.training.clock import Pace
from charrnn.training.setup import trial
from charrnn.training.setup.trial import Trial

BUSY = "while True: pass"
TINY = ("--hidden-size", 16, "--embedding-size", 8, "--batch-size", 8, "--seq-length", 16)


@pytest.fixture
def neighbours():
    """Start two programs that use all the time they get."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    yield
    for process in busy:
        process.kill()
        process.wait()


def steps_of(name):
    info = start("info", name, "--json", stdout=subprocess.PIPE)
    return json.loads(info.communicate()[0])["step"]


@row(38)
@stumble(32)
@pytest.mark.slow
def test_a_run_beside_busy_programs_learns_and_is_reproducible(neighbours, tmp_path):
    """With spinning threads it made 4 steps."""
    (tmp_path / "corpus.txt").write_text(small_text(30_000))
    assert start("train", "corpus.txt", *TINY, "--minutes", 0.15, "--run", "a").wait(300) == 0
    assert steps_of("a") >= 60
    assert start("verify", "a").wait(300) == 0


@row(38)
@stumble(56)
@pytest.mark.slow
def test_two_trainings_at_once_both_learn(tmp_path):
    """With spinning threads each made 3 steps."""
    (tmp_path / "corpus.txt").write_text(small_text(30_000))
    command = ("train", "corpus.txt", *TINY, "--minutes", 0.15, "--run")
    both = [start(*command, name) for name in "ab"]
    assert [process.wait(300) for process in both] == [0, 0]
    assert min(steps_of("a"), steps_of("b")) >= 60


def slow_machine(state, text, config, *, seconds, began, threads):
    """Return a trial with time for three steps."""
    return Trial(3, threads[0], Pace(began, seconds, validation_seconds=0.01))


@row(38)
@stumble(32)
def test_a_run_that_learned_next_to_nothing_says_so(charrnn, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "run_trial", slow_machine)
    monkeypatch.setattr(Pace, "correction", lambda *_, **__: None)
    done = charrnn("train", corpus, *SMALL, "--minutes", 1, "--run", "a", "--quiet")
    assert done.code == 0
    assert "this run learned too little: 3 steps read 1.8 % of the text" in done.err
    assert "above that of a bigram model" in done.err
    assert "give it more time: charrnn resume a --minutes 5" in done.err


def test_too_few_minutes_for_a_text_are_mentioned_before_training(charrnn, corpus, monkeypatch):
    monkeypatch.setattr(trial, "run_trial", slow_machine)
    monkeypatch.setattr(Pace, "correction", lambda *_, **__: None)
    output = charrnn("train", corpus, *SMALL, "--minutes", 1).err
    sentence = "enough time for 1.8 % of the text; all of it would take about 56 minutes"
    assert output.index(sentence) < output.index("for comparison")


@stumble(52)
def test_a_run_whose_rate_is_too_high_says_so(charrnn, corpus):
    output = charrnn("train", corpus, *SMALL, "--steps", 30, "--lr", 3, "--eval-every", 10).err
    assert "is still above unigram" in output
    assert "this run learned too little" in output
    assert "try a learning rate below 3" in output


@stumble(44)
def test_no_more_threads_than_cores(charrnn, corpus, tmp_path):
    done = charrnn("train", corpus, *SMALL, "--steps", 3, "--threads", 64, "--run", "a")
    assert "computing with 1 thread, not 64: this process may use 1 core" in done.err
    assert checkpoint.read_header(run_of(tmp_path).last).runtime.threads == 1
    more = charrnn("resume", "a", "--steps", 5, "--threads", 64)
    assert "computing with 1 thread, not 64" in more.err
