"""Which run torchrun's next attempt goes on with."""

import os

import pytest
from conftest import ROOT
from test_checkpoint import small

from charrnn.errors import StorageError
from charrnn.runs import restarts

TRAIN = ("train", "corpus.txt")


@pytest.fixture(autouse=True)
def _launched(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")


def begin(arguments=TRAIN):
    run = ROOT.create(None, default="a")
    restarts.remember(run, arguments)
    run.save(small())
    return run


def test_the_next_attempt_finds_the_run_of_the_same_launch_and_command():
    run = begin()
    begin(("train", "other.txt"))
    assert restarts.begun(ROOT, TRAIN) == run
    assert restarts.begun(ROOT, ("train",)) is None
    restarts.forget(run)
    assert restarts.begun(ROOT, TRAIN) is None
    assert not run.launch.exists()


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_another_agent_is_another_launch(monkeypatch):
    begin()
    monkeypatch.setattr(os, "getppid", os.getpid)
    assert restarts.begun(ROOT, TRAIN) is None


def test_a_name_for_the_launch_outlives_its_agent(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "job 7")
    run = begin()
    monkeypatch.setattr(os, "getppid", os.getpid)
    assert restarts.begun(ROOT, TRAIN) == run
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "job 8")
    assert restarts.begun(ROOT, TRAIN) is None


def test_without_torchrun_nothing_is_noted(monkeypatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    run = begin()
    assert not run.launch.exists()
    assert restarts.begun(ROOT, TRAIN) is None
    restarts.forget(run)


def test_what_an_attempt_left_before_its_first_save_gives_its_name_free(tmp_path):
    run = ROOT.create("a", default="x")
    restarts.remember(run, TRAIN)
    assert restarts.begun(ROOT, TRAIN) is None
    assert not run.folder.exists()


def test_a_note_that_cannot_be_read_is_passed_over():
    begin().launch.write_text("{")
    assert restarts.begun(ROOT, TRAIN) is None


def test_a_disk_that_refuses_the_note_says_so(monkeypatch):
    def full(path, pieces):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restarts, "write_atomically", full)
    with pytest.raises(StorageError, match="cannot write .*launch.json: No space left on device"):
        begin()
