import json
import multiprocessing
import os
from pathlib import Path

import pytest
from conftest import SMALL
from test_checkpoint import small

from charrnn import checkpoint, runs
from charrnn.errors import CheckpointError, LockedError, UsageError
from charrnn.runs import Run


def test_a_run_takes_its_default_name_and_then_numbers():
    names = [runs.create(None, default="my poems!").name for _ in range(3)]
    assert names == ["my-poems", "my-poems-2", "my-poems-3"]


def test_a_named_run_is_never_overwritten():
    runs.create("a", default="x")
    with pytest.raises(UsageError, match="--run a is taken; type: charrnn resume a"):
        runs.create("a", default="x")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "-flag", "a b"])
def test_a_name_that_is_no_folder_name_is_refused(name):
    with pytest.raises(UsageError, match="cannot name a run"):
        runs.create(name, default="x")


def _create(_):
    return runs.create(None, default="same").name


def test_fifty_launches_at_once_make_fifty_runs():
    with multiprocessing.get_context("fork").Pool(8) as pool:
        assert len(set(pool.map(_create, range(50)))) == 50


def test_the_newest_run_is_the_one_trained_last():
    for age, name in ((3, "old"), (1, "new"), (2, "middle")):
        run = runs.create(name, default="x")
        checkpoint.write(run.last, small())
        os.utime(run.last, (1000 - age, 1000 - age))
    runs.create("empty", default="x")
    assert [run.name for run in runs.everything()] == ["new", "middle", "old"]
    assert runs.find(None).name == "new"
    assert runs.find("old").name == "old"
    assert runs.find("checkpoints/old").folder == Path("checkpoints/old")


def test_a_run_that_is_not_there_is_answered_with_those_that_are():
    run = runs.create("mine", default="x")
    checkpoint.write(run.last, small())
    with pytest.raises(CheckpointError, match="there is no run 'yours'; there are: mine"):
        runs.find("yours")


def test_a_run_speaks_with_its_best_or_else_its_last():
    run = runs.create("a", default="x")
    with pytest.raises(CheckpointError, match="the run 'a' has no checkpoint yet"):
        runs.find_to_speak("a")
    checkpoint.write(run.last, small())
    assert runs.find_to_speak("a")[0].progress.step == 3
    checkpoint.write(run.best, small(step=2))
    assert runs.find_to_speak(None)[0].progress.step == 2
    assert runs.find_to_speak(str(run.last))[0].progress.step == 3
    run.best.write_bytes(b"damaged")
    found, skipped = runs.find_to_speak("a")
    assert found.progress.step == 3
    assert "best.safetensors is not a valid" in skipped[0].message


def test_a_damaged_last_checkpoint_gives_way_to_the_best():
    run = runs.create("a", default="x")
    checkpoint.write(run.last, small(step=9))
    checkpoint.write(run.best, small(step=5))
    assert run.newest_valid()[0].progress.step == 9
    run.last.write_bytes(run.last.read_bytes()[:-1])
    found, skipped = run.newest_valid()
    assert found.progress.step == 5
    assert "last.safetensors is not a valid charrnn checkpoint" in skipped[0].message
    run.best.unlink()
    with pytest.raises(CheckpointError, match=r"last\.safetensors is not a valid"):
        run.newest_valid()


def test_two_processes_cannot_train_one_run_and_a_killed_one_frees_it():
    run = runs.create("a", default="x")
    ready, wait = os.pipe()
    child = os.fork()
    if not child:
        with run.locked():
            os.write(wait, b"x")
            os.read(ready, 0)
            while True:
                os.sched_yield()
    os.read(ready, 1)
    with pytest.raises(LockedError, match=rf"is being trained by process {child} on \S+; wait"):
        with run.locked():
            pass
    os.kill(child, 9)
    os.waitpid(child, 0)
    with run.locked():
        pass


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
        found, _ = runs.find_to_speak(name)
        assert {array.split(".")[0] for array in found.arrays} == {"weights", "ngrams"}
    resumed, _ = runs.find("a").newest_valid()
    assert any(array.startswith("optimizer.") for array in resumed.arrays)
