"""A run of labels makes the same numbers, however often it is stopped, observed or resumed."""

import math
import signal
import subprocess

import pytest
from conftest import (
    SMALL_PAIRS,
    run_of,
    same_files,
    signal_at,
    small_labels,
    start_ranks,
)
from matrix import row

from charrnn.cli.console.reporters import WarningReporter
from charrnn.runs import checkpoint
from charrnn.training.callbacks import samples

TRAIN = (
    "train", "labels.tsv", "--labels", *SMALL_PAIRS, "--steps", 40, "--eval-every", 15,
    "--threads", 1, "--run", "a",
)  # fmt: skip


@pytest.fixture(autouse=True)
def labels(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text(small_labels())
    return path


@row(13)
@pytest.mark.parametrize(
    "settings",
    [
        ("--cell", "gru", "--dropout", 0.3, "--weight-dropout", 0.1),
        ("--cell", "cifg", "--encoder-layers", 2, "--ngrams", 1, "--no-skip"),
        ("--optimizer", "adamw", "--ngrams", 2, "--ngram-min-count", 2, "--dropout", 0.3),
    ],
)
def test_resuming_again_and_again_equals_one_run(charrnn, charrnn_once, tmp_path, settings):
    """Interrupted after 7, 15 (a validation), 16 and 39 of 40 steps, all files are equal."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 6, signal.SIGINT)
        charrnn(*TRAIN, *settings)
    for step in (14, 15, 38):
        with pytest.MonkeyPatch.context() as patch:
            signal_at(patch, step, signal.SIGTERM)
            assert charrnn("resume", "a").code == 143
    assert charrnn("resume").code == 0
    charrnn_once(*TRAIN[:-1], "whole", *settings)
    same_files(run_of(tmp_path), run_of(tmp_path, "whole"))
    assert checkpoint.read_header(run_of(tmp_path).best).metrics.keys() >= {
        "val_error_rate", "val_macro_f1", "val_loss"
    }  # fmt: skip


@row(14)
def test_saving_and_sampling_more_often_changes_nothing(charrnn, tmp_path, monkeypatch):
    charrnn(*TRAIN, "--sample-every", 0)
    monkeypatch.setattr(WarningReporter, "seconds_between_samples", 0.0)
    monkeypatch.setattr(samples, "MAX_SHARE_OF_TIME", math.inf)
    assert charrnn(*TRAIN[:-1], "b", "--quiet", "--save-every", 0, "--sample-every", 1).code == 0
    run = run_of(tmp_path, "b")
    lines = run.metrics.read_text().splitlines(keepends=True)
    assert sum('"sample"' in line for line in lines) == 41
    run.metrics.write_text("".join(line for line in lines if '"sample"' not in line))
    same_files(run_of(tmp_path), run)


@row(18)
@pytest.mark.parametrize(
    ("flags", "difference"),
    [
        (("--hidden-size", 99), "--hidden-size 99 differs from the run's setting, 12;"),
        (("--no-skip",), "--no-skip differs from the run's setting, --skip;"),
        (("--pairs",), "--pairs differs from the run's setting, no --pairs;"),
        (("--attention", "none"), "--attention is for a new run;"),
    ],
)
def test_resuming_with_other_settings_names_the_difference(
    charrnn, charrnn_once, flags, difference
):
    charrnn_once(*TRAIN)
    refused = charrnn("resume", "a", *flags)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"charrnn: {difference}")


def test_resuming_may_repeat_the_flags_of_the_run(charrnn, charrnn_once):
    charrnn_once(*TRAIN)
    assert charrnn("resume", "a", "--labels", *SMALL_PAIRS, "--max-length", 10_000).code == 0


def test_the_steps_of_a_run_are_repeated_to_verify_it(charrnn):
    charrnn(*TRAIN, "--save-every", 0)
    verified = charrnn("verify", "a")
    assert verified.code == 0, verified.err
    assert "bit-identical" in verified.out


@pytest.mark.xdist_group("two")
def test_two_processes_learn_what_one_does(charrnn, tmp_path):
    command = (*TRAIN[:-2], "--dropout", 0.3, "--optimizer", "adamw", "--quiet")
    assert charrnn(*command, "--name", "alone").code == 0
    processes = start_ranks(
        2, "-m", "charrnn", *command, "--name", "two", stderr=subprocess.PIPE, text=True
    )
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    alone, two = (checkpoint.read(run_of(tmp_path, name).last) for name in ("alone", "two"))
    assert two.position.ranks == 2
    assert two.metrics["val_loss"] == pytest.approx(alone.metrics["val_loss"], abs=1e-4)
