"""What surrounds the loop: saves, signals, metrics, validation, and disks that refuse."""

import errno
import json
import os
import signal

import pytest
import torch
from conftest import SMALL

from charrnn import checkpoint, runs, session, training
from charrnn.errors import StorageError
from charrnn.runs import Run

TRAIN = ("train", "corpus.txt", *SMALL, "--steps", 60, "--eval-every", 25, "--run", "a")
FIGURES = ("elapsed_seconds", "chars_per_second")  # the only ones that differ from time to time


def metrics(run: Run) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    return [{name: line[name] for name in line if name not in FIGURES} for line in lines]


def run_of(tmp_path, name="a") -> Run:
    return Run(tmp_path / "checkpoints" / name)


def same_files(one: Run, other: Run) -> None:
    """Two runs hold the same arrays to the bit, in last and in best."""
    for path, other_path in ((one.last, other.last), (one.best, other.best)):
        found, expected = checkpoint.read(path), checkpoint.read(other_path)
        assert found.progress.step == expected.progress.step
        assert found.progress.val_loss == expected.progress.val_loss
        assert found.progress.val_loss_reset == expected.progress.val_loss_reset
        assert {name: array.tobytes() for name, array in found.arrays.items()} == {
            name: array.tobytes() for name, array in expected.arrays.items()
        }
    assert metrics(one) == metrics(other)


def signal_at(monkeypatch, step, number):
    """Send this process a signal in the middle of the loop's step."""
    rate = training.learning_rate

    def interrupting(at, config):
        if at == step:
            os.kill(os.getpid(), number)
        return rate(at, config)

    monkeypatch.setattr(training, "learning_rate", interrupting)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("step", [0, 24, 33])
def test_a_signal_finishes_the_step_saves_and_says_how_to_go_on(
    charrnn, corpus, tmp_path, monkeypatch, number, step
):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, step, number)
        stopped = charrnn(*TRAIN)
    assert stopped.code == 128 + number
    assert stopped.err.endswith(
        f"stopped after step {step + 1}, saved; to go on: charrnn resume a\n"
    )
    assert checkpoint.read(run_of(tmp_path).last).progress.step == step + 1
    assert charrnn("resume", "a").code == 0
    assert charrnn(*TRAIN[:-1], "whole").code == 0
    same_files(run_of(tmp_path), run_of(tmp_path, "whole"))


@pytest.mark.parametrize(
    "settings", [("--cell", "gru", "--num-layers", 2, "--dropout", 0.3), ("--cell", "rnn"), ()]
)
def test_resuming_again_and_again_equals_one_run(charrnn, corpus, tmp_path, settings):
    """Interrupted at 7, 25 (a validation), 26 and 59 of 60 steps: all files equal to the bit."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 6, signal.SIGINT)
        charrnn(*TRAIN, *settings)
    for step in (24, 25, 58):
        with pytest.MonkeyPatch.context() as patch:
            signal_at(patch, step, signal.SIGTERM)
            assert charrnn("resume", "a").code == 143
    assert charrnn("resume").code == 0
    charrnn(*TRAIN[:-1], "whole", *settings)
    same_files(run_of(tmp_path), run_of(tmp_path, "whole"))


@pytest.mark.parametrize("settings", [("--save-every", 0), ("--quiet",), ("--json",)])
def test_saving_more_often_or_showing_less_changes_nothing(charrnn, corpus, tmp_path, settings):
    assert charrnn(*TRAIN).code == 0
    assert charrnn(*TRAIN[:-1], "b", *settings).code == 0
    same_files(run_of(tmp_path), run_of(tmp_path, "b"))


def test_sampling_while_it_trains_changes_nothing(charrnn, corpus, tmp_path, monkeypatch):
    charrnn(*TRAIN)
    monkeypatch.setattr(session.Quiet, "seconds_between_samples", 0.0)
    shown = []
    monkeypatch.setattr(session.Quiet, "sample", lambda self, text, step: shown.append(text))
    charrnn(*TRAIN[:-1], "b", "--quiet")
    assert len(shown) == 60
    assert all(len(text) == session._LENGTH_OF_SAMPLE for text in shown)
    same_files(run_of(tmp_path), run_of(tmp_path, "b"))


def test_best_is_the_lowest_validation_loss_and_last_is_the_last(charrnn, tmp_path):
    """Sixty characters are soon learned by heart, and then the validation loss rises."""
    (tmp_path / "corpus.txt").write_text("the quick brown fox jumps over the lazy dog again and a")
    settings = ("--steps", 400, "--eval-every", 20, "--learning-rate", 0.05, "--dropout", 0)
    assert charrnn("train", "corpus.txt", "--run", "a", *settings).code == 0
    run = run_of(tmp_path)
    losses = {line["step"]: line["val_loss"] for line in metrics(run) if "val_loss" in line}
    assert list(losses) == list(range(20, 401, 20))
    best, last = checkpoint.read(run.best), checkpoint.read(run.last)
    assert best.progress.val_loss == min(losses.values()) < losses[400]
    assert losses[best.progress.step] == best.progress.val_loss
    assert last.progress.step == 400
    assert best.progress.val_loss_reset is not None
    facts = json.loads(charrnn("info", "a", "--json").out)
    assert facts["val_loss"] == best.progress.val_loss
    assert facts["val_loss_reset"] == best.progress.val_loss_reset
    assert facts["weights_sha256"] == last.weights_sha256() != best.weights_sha256()


def test_metrics_hold_every_figure(charrnn, corpus, tmp_path):
    charrnn(*TRAIN)
    lines = metrics(run_of(tmp_path))
    assert [line["step"] for line in lines if "loss" in line] == [10, 20, 30, 40, 50, 60]
    assert [line["step"] for line in lines if "val_loss" in line] == [25, 50, 60]
    assert lines[0].keys() == {"step", "baselines"}
    assert lines[0]["step"] == 0
    assert lines[1].keys() == {"step", "loss", "bits_per_char", "grad_norm", "learning_rate"}


def refusing(monkeypatch, times):
    """The next so many checkpoints meet a full disk."""
    write, left = checkpoint.write_atomically, [times]

    def full(path, pieces):
        if left[0]:
            left[0] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, pieces)

    monkeypatch.setattr(checkpoint, "write_atomically", full)


def test_a_disk_that_refuses_at_the_start_ends_the_run_before_step_one(
    charrnn, corpus, monkeypatch
):
    refusing(monkeypatch, 1)
    failed = charrnn(*TRAIN)
    assert failed.code == 6
    assert "cannot write checkpoints/a/last.safetensors: No space left on device" in failed.err
    assert charrnn(*TRAIN).code == 0  # the name is still free


def test_a_disk_that_refuses_in_mid_run_costs_nothing_but_a_warning(
    charrnn, corpus, tmp_path, monkeypatch
):
    charrnn(*TRAIN[:-1], "whole")
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 9, signal.SIGINT)
        charrnn(*TRAIN)
    refusing(monkeypatch, 3)
    warned = charrnn("resume", "a", "--save-every", 0)
    assert warned.code == 0
    assert warned.err.count("training goes on and the next save tries again") == 3
    same_files(run_of(tmp_path), run_of(tmp_path, "whole"))


def test_a_disk_that_refuses_the_metrics_ends_a_resume_with_its_code(
    charrnn, corpus, tmp_path, monkeypatch
):
    charrnn(*TRAIN)

    def full(path, pieces):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(runs, "write_atomically", full)
    failed = charrnn("resume", "a", "--steps", 90)
    assert failed.code == 6
    assert "cannot write in checkpoints/a: Read-only file system" in failed.err


def test_a_disk_that_refuses_the_last_save_says_so(charrnn, corpus, tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 9, signal.SIGINT)
        charrnn(*TRAIN)
    refusing(monkeypatch, 10**6)
    assert charrnn("resume", "a").code == StorageError.exit_code
    assert checkpoint.read(run_of(tmp_path).last).progress.step == 10


def test_a_loss_that_is_no_number_is_never_saved(charrnn, corpus, tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 33, signal.SIGINT)
        charrnn(*TRAIN)
    forget = training.forget

    def poisoned(state, begins_B, config, step):
        if step == 37:
            layers = tuple(tuple(part * torch.nan for part in layer) for layer in state.layers)
            state = state._replace(layers=layers)
        return forget(state, begins_B, config, step)

    monkeypatch.setattr(training, "forget", poisoned)
    failed = charrnn("resume", "a")
    assert failed.code == 5
    assert "training diverged by step 40: loss nan" in failed.err
    assert "a lower --learning-rate than 0.024" in failed.err
    assert checkpoint.read(run_of(tmp_path).last).progress.step == 34


def test_a_poisoned_weight_is_never_saved_either(charrnn, corpus, tmp_path, monkeypatch):
    """Even at the very save that comes before the next look at the loss."""
    monkeypatch.setattr(training.Learner, "arrays", _poisoned_arrays(training.Learner.arrays))
    failed = charrnn(*TRAIN, "--save-every", 0)
    assert failed.code == 5
    assert checkpoint.read(run_of(tmp_path).last).progress.step == 3


def _poisoned_arrays(arrays):
    def poisoned(learner):
        found = arrays(learner)
        if learner.step == 4:
            found["weights.head.bias"][0] = float("nan")
        return found

    return poisoned
