"""Signals: the step is finished, the run is saved, and the exit code names the signal."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import SMALL, TRAIN, run_of, same_files, signal_at, start, wait_until
from matrix import row

from charrnn.runs import checkpoint
from charrnn.runs.run import Run
from charrnn.tasks import language_model


@row(15)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("step", [0, 24, 33])
def test_a_signal_finishes_the_step_saves_and_says_how_to_continue(
    charrnn, whole, tmp_path, name, step
):
    if not hasattr(signal, name):
        pytest.skip(f"there is no {name} here")
    number = getattr(signal, name)
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, step, number)
        stopped = charrnn(*TRAIN)
    assert stopped.code == 128 + number
    assert stopped.err.endswith(
        f"stopped after step {step + 1}, saved; continue with: charrnn resume a\n"
    )
    assert checkpoint.read(run_of(tmp_path).last).position.step == step + 1
    assert charrnn("resume", "a").code == 0
    same_files(run_of(tmp_path), whole)


@row(15)
@pytest.mark.parametrize("moment", ["validation_loss", "validation_loss_reset", "save"])
def test_a_signal_during_validation_or_a_save_lets_it_finish(charrnn, whole, tmp_path, moment):
    target = (Run, "save") if moment == "save" else (language_model, moment)
    original, calls = getattr(*target), []

    def interrupted(*given):
        calls.append(1)
        if len(calls) == 1 + (moment == "save"):  # the first save is that of step 0
            os.kill(os.getpid(), signal.SIGTERM)
        return original(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*target, interrupted)
        stopped = charrnn(*TRAIN, "--save-every", 0)
    assert stopped.code == 143
    assert "saved; continue with: charrnn resume a" in stopped.err
    assert charrnn("resume", "a").code == 0
    same_files(run_of(tmp_path), whole)


@row(16)
def test_a_signal_to_the_process_group_still_saves(charrnn, corpus):
    """A terminal sends Ctrl-C to the trainer and to all programs of its pipeline."""
    process = start(
        "train", corpus, *SMALL, "--steps", 10**6, "--threads", 2, "--run", "a",
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    metrics = Path("checkpoints/a/metrics.jsonl")  # its first line has the baselines
    wait_until(lambda: metrics.exists() and "learning_rate" in metrics.read_text())
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate()[1].decode()
    assert process.returncode == 130
    assert "saved; continue with: charrnn resume a" in output
    assert json.loads(charrnn("info", "a", "--json").out)["step"] >= 10


SETTINGS = [
    ("--cell", "gru", "--num-layers", 2, "--dropout", 0.3),
    pytest.param((), marks=pytest.mark.slow),
    pytest.param(("--cell", "rnn"), marks=pytest.mark.slow),
]


@row(1)
@row(13)
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_run_killed_with_sigkill_resumes_to_the_same_weights(charrnn, corpus, settings):
    train = ("train", corpus, *SMALL, "--steps", 300, "--eval-every", 120, "--threads", 1)
    process = start(*train, *settings, "--run", "a", "--save-every", 0, "--quiet")
    metrics = Path("checkpoints/a/metrics.jsonl")
    wait_until(lambda: metrics.exists() and metrics.read_text().count("learning_rate") > 1)
    process.kill()
    process.wait()
    killed_at = json.loads(charrnn("info", "a", "--json").out)["step"]
    assert 0 < killed_at < 300
    assert charrnn("resume", "a").code == 0
    assert charrnn(*train, *settings, "--run", "b").code == 0
    one, other = (json.loads(charrnn("info", name, "--json").out) for name in "ab")
    for name in ("weights_sha256", "val_loss", "val_loss_reset", "step", "best_step"):
        assert one[name] == other[name]


@row(15)
def test_a_second_signal_quits_at_once_and_keeps_the_checkpoint(charrnn, corpus):
    process = start(
        "train", corpus, "--hidden-size", 512, "--batch-size", 64, "--seq-length", 80,
        "--steps", 1000, "--threads", 1, "--run", "a", stderr=subprocess.PIPE,
    )  # fmt: skip
    metrics = Path("checkpoints/a/last.safetensors")
    wait_until(metrics.exists)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    error = process.communicate()[1].decode()
    assert process.returncode == 143
    assert "Saving after this step. Press Ctrl-C again to quit without saving." in error
    assert "Traceback" not in error
    assert charrnn("info", "a", "--json").code == 0


@row(15)
def test_a_closed_terminal_loses_nothing(charrnn, corpus):
    """All messages fail from then on; the hang-up signal saves the run, with exit code 129."""
    pty = pytest.importorskip("pty")
    ours, its = pty.openpty()
    process = start(
        "train", corpus, *SMALL, "--steps", 10**6, "--threads", 1, "--run", "a", stderr=its
    )
    os.close(its)
    recorded = Path("checkpoints/a/metrics.jsonl")  # the first losses come at step 10
    wait_until(lambda: recorded.exists() and "learning_rate" in recorded.read_text())
    os.close(ours)
    time.sleep(0.3)
    process.send_signal(signal.SIGHUP)
    assert process.wait() == 129
    assert json.loads(charrnn("info", "a", "--json").out)["step"] >= 10


@row(15)
@pytest.mark.slow
def test_an_ignored_signal_stays_ignored(charrnn, corpus):
    """Therefore `nohup charrnn train &` continues after its terminal is closed."""
    process = start(
        "train", corpus, *SMALL, "--steps", 600, "--threads", 1, "--run", "a", "--quiet",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    wait_until(lambda: Path("checkpoints/a/metrics.jsonl").exists())
    process.send_signal(signal.SIGHUP)
    assert process.wait() == 0
