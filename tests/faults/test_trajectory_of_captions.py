"""A run of captions makes the same numbers, however often it is stopped, observed or resumed."""

import math
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import SMALL_PAIRS, run_of, same_files, signal_at, start_ranks
from drawn import save_captions, save_pictures
from matrix import row

from charrnn.cli.console.reporters import WarningReporter
from charrnn.runs import checkpoint
from charrnn.training.callbacks import samples

TRAIN = (
    "train", "captions.tsv", "--images", "pictures", "--image-size", 8, *SMALL_PAIRS,
    "--steps", 40, "--eval-every", 15, "--threads", 1, "--run", "a",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _captions():
    save_captions(save_pictures(60))


@row(13)
@pytest.mark.parametrize(
    "settings",
    [
        ("--cell", "gru", "--dropout", 0.3, "--weight-dropout", 0.1),
        ("--cell", "cifg", "--encoder-layers", 1, "--target-symbols", "spaces"),
        ("--optimizer", "adamw", "--decoder-layers", 1, "--dropout", 0.3),
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
        (("--images", "other"), "--images other differs from the run's setting, pictures;"),
        (("--image-size", 9), "--image-size 9 differs from the run's setting, 8;"),
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
    assert charrnn("resume", "a", "--images", "pictures", *SMALL_PAIRS).code == 0


@row(28)
def test_a_picture_that_changed_costs_one_line_and_keep_corpus_goes_on(charrnn, charrnn_once):
    charrnn_once(*TRAIN)
    Path("pictures/3.png").write_bytes(Path("pictures/4.png").read_bytes())
    changed = charrnn("resume", "a", "--steps", 50)
    assert changed.code == 3
    assert changed.err == (
        "charrnn: the corpus captions.tsv has changed since the run began; --keep-corpus goes on"
        " with the text as it was\n"
    )
    assert charrnn("resume", "a", "--steps", 50, "--keep-corpus", "--quiet").code == 0


def test_the_steps_of_a_run_are_repeated_to_verify_it(charrnn, tmp_path):
    charrnn(*TRAIN, "--save-every", 0)
    verified = charrnn("verify", "a")
    assert verified.code == 0, verified.err
    assert "bit-identical" in verified.out
    (path,) = (tmp_path / "checkpoints" / ".corpora").glob("*-pixels.npy")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    damaged = charrnn("verify", "a")
    assert damaged.code == 4
    assert "are not the pairs that the run began with" in damaged.err


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
