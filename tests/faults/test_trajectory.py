"""A run makes the same numbers, however often it is stopped, observed or resumed."""

import dataclasses
import json
import math
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from conftest import SMALL, TRAIN, run_of, same_files, signal_at, start, wait_until
from matrix import row
from test_loop import CONFIG, lanes_of, run, same, state_of

from charrnn import _cores
from charrnn.cli.console.reporters import WarningReporter
from charrnn.runs import checkpoint
from charrnn.runs.run import Run
from charrnn.tasks.prefetch import Prefetcher
from charrnn.training.callbacks import samples
from charrnn.training.loop import train

QUICK = (*SMALL, "--steps", 20, "--eval-every", 10)


@row(13)
@pytest.mark.parametrize("optimizer", ["soap", pytest.param("adamw", marks=pytest.mark.slow)])
def test_a_resumed_run_equals_an_uninterrupted_one(cell, optimizer):
    """At every step: all arrays and all losses are equal to the bit."""
    config = dataclasses.replace(CONFIG, optimizer=optimizer)
    whole = state_of(cell, config)
    saved, losses = [copied(whole)], []
    for report in train(whole, Prefetcher(lanes_of(), "cpu"), config):
        losses.append(float(report.loss))
        saved.append(copied(whole))
    for split, arrays in enumerate(saved):
        resumed = state_of(cell, dataclasses.replace(config, seed=99))  # other weights, replaced
        resumed.restore(arrays, step=split)
        assert run(resumed, config) == losses[split:]
        same(resumed.arrays(), saved[-1])


def copied(state):
    return {name: array.copy() for name, array in state.arrays().items()}


@row(13)
@pytest.mark.parametrize(
    "settings", [("--cell", "gru", "--num-layers", 2, "--dropout", 0.3), ("--cell", "rnn"), ()]
)
def test_resuming_again_and_again_equals_one_run(charrnn, charrnn_once, corpus, tmp_path, settings):
    """Interrupted after 7, 25 (a validation), 26 and 59 of 60 steps, all files are equal."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 6, signal.SIGINT)
        charrnn(*TRAIN, *settings)
    for step in (24, 25, 58):
        with pytest.MonkeyPatch.context() as patch:
            signal_at(patch, step, signal.SIGTERM)
            assert charrnn("resume", "a").code == 143
    assert charrnn("resume").code == 0
    charrnn_once(*TRAIN[:-1], "whole", *settings)
    same_files(run_of(tmp_path), run_of(tmp_path, "whole"))


@row(14)
@pytest.mark.parametrize("settings", [("--save-every", 0), ("--quiet",), ("--json",)])
def test_saving_more_often_or_showing_less_changes_nothing(charrnn, whole, tmp_path, settings):
    assert charrnn(*TRAIN, *settings).code == 0
    same_files(run_of(tmp_path), whole)


@row(14)
def test_sampling_while_it_trains_changes_nothing(charrnn, corpus, tmp_path, monkeypatch):
    """Sample after every step (by number or by time), or never."""
    charrnn(*TRAIN, "--sample-every", 0)
    monkeypatch.setattr(WarningReporter, "seconds_between_samples", 0.0)
    monkeypatch.setattr(samples, "MAX_SHARE_OF_TIME", math.inf)
    shown = []
    monkeypatch.setattr(WarningReporter, "show_sample", lambda self, text, step: shown.append(text))
    charrnn(*TRAIN[:-1], "b", "--quiet")
    charrnn(*TRAIN[:-1], "c", "--quiet", "--sample-every", 1)
    assert len(shown) == 2 * 61
    assert shown[:61] == shown[61:]
    assert all(len(text) == 240 for text in shown)
    for name in "bc":
        run = run_of(tmp_path, name)
        lines = run.metrics.read_text().splitlines(keepends=True)
        run.metrics.write_text("".join(line for line in lines if '"sample"' not in line))
        same_files(run_of(tmp_path), run)


@row(20)
def test_resuming_with_another_number_of_threads_warns(charrnn, corpus, monkeypatch):
    monkeypatch.setattr(_cores, "num_cores", lambda: 2)
    charrnn("train", corpus, *QUICK, "--threads", 1, "--run", "a")
    resumed = charrnn("resume", "a", "--steps", 30, "--threads", 2)
    assert resumed.code == 0
    assert (
        "the run began with threads 1, now 2: results may differ in the last digits" in resumed.err
    )


@row(20)
def test_resuming_with_another_number_of_processes_warns(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--run", "a")
    run = run_of(tmp_path)
    found = checkpoint.read(run.last)
    position = dataclasses.replace(found.position, ranks=3)
    checkpoint.write(run.last, dataclasses.replace(found, position=position))
    resumed = charrnn("resume", "a", "--steps", 30)
    assert resumed.code == 0
    assert (
        "the run began with processes 3, now 1: results may differ in the last digits"
        in resumed.err
    )
    assert checkpoint.read(run.last).position.ranks == 1


@row(19)
def test_a_missing_gpu_is_replaced_by_the_cpu_with_a_warning(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--run", "a")
    run = Run(tmp_path / "checkpoints/a")
    found = checkpoint.read(run.last)
    runtime = dataclasses.replace(found.runtime, device="cuda:99")
    checkpoint.write(run.last, dataclasses.replace(found, runtime=runtime))
    resumed = charrnn("resume", "a", "--steps", 30)
    assert resumed.code == 0
    assert "the run began with device cuda:99, now cpu: dropout differs from here on" in resumed.err


@row(17)
def test_jumps_of_the_wall_clock_change_nothing(charrnn, whole, tmp_path, monkeypatch):
    """Nothing depends on the wall clock, which jumps a day forward or a year back."""
    jumps, now = random.Random(0), time.time
    monkeypatch.setattr(time, "time", lambda: now() + jumps.choice([86_400, -31_536_000]))
    assert charrnn(*TRAIN).code == 0
    same_files(run_of(tmp_path), whole)


@row(17)
@pytest.mark.slow
def test_a_suspended_process_continues_to_the_same_weights(charrnn, corpus, tmp_path):
    train = ("train", corpus, *SMALL, "--steps", 400, "--eval-every", 200, "--threads", 1)
    process = start(*train, "--run", "a", "--quiet")
    wait_until(lambda: run_of(tmp_path).metrics.exists())
    for _ in range(3):
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    assert process.wait() == 0
    assert charrnn(*train, "--run", "b", "--quiet").code == 0
    same_files(run_of(tmp_path), run_of(tmp_path, "b"))


@row(18)
@pytest.mark.parametrize(
    ("flags", "difference"),
    [
        (("--hidden-size", 99), "--hidden-size 99 differs from the run's setting, 12"),
        (("--cell", "gru"), "--cell gru differs from the run's setting, lstm"),
        (("--batch_size", 5), "--batch-size 5 differs from the run's setting, 4"),
        (("--seed", 7), "--seed 7 differs from the run's setting, 1"),
    ],
)
def test_resuming_with_other_sizes_names_the_difference(charrnn, whole, flags, difference):
    before = whole.last.read_bytes()
    for arguments in (("whole", *flags), flags):
        refused = charrnn("resume", *arguments)
        assert refused.code == 2
        assert refused.err == (
            f"charrnn: {difference}; a run keeps its settings: leave the flag out, or train a new"
            " run\n"
        )
    assert whole.last.read_bytes() == before
    assert charrnn("resume", *SMALL).code == 0  # repeating the run's own flags is allowed
    assert charrnn("resume", "--dropout", "0.30", "--weight-decay", "0.10").code == 0
    refused = charrnn("resume", "--dropout", "none")
    assert "Invalid value for '--dropout': 'none' is not a valid float" in refused.err


@row(18)
def test_a_run_with_more_steps_follows_the_schedule_of_its_new_length(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--learning-rate", 0.012, "--run", "a")
    assert charrnn("resume", "a", "--steps", 40).code == 0
    lines = map(json.loads, run_of(tmp_path).metrics.read_text().splitlines())
    rates = {line["step"]: line["learning_rate"] for line in lines if "learning_rate" in line}
    assert rates[30] == pytest.approx(0.012 * (40 - 29) / 39)
    refused = charrnn("resume", "a", "--steps", 30)
    assert refused.code == 2
    assert "has already made 40 steps; a new length must be greater, 30 is not" in refused.err


@row(21)
@pytest.mark.slow
def test_another_locale_or_hash_seed_changes_nothing(corpus, tmp_path):
    corpus.write_text(corpus.read_text() + "naïve café — ñandú\n" * 9)
    sums = set()
    for number, settings in enumerate(
        [
            {"LC_ALL": "C", "PYTHONHASHSEED": "0"},
            {"LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
            {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONHASHSEED": "2", "PYTHONUTF8": "0"},
        ]
    ):
        name = f"run{number}"
        command = [sys.executable, "-m", "charrnn", *map(str, TRAIN[:-1]), name, "--threads", "1"]
        subprocess.run([*command, "--quiet"], check=True, env=os.environ | settings)
        sums.add(checkpoint.read(run_of(tmp_path, name).last).weights_sha256())
    assert len(sums) == 1
