import json
import os
from pathlib import Path

import pytest
from conftest import SMALL
from test_checkpoint import small

from charrnn.errors import CheckpointError, UsageError
from charrnn.runs import checkpoint, folder
from charrnn.runs.folder import Run


def test_a_run_takes_its_default_name_and_then_numbers():
    names = [folder.create(None, default="my poems!").name for _ in range(3)]
    assert names == ["my-poems", "my-poems-2", "my-poems-3"]


def test_a_named_run_is_never_overwritten():
    folder.create("a", default="x")
    with pytest.raises(UsageError, match="--run a is taken; type: charrnn resume a"):
        folder.create("a", default="x")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "-flag", "a b"])
def test_a_name_that_is_no_folder_name_is_refused(name):
    with pytest.raises(UsageError, match="cannot name a run"):
        folder.create(name, default="x")


def test_the_newest_run_is_the_one_trained_last():
    for age, name in ((3, "old"), (1, "new"), (2, "middle")):
        run = folder.create(name, default="x")
        checkpoint.write(run.last, small())
        os.utime(run.last, (1000 - age, 1000 - age))
    folder.create("empty", default="x")
    assert [run.name for run in folder.everything()] == ["new", "middle", "old"]
    assert folder.find(None).name == "new"
    assert folder.find("old").name == "old"
    assert folder.find("checkpoints/old").folder == Path("checkpoints/old")


def test_a_run_that_is_not_there_is_answered_with_those_that_are():
    run = folder.create("mine", default="x")
    checkpoint.write(run.last, small())
    with pytest.raises(
        CheckpointError, match="there is no run 'yours' in /.*/checkpoints; there are: mine"
    ):
        folder.find("yours")


def test_a_run_speaks_with_its_best_or_else_its_last():
    run = folder.create("a", default="x")
    with pytest.raises(CheckpointError, match="the run 'a' has no checkpoint yet"):
        folder.find_to_speak("a")
    checkpoint.write(run.last, small())
    assert folder.find_to_speak("a")[0].progress.step == 3
    checkpoint.write(run.best, small(step=2))
    assert folder.find_to_speak(None)[0].progress.step == 2
    assert folder.find_to_speak(str(run.last))[0].progress.step == 3
    run.best.write_bytes(b"damaged")
    found, skipped = folder.find_to_speak("a")
    assert found.progress.step == 3
    assert "best.safetensors is not a valid" in skipped[0].message


def test_metrics_of_steps_to_be_made_again_are_forgotten():
    run = Run(Path())
    run.forget_metrics_after(3)  # nothing there: nothing to do
    for step in range(1, 6):
        run.record({"step": step, "loss": 1.0})
    with run.metrics.open("a") as file:
        file.write('{"step": 2, "lo')  # cut short by a crash
    run.forget_metrics_after(3)
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == [1, 2, 3]


def test_what_speaks_leaves_the_optimiser_on_disk(charrnn, corpus):
    charrnn("train", corpus, *SMALL, "--steps", 3, "--run", "a")
    for name in ("a", "checkpoints/a/last.safetensors"):
        found, _ = folder.find_to_speak(name)
        assert {array.split(".")[0] for array in found.arrays} == {"weights", "ngrams"}
    resumed, _ = folder.find("a").newest_valid()
    assert any(array.startswith("optimizer.") for array in resumed.arrays)
