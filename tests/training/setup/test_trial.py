"""Minutes become steps by a trial on this machine."""

import json
import time
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from conftest import SMALL

from charrnn.tasks.task import ValidationSize
from charrnn.training.setup import trial


def facts(charrnn, name):
    return json.loads(charrnn("info", name, "--json").out)


def test_minutes_are_measured_and_become_steps(charrnn, corpus):
    assert charrnn("train", corpus, *SMALL, "--minutes", 0.02, "--run", "a").code == 0
    found = facts(charrnn, "a")
    assert found["step"] == found["steps"] > 10
    assert found["elapsed_seconds"] < 10


@dataclass
class Split:
    """A validation split of so many examples; a beginning of it is one, too."""

    num: int

    def size(self, split):
        return self.num

    def beginning(self, split, size):
        return Split(min(self.num, size))


@pytest.mark.parametrize(
    ("num", "seconds", "measured"),
    [
        (1000, 0.0, [8, 32, 128]),
        (20, 0.0, [8, 20]),
        (8, 0.0, [8]),
        (1, 0.0, []),
        (1000, 0.3, [8]),  # too slow to try more
    ],
)
def test_a_validation_is_measured_on_more_examples_only_while_that_is_quick(
    monkeypatch, num, seconds, measured
):
    clock, seen = [0.0], []

    class Task:
        validation_size = ValidationSize("max_val_pairs", "pair", at_least=1, tried=(8, 32, 128))

        def metrics(self, module, dataset, split):
            seen.append(dataset.num)
            clock[0] += seconds * dataset.num

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    state = SimpleNamespace(task=Task(), module=None)
    assert trial.seconds_per_validation(state, Split(num), quick=0.9) == pytest.approx(
        seconds * num if measured else 0.0
    )
    assert seen == measured


@pytest.mark.parametrize(
    ("seconds", "steps"),
    [(10, 5), (20, 10), (25, 20), (30, 30)],
)
def test_steps_are_faster_once_every_batch_was_made(seconds, steps):
    found = trial.num_steps(seconds, per_step=2.0, first_time=1.5, per_epoch=10)
    assert found == pytest.approx(steps)


def test_how_much_longer_a_batch_takes_that_is_made_for_the_first_time(monkeypatch):
    clock, made = [0.0], set()

    class Batches:
        def batch(self, step):
            clock[0] += 0.1 if step in made else 0.5 + (step == 7)  # which is slow by chance
            made.add(step)

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    assert trial.seconds_of_first_time(Batches(), 5, "cpu") == pytest.approx(0.4)
