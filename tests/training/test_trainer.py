"""What surrounds the loop: metrics and validation. What may go wrong has its tests in faults/."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from conftest import SMALL, TRAIN, metrics, run_of

from charrnn.runs import checkpoint
from charrnn.training import clock
from charrnn.training import trainer as trainers
from charrnn.training.budget import Budget
from charrnn.training.callbacks.callback import Callback
from charrnn.training.loop import Report
from charrnn.training.setup.request import ResumeRequest
from charrnn.training.setup.resume import resume_run
from charrnn.training.setup.session import Session


def test_best_is_the_lowest_validation_loss_and_last_is_the_last(charrnn, tmp_path):
    """Sixty characters are soon learned by heart, and then the validation loss rises."""
    (tmp_path / "corpus.txt").write_text("the quick brown fox jumps over the lazy dog again and a")
    schedule = ("--allow-short", "--steps", 200, "--eval-every", 20, "--learning-rate", 0.05)
    done = charrnn("train", "corpus.txt", *SMALL, *schedule, "--dropout", 0, "--run", "a")
    assert done.code == 0
    run = run_of(tmp_path)
    losses = {line["step"]: line["val_loss"] for line in metrics(run) if "val_loss" in line}
    assert list(losses) == list(range(20, 201, 20))
    best, last = checkpoint.read(run.best), checkpoint.read(run.last)
    assert best.metrics["val_loss"] == min(losses.values()) < losses[200]
    assert losses[best.position.step] == best.metrics["val_loss"]
    assert last.position.step == 200
    assert best.metrics.get("val_loss_reset") is not None
    facts = json.loads(charrnn("info", "a", "--json").out)
    assert facts["val_loss"] == best.metrics["val_loss"]
    assert facts["val_loss_reset"] == best.metrics.get("val_loss_reset")
    assert facts["weights_sha256"] == last.weights_sha256() != best.weights_sha256()


def test_metrics_hold_every_figure(charrnn, corpus, tmp_path):
    charrnn(*TRAIN)
    lines = metrics(run_of(tmp_path))
    assert [line["step"] for line in lines if "loss" in line] == [10, 20, 30, 40, 50, 60]
    assert [line["step"] for line in lines if "val_loss" in line] == [25, 50, 60]
    assert lines[0].keys() == {"step", "baselines"}
    assert lines[0]["step"] == 0
    assert [line["step"] for line in lines if "sample" in line] == [0, 10, 25, 50, 60]
    assert lines[1].keys() == {"step", "sample"}
    assert lines[2].keys() == {"step", "loss", "bits_per_char", "grad_norm", "learning_rate"}


@pytest.fixture
def events():
    return Events()


@pytest.fixture
def trainer(charrnn_once, corpus, tmp_path, events):
    """A run of 60 steps, to go on from step 60 to step 90; `events` hears of it."""
    charrnn_once(*TRAIN)
    with run_of(tmp_path).locked():
        request = ResumeRequest(run_of(tmp_path), Budget(steps=90))
        yield resume_run(request, Session(callbacks=(events,), save_every=600))


def test_recent_losses_move_to_the_device_of_the_run(trainer):
    """They are put together with new ones, and torch does not mix a GPU's with a processor's."""
    start = trainer.checkpoints.current()
    elsewhere = dataclasses.replace(start.runtime, device="meta")  # a device that is always there
    arrays = {**start.arrays, "recent_losses": torch.ones(3).numpy()}
    trainer.continue_from(dataclasses.replace(start, runtime=elsewhere, arrays=arrays))
    assert [loss.device.type for loss in trainer.recent_losses] == ["meta"] * 3


def test_waiting_for_a_gpu_counts_as_training_time(trainer, monkeypatch):
    """A step returns when it is asked for. It is done when its loss can be read: all of them, where
    the loss of the last one can.
    """
    now, unfinished = 0.0, 0

    class Loss:
        def __float__(self):
            nonlocal now, unfinished
            now, unfinished = now + unfinished, 0
            return 2.0

    def asked_for(state, batches, config):
        nonlocal unfinished
        state.step += 1
        unfinished += 1
        return Report(state.step, Loss(), Loss(), 0.01)

    monkeypatch.setattr(trainers, "take_step", asked_for)
    monkeypatch.setattr(trainer, "emit", lambda *_, **__: None)
    monkeypatch.setattr(clock.time, "monotonic", lambda: now)
    steps = trainer.steps()
    for _ in range(20):
        next(steps)
    assert (trainer.stopwatch.seconds, unfinished) == (20, 0)
    monkeypatch.undo()


class Events(Callback):
    """Notes what happens, and at which step."""

    def __init__(self):
        self.heard = []

    def on_start(self, trainer):
        self.heard.append(("start", trainer.state.step))

    def on_validation(self, trainer, metrics):
        self.heard.append((f"validation of {next(iter(metrics))}", trainer.state.step))

    def on_finish(self, trainer):
        self.heard.append(("finish", trainer.state.step))

    def on_close(self, trainer):
        self.heard.append(("close", trainer.state.step))


def test_a_caller_walks_through_the_steps_and_hears_what_happens(trainer, events, tmp_path):
    assert [report.step for report in trainer.steps()] == list(range(61, 91))
    happened = [("start", 60), ("validation of loss", 75), ("validation of loss", 90)]
    assert events.heard == [*happened, ("finish", 90), ("close", 90)]
    last = checkpoint.read(run_of(tmp_path).last)
    assert last.position.step == 90
    weights = trainer.state.module.arrays()  # measuring the best ones left them as they were
    assert all(
        np.array_equal(array, last.group("weights")[name]) for name, array in weights.items()
    )


def test_a_caller_that_leaves_early_leaves_the_run_saved(charrnn, trainer, tmp_path):
    steps = trainer.steps()
    next(report for report in steps if report.step == 67)
    steps.close()
    assert checkpoint.read(run_of(tmp_path).last).position.step == 67


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_run_is_resumed_on_a_gpu_between_two_figures(charrnn, corpus, tmp_path):
    train = ("train", corpus, *SMALL, "--device", "cuda")
    assert charrnn(*train, "--steps", 24, "--run", "a").code == 0
    assert charrnn("resume", "a", "--steps", 40).code == 0
    assert metrics(run_of(tmp_path))[-1]["step"] == 40
