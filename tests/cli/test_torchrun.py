"""What torchrun says in the environment."""

import os

import pytest

from charrnn.cli import torchrun


def test_without_torchrun_there_is_no_launch(monkeypatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    assert torchrun.launch() is None


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_another_agent_is_another_launch(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    first = torchrun.launch()
    assert torchrun.launch() == first
    monkeypatch.setattr(os, "getppid", os.getpid)
    assert torchrun.launch() != first


def test_a_name_for_the_launch_outlives_its_agent(monkeypatch):
    monkeypatch.setattr("sys.argv", ["charrnn", "train", "corpus.txt"])
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "job 7")
    first = torchrun.launch()
    assert (first.name, first.arguments) == ("job 7", ("train", "corpus.txt"))
    monkeypatch.setattr(os, "getppid", os.getpid)
    assert torchrun.launch() == first
    monkeypatch.setattr("sys.argv", ["charrnn", "train"])
    assert torchrun.launch() != first
