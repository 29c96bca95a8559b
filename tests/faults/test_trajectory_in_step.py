"""A run in step makes the same numbers, however often it is stopped, observed or resumed."""

import math
import signal
import subprocess

import pytest
from conftest import (
    SMALL_PAIRS,
    run_of,
    same_files,
    signal_at,
    small_in_step,
    start_ranks,
)
from matrix import row

from charrnn.cli.console.reporters import WarningReporter
from charrnn.runs import checkpoint
from charrnn.training.callbacks import samples

TRAIN = (
    "train", "tags.tsv", "--in-step", *SMALL_PAIRS, "--steps", 40, "--eval-every", 15,
    "--threads", 1, "--run", "a",
)  # fmt: skip


@pytest.fixture(autouse=True)
def tags(tmp_path):
    path = tmp_path / "tags.tsv"
    path.write_text(small_in_step())
    return path


@row(13)
@pytest.mark.parametrize(
    "settings",
    [
        ("--cell", "gru", "--dropout", 0.3, "--weight-dropout", 0.1),
        ("--cell", "cifg", "--encoder-layers", 2, "--ngrams", 1, "--no-skip", "--causal"),
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
        "val_symbol_error_rate", "val_word_error_rate", "val_loss"
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
        (("--causal",), "--causal differs from the run's setting, no --causal;"),
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
    charrnn_once(*TRAIN, "--causal")
    assert charrnn("resume", "a", "--in-step", "--causal", *SMALL_PAIRS).code == 0


def test_the_weights_of_another_run_are_a_start_also_with_new_symbols(charrnn, tmp_path):
    assert charrnn(*TRAIN, "--causal").code == 0
    (tmp_path / "more.tsv").write_text(small_in_step(seed=1) + "xyz\txyZ\n" * 30)
    command = ("train", "more.tsv", "--in-step", "--batch-size", 4, "--steps", 3, "--run", "b")
    done = charrnn(*command, "--init-from", "a")
    assert done.code == 0, done.err
    before, after = (checkpoint.read_header(run_of(tmp_path, name).last) for name in "ab")
    assert after.model == before.model
    assert len(after.vocabs["target"]) > len(before.vocabs["target"])
    refused = charrnn(*command[:-1], "c", "--init-from", "a", "--hidden-size", 9)
    assert "--hidden-size 9 does not fit: a has 12" in refused.err


def test_a_run_from_targets_to_sources_in_a_form_of_unicode(charrnn, tmp_path):
    (tmp_path / "tags.tsv").write_text("e\u0301a\tE\u0301A\nea\tEA\n" * 20)
    flags = ("--reverse", "--source-normalise", "nfc", "--target-normalise", "nfc")
    assert charrnn(*TRAIN, *flags).code == 0
    header = checkpoint.read_header(run_of(tmp_path).last)
    assert header.vocabs["source"].decode(range(3)) == "AEÉ"
    assert len(charrnn("translate", "E\u0301A").out.strip()) == 2


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
