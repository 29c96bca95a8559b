"""The device, the threads and the processes of a run."""

import dataclasses

import pytest
from test_checkpoint import small

from charrnn import _cores
from charrnn._text import Reporter
from charrnn.errors import SettingError, UsageError
from charrnn.training.distributed import ALONE, Group
from charrnn.training.setup import machine


class Warnings(Reporter):
    def __init__(self):
        self.sentences = []

    def warn(self, sentence):
        self.sentences.append(sentence)


@pytest.fixture
def reporter(monkeypatch):
    monkeypatch.setattr(_cores, "num_cores", lambda: 6)
    return Warnings()


def test_processes_do_not_share_a_gpu():
    output = "device cuda:1 is one GPU for 2 processes; cuda, without a number, gives each"
    with pytest.raises(SettingError, match=output):
        machine.require_shareable(8, "cuda:1", group=Group(0, 2, 0, 2))
    machine.require_shareable(8, "cuda:1", group=Group(0, 2, 0, 1))
    machine.require_shareable(8, "cuda", group=Group(0, 2, 0, 2))


@pytest.mark.parametrize(
    ("settings", "group", "threads"),
    [
        ({}, ALONE, [6, 3, 1]),
        ({"threads": 2}, ALONE, [2]),
        ({"threads": 9}, ALONE, [6]),
        ({}, Group(0, 2, 0, 2), [3]),  # processes share the cores, and keep step
    ],
)
def test_threads_are_chosen_where_nobody_names_a_number(reporter, settings, group, threads):
    computer = machine.choose({"device": "cpu", **settings}, group=group, reporter=reporter)
    assert list(computer.threads) == threads
    assert computer.runtime.threads == threads[0]
    assert bool(reporter.sentences) == (settings.get("threads") == 9)


def test_a_run_continues_on_the_machine_that_there_is(reporter):
    start = dataclasses.replace(small(), runtime=dataclasses.replace(small().runtime, threads=12))
    runtime = machine.runtime_here(start, {}, group=Group(0, 2, 0, 2), reporter=reporter)
    assert (runtime.device, runtime.threads) == ("cpu", 3)
    assert reporter.sentences == [
        "computing with 3 threads, not 12: this process may use 3 cores",
        "the run began with threads 12, now 3: results may differ in the last digits",
    ]


def test_a_device_that_is_asked_for_is_not_replaced(reporter):
    with pytest.raises(UsageError):
        machine.runtime_here(small(), {"device": "cuda:99"}, group=ALONE, reporter=reporter)
