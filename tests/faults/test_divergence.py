"""NaN, infinity and too little memory: no invalid number is ever saved."""

import json
import math
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import (
    SMALL,
    TRAIN,
    limits_memory,
    metrics,
    run_of,
    same_files,
    signal_at,
    small_text,
)
from matrix import crash_points, row

from charrnn.runs import checkpoint
from charrnn.tasks import language_model
from charrnn.training import checkpoints, loop


def poison(monkeypatch, place, step, *, times=1):
    """Put NaN or infinity into a training step, so many times."""
    left = [times]
    reset, update = language_model.reset_lanes, loop.Optimizer.step

    def is_due(number):
        if number != step or not left[0]:
            return False
        left[0] -= 1
        crash_points[22] += 1
        return True

    def poisoned_reset(state, begins_B, draws):
        if place == "loss" and is_due(draws.step):
            layers = tuple(tuple(part * torch.nan for part in layer) for layer in state.layers)
            state = state._replace(layers=layers)
        return reset(state, begins_B, draws)

    def poisoned_update(optimizer, *, rate, number, clip=0.0):
        if place == "gradient" and is_due(number - 1):
            optimizer.weights["head.bias"].grad[0] = torch.inf
        norm = update(optimizer, rate=rate, number=number, clip=clip)
        if place == "weight" and is_due(number - 1):
            optimizer.weights["head.weight"].data[0, 0] = torch.nan
        if place == "optimiser" and is_due(number - 1):
            optimizer.tensors()["layers.0.weight_hh.v"][0, 0] = -torch.inf
        return norm

    monkeypatch.setattr(language_model, "reset_lanes", poisoned_reset)
    monkeypatch.setattr(loop.Optimizer, "step", poisoned_update)


@pytest.fixture
def stopped(charrnn, corpus):
    """A run that was stopped and saved after step 34 of 60."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 33, signal.SIGINT)
        assert charrnn(*TRAIN).code == 130


@row(22)
@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("save_every", [0, 1000])
@pytest.mark.parametrize("place", ["loss", "gradient", "weight", "optimiser"])
def test_a_diverged_run_rolls_back_and_halves_its_learning_rate(
    charrnn, tmp_path, monkeypatch, place, save_every
):
    before = checkpoint.read(run_of(tmp_path).last)
    seen = []
    write = checkpoint.write
    monkeypatch.setattr(
        checkpoint, "write", lambda path, found: (seen.append(found), write(path, found))
    )
    poison(monkeypatch, place, 37)
    done = charrnn("resume", "a", "--save-every", save_every)
    assert done.code == 0
    assert "; continuing after step 3" in done.err
    assert "at half the rate, 0.0" in done.err
    assert "(rollback 1 of 3)" in done.err
    after = checkpoint.read(run_of(tmp_path).last)
    assert after.position.step == 60
    assert after.position.rollbacks == 1
    assert after.train.learning_rate == before.train.learning_rate / 2
    arrays = [array for found in seen for array in found.arrays.values()]
    assert all(np.isfinite(array).all() for array in arrays)
    recorded = metrics(run_of(tmp_path))
    assert [line["step"] for line in recorded if "loss" in line] == [10, 20, 30, 40, 50, 60]
    assert recorded[0].pop("baselines")
    assert all(
        math.isfinite(value)
        for line in recorded
        for value in line.values()
        if not isinstance(value, str)
    )
    assert charrnn("verify", "a").code == 0


@row(22)
@pytest.mark.usefixtures("stopped")
def test_a_run_that_rolled_back_resumes_exactly(charrnn, tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, "loss", 37)
        signal_at(patch, 41, signal.SIGINT)
        assert charrnn("resume", "a").code == 130
    found = checkpoint.read(run_of(tmp_path).last)
    assert (found.position.step, found.position.rollbacks) == (42, 1)
    assert charrnn("resume", "a").code == 0
    assert charrnn(*TRAIN[:-1], "b", "--steps", 34).code == 0  # its own schedule: only to copy
    run, other = run_of(tmp_path), run_of(tmp_path, "b")
    for path in (other.last, other.best):
        checkpoint.write(path, found)
    other.metrics.write_text("")
    assert charrnn("resume", "b").code == 0
    one, two = checkpoint.read(run.last), checkpoint.read(other.last)
    assert one.weights_sha256() == two.weights_sha256()


@row(22)
@pytest.mark.usefixtures("stopped")
def test_a_run_that_keeps_diverging_ends_with_its_exit_code(charrnn, tmp_path, monkeypatch):
    rate = checkpoint.read(run_of(tmp_path).last).train.learning_rate
    poison(monkeypatch, "loss", 37, times=10)
    failed = charrnn("resume", "a")
    assert failed.code == 5
    assert failed.err.count("at half the rate") == checkpoints.MAX_ROLLBACKS
    assert failed.err.endswith(
        "charrnn: training diverged by step 40: the loss is nan, with gradient norm nan at"
        f" learning rate {rate / 8 * 21 / 59:.3g}; the checkpoint before it is intact; start"
        f" a new run with a learning rate below {rate / 8:.3g} or a lower limit for gradients\n"
    )
    found = checkpoint.read(run_of(tmp_path).last)
    assert found.position.step == 34
    assert charrnn("resume", "a").code == 5  # it does not begin to count anew


@row(22)
def test_a_validation_loss_of_nan_never_becomes_the_best(charrnn, corpus, tmp_path, monkeypatch):
    measure, seen = language_model.validation_loss, []

    def poisoned(*given):
        seen.append(1)
        return math.nan if len(seen) == 2 else measure(*given)

    monkeypatch.setattr(language_model, "validation_loss", poisoned)
    assert charrnn(*TRAIN).code == 0
    assert math.isfinite(checkpoint.read(run_of(tmp_path).best).metrics["val_loss"])
    assert checkpoint.read(run_of(tmp_path).last).position.rollbacks == 1


@row(22)
def test_a_run_that_diverges_before_its_first_save_rolls_back_to_step_0(
    charrnn, corpus, tmp_path, monkeypatch
):
    poison(monkeypatch, "loss", 3)
    assert charrnn(*TRAIN).code == 0
    slow = checkpoint.read(run_of(tmp_path).last)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("charrnn._cores.num_cores", lambda: 1)
    rate = slow.train.learning_rate
    assert charrnn(*TRAIN[:-1], "b", "--learning-rate", rate).code == 0
    assert checkpoint.read(run_of(tmp_path, "b").last).weights_sha256() == slow.weights_sha256()


@row(23)
@limits_memory
def test_out_of_memory_is_one_line_and_leaves_the_checkpoint(charrnn, corpus, tmp_path):
    corpus.write_text(small_text() * 60)
    sizes = ("--hidden-size", 256, "--batch-size", 1024, "--seq-length", 256, "--steps", 5)
    arguments = ("train", corpus, *sizes, "--run", "a", "--threads", 1, "--quiet")
    charrnn("train", corpus, *SMALL, "--steps", 2)  # what a run imports, before the limit
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    num_pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = num_pages * resource.getpagesize() + 400_000_000  # one layer's gates take 1 GB
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        done = charrnn(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert done.code == 9
    assert done.err == (
        "charrnn: out of memory; what was saved is intact; lower --batch-size, --seq-length or"
        " --hidden-size\n"
    )
    assert checkpoint.read(run_of(tmp_path).last).position.step == 0
    assert json.loads(charrnn("info", "a", "--json").out)["batch_size"] == 1024
    assert charrnn("train", corpus, *SMALL, "--steps", 2).code == 0


def test_same_files_fails_for_different_runs(charrnn, corpus, tmp_path):
    """Check the function that many tests use to compare runs."""
    charrnn(*TRAIN)
    charrnn(*TRAIN[:-1], "b", "--seed", 2)
    with pytest.raises(AssertionError):
        same_files(run_of(tmp_path), run_of(tmp_path, "b"))


@row(22)
@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("place", ["weight", "optimiser"])
def test_sampling_from_invalid_weights_does_not_end_the_run(charrnn, monkeypatch, place):
    """A sample may be due before the next step, whose loss shows the divergence."""
    poison(monkeypatch, place, 37)
    done = charrnn("resume", "a", "--sample-every", 1)
    assert done.code == 0
    assert "(rollback 1 of 3)" in done.err
