"""`charrnn rename` gives a run another name, and loses nothing."""

from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.usefixtures("trained")


def test_a_run_goes_on_under_its_new_name(charrnn):
    before = {path.name: path.read_bytes() for path in Path("checkpoints/a").glob("*.safetensors")}
    done = charrnn("rename", "a", "b")
    assert (done.code, done.out, done.err) == (0, "", "charrnn: a is called b now\n")
    after = {path.name: path.read_bytes() for path in Path("checkpoints/b").glob("*.safetensors")}
    assert after == before
    assert [run.name for run in ROOT.runs()] == ["b"]
    assert charrnn("resume", "b", "--steps", 25).code == 0
    assert charrnn("score", "--run", "b").code == 0


def test_no_run_takes_the_name_of_another(charrnn):
    Path("checkpoints/empty").mkdir()
    for name, words in {
        "a": "there is a run 'a' already",
        "empty": "empty is there already",
        "../b": "is not a valid name of a run",
    }.items():
        refused = charrnn("rename", "a", name)
        assert (refused.code, words in refused.err) == (2, True)
    assert ROOT.find("a").name == "a"


def test_a_run_that_is_trained_keeps_its_name(charrnn):
    with ROOT.find("a").locked():
        refused = charrnn("rename", "a", "b")
    assert (refused.code, "is being trained by" in refused.err) == (7, True)
    assert ROOT.find("a").name == "a"
