"""A run of pairs makes the same numbers, however often it is stopped, observed or resumed."""

import math
import signal
import subprocess

import pytest
from conftest import SMALL_PAIRS, metrics, run_of, same_files, signal_at, small_pairs, start_ranks
from matrix import row

from charrnn.cli.console.reporters import WarningReporter
from charrnn.runs import checkpoint
from charrnn.training.callbacks import samples

TRAIN = (
    "train", "pairs.tsv", "--pairs", *SMALL_PAIRS, "--steps", 40, "--eval-every", 15,
    "--threads", 1, "--run", "a",
)  # fmt: skip


@pytest.fixture(autouse=True)
def pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(small_pairs())
    return path


@row(13)
@pytest.mark.parametrize(
    "settings",
    [
        ("--cell", "gru", "--dropout", 0.3, "--weight-dropout", 0.1),
        ("--attention", "none", "--optimizer", "adamw"),
        ("--cell", "cifg", "--encoder-layers", 1, "--decoder-layers", 3, "--dropout", 0.3),
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
        "val_word_error_rate", "val_symbol_error_rate", "val_loss"
    }  # fmt: skip


def test_of_equal_error_rates_the_latest_is_the_best(charrnn, tmp_path):
    """An error rate stays where it is for long, at 100 % at first, while the loss falls."""
    charrnn(*TRAIN, "--eval-every", 10)
    run = run_of(tmp_path)
    lines = [line for line in metrics(run) if "val_word_error_rate" in line]
    rates = [line["val_word_error_rate"] for line in lines]
    latest = max(line["step"] for line in lines if line["val_word_error_rate"] == min(rates))
    assert rates.count(min(rates)) > 1
    assert checkpoint.read_header(run.best).position.step == latest


@row(14)
def test_saving_and_sampling_more_often_changes_nothing(charrnn, tmp_path, monkeypatch):
    charrnn(*TRAIN, "--sample-every", 0)
    monkeypatch.setattr(WarningReporter, "seconds_between_samples", 0.0)
    monkeypatch.setattr(samples, "MAX_SHARE_OF_TIME", math.inf)
    shown = []
    monkeypatch.setattr(WarningReporter, "show_sample", lambda self, text, step: shown.append(text))
    assert charrnn(*TRAIN[:-1], "b", "--quiet", "--save-every", 0, "--sample-every", 1).code == 0
    assert len(shown) == 41
    assert all(text.count("\n") == 2 and text.count(" → ") == 3 for text in shown)
    run = run_of(tmp_path, "b")
    lines = run.metrics.read_text().splitlines(keepends=True)
    run.metrics.write_text("".join(line for line in lines if '"sample"' not in line))
    same_files(run_of(tmp_path), run)


@row(18)
@pytest.mark.parametrize(
    ("flags", "difference"),
    [
        (("--hidden-size", 99), "--hidden-size 99 differs from the run's setting, 12;"),
        (("--attention", "none"), "--attention none differs from the run's setting, dot;"),
        (("--normalise", "nfd"), "--normalise nfd differs from the run's setting, none;"),
        (("--source", "x"), "--source ['x'] differs from the run's setting, [];"),
        (("--ngrams", 3), "--ngrams is for a new run;"),
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
    charrnn_once(*TRAIN, "--reverse")
    same = ("--pairs", "--reverse", *SMALL_PAIRS, "--max-length", 1000)
    assert charrnn("resume", "a", *same).code == 0
    refused = charrnn("train", "pairs.tsv", "--steps", 1, "--run", "text", *SMALL_PAIRS)
    assert refused.code == 0
    refused = charrnn("resume", "text", "--pairs")
    assert "--pairs differs from the run's setting, no --pairs" in refused.err


def test_the_steps_of_a_run_are_repeated_to_verify_it(charrnn, tmp_path):
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
