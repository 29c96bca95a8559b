"""A run of every task makes the same numbers, however often it is stopped, observed or resumed."""

import math
import signal
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    SMALL_PAIRS,
    metrics,
    run_of,
    same_files,
    signal_at,
    small_in_step,
    small_labels,
    small_pairs,
    start_ranks,
)
from drawn import save_captions, save_pictures
from matrix import row

from charrnn.cli.console.reporters import WarningReporter
from charrnn.runs import checkpoint
from charrnn.training.callbacks import samples

Flags = tuple[Any, ...]
DROPOUT = ("--cell", "gru", "--dropout", 0.3, "--weight-dropout", 0.1)
ADAMW = ("--optimizer", "adamw", "--dropout", 0.3)


@dataclass(frozen=True)
class Example:
    """A small corpus of a task, and what is special about runs of it."""

    write: Callable[[], None]  # its files, into the folder of the test
    kind: Flags  # what `train` is given to learn it
    settings: tuple[Flags, ...]  # networks whose runs are interrupted
    differences: tuple[tuple[Flags, str], ...]  # what `resume` refuses, and its first words
    metrics: frozenset[str]

    @property
    def train(self) -> Flags:
        return (
            "train", *self.kind, *SMALL_PAIRS, "--steps", 40, "--eval-every", 15,
            "--threads", 1, "--run", "a",
        )  # fmt: skip


def written(name: str, lines: Callable[[], str]) -> Callable[[], None]:
    return lambda: Path(name).write_text(lines()) and None


IN_ALL = frozenset({"val_loss", "val_word_error_rate", "val_symbol_error_rate"})
OTHER_WIDTH = ("--hidden-size", 99), "--hidden-size 99 differs from the run's setting, 12;"
FOR_A_NEW_RUN = ("--attention", "none"), "--attention is for a new run;"
NO_PAIRS = ("--pairs",), "--pairs differs from the run's setting, no --pairs;"
EXAMPLES = {
    "pairs": Example(
        written("pairs.tsv", small_pairs),
        ("pairs.tsv", "--pairs"),
        (
            ("--cell", "cifg", "--encoder-layers", 1, "--decoder-layers", 3, "--dropout", 0.3),
            ("--attention", "none", "--optimizer", "adamw"),
            DROPOUT,
        ),
        (
            OTHER_WIDTH,
            (("--attention", "none"), "--attention none differs from the run's setting, dot;"),
            (("--normalise", "nfd"), "--normalise nfd differs from the run's setting, none;"),
            (("--source", "x"), "--source x differs from the run's setting, no --source;"),
            (("--ngrams", 3), "--ngrams is for a new run;"),
        ),
        IN_ALL,
    ),
    "labels": Example(
        written("labels.tsv", small_labels),
        ("labels.tsv", "--labels"),
        (
            (*ADAMW, "--ngrams", 2, "--ngram-min-count", 2),
            ("--cell", "cifg", "--encoder-layers", 2, "--ngrams", 1, "--no-skip"),
            DROPOUT,
        ),
        (
            OTHER_WIDTH,
            (("--no-skip",), "--no-skip differs from the run's setting, --skip;"),
            NO_PAIRS,
            FOR_A_NEW_RUN,
        ),
        frozenset({"val_error_rate", "val_macro_f1", "val_loss"}),
    ),
    "in step": Example(
        written("tags.tsv", small_in_step),
        ("tags.tsv", "--in-step"),
        (
            ("--cell", "cifg", "--encoder-layers", 2, "--ngrams", 1, "--no-skip", "--causal"),
            (*ADAMW, "--ngrams", 2, "--ngram-min-count", 2),
            DROPOUT,
        ),
        (
            (("--causal",), "--causal differs from the run's setting, no --causal;"),
            NO_PAIRS,
            FOR_A_NEW_RUN,
        ),
        IN_ALL,
    ),
    "captions": Example(
        lambda: save_captions(save_pictures(60)) and None,
        ("captions.tsv", "--images", "pictures", "--image-size", 8),
        (
            DROPOUT,
            ("--cell", "cifg", "--encoder-layers", 1, "--target-symbols", "spaces"),
            (*ADAMW, "--decoder-layers", 1),
        ),
        (
            OTHER_WIDTH,
            (("--images", "other"), "--images other differs from the run's setting, pictures;"),
            (("--image-size", 9), "--image-size 9 differs from the run's setting, 8;"),
            NO_PAIRS,
            FOR_A_NEW_RUN,
        ),
        IN_ALL,
    ),
}


@pytest.fixture
def example(task: str) -> Example:
    EXAMPLES[task].write()
    return EXAMPLES[task]


def first_here(cases: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Take the first case of each task here, and the others where slow tests run."""
    seen: set[str] = set()
    marked = []
    for case in cases:
        marks = [pytest.mark.slow] if case[0] in seen else []
        marked.append(pytest.param(*case, marks=marks))
        seen.add(case[0])
    return marked


every_task = pytest.mark.parametrize("task", EXAMPLES)


@row(13)
@pytest.mark.parametrize(
    ("task", "settings"),
    first_here((task, of) for task, example in EXAMPLES.items() for of in example.settings),
)
def test_resuming_again_and_again_equals_one_run(charrnn, tmp_path, example, settings):
    """Interrupted after 7, 15 (a validation), 16 and 39 of 40 steps, all files are equal."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 6, signal.SIGINT)
        assert charrnn(*example.train, *settings).code == 130
    for step in (14, 15, 38):
        with pytest.MonkeyPatch.context() as patch:
            signal_at(patch, step, signal.SIGTERM)
            assert charrnn("resume", "a").code == 143
    assert charrnn("resume").code == 0
    assert charrnn(*example.train[:-1], "whole", *settings).code == 0
    same_files(run_of(tmp_path), run_of(tmp_path, "whole"))
    assert checkpoint.read_header(run_of(tmp_path).best).metrics.keys() >= example.metrics


@every_task
@row(14)
def test_saving_and_sampling_more_often_changes_nothing(
    charrnn, charrnn_once, tmp_path, monkeypatch, example
):
    charrnn_once(*example.train, "--sample-every", 0)
    monkeypatch.setattr(WarningReporter, "seconds_between_samples", 0.0)
    monkeypatch.setattr(samples, "MAX_SHARE_OF_TIME", math.inf)
    shown = []
    monkeypatch.setattr(WarningReporter, "show_sample", lambda self, text, step: shown.append(text))
    often = ("--quiet", "--save-every", 0, "--sample-every", 1)
    assert charrnn(*example.train[:-1], "b", *often).code == 0
    assert len(shown) == 41
    assert all(text.strip() for text in shown)
    run = run_of(tmp_path, "b")
    lines = run.metrics.read_text().splitlines(keepends=True)
    assert sum('"sample"' in line for line in lines) == 41
    run.metrics.write_text("".join(line for line in lines if '"sample"' not in line))
    same_files(run_of(tmp_path), run)


@row(18)
@pytest.mark.parametrize(
    ("task", "flags", "difference"),
    [(task, *of) for task, example in EXAMPLES.items() for of in example.differences],
)
def test_resuming_with_other_settings_names_the_difference(
    charrnn, charrnn_once, example, flags, difference
):
    charrnn_once(*example.train, "--sample-every", 0)
    refused = charrnn("resume", "a", *flags)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"charrnn: {difference}")


@every_task
def test_resuming_may_repeat_the_flags_of_the_run(charrnn, charrnn_once, example):
    charrnn_once(*example.train, "--sample-every", 0)
    assert charrnn("resume", "a", *example.kind[1:], *SMALL_PAIRS).code == 0


@every_task
def test_the_steps_of_a_run_are_repeated_to_verify_it(charrnn, example):
    charrnn(*example.train, "--save-every", 0)
    verified = charrnn("verify", "a")
    assert verified.code == 0, verified.err
    assert "bit-identical" in verified.out


@pytest.mark.xdist_group("two")
@every_task
@pytest.mark.slow
def test_two_processes_learn_what_one_does(charrnn, tmp_path, example):
    command = (*example.train[:-2], "--dropout", 0.3, "--optimizer", "adamw", "--quiet")
    assert charrnn(*command, "--name", "alone").code == 0
    processes = start_ranks(
        2, "-m", "charrnn", *command, "--name", "two", stderr=subprocess.PIPE, text=True
    )
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    alone, two = (checkpoint.read(run_of(tmp_path, name).last) for name in ("alone", "two"))
    assert two.position.ranks == 2
    assert two.metrics["val_loss"] == pytest.approx(alone.metrics["val_loss"], abs=1e-4)


@pytest.mark.parametrize("task", ["pairs"])
def test_of_equal_error_rates_the_latest_is_the_best(charrnn, tmp_path, example):
    """An error rate stays where it is for long, at 100 % at first, while the loss falls."""
    charrnn(*example.train, "--eval-every", 10)
    run = run_of(tmp_path)
    lines = [line for line in metrics(run) if "val_word_error_rate" in line]
    rates = [line["val_word_error_rate"] for line in lines]
    latest = max(line["step"] for line in lines if line["val_word_error_rate"] == min(rates))
    assert rates.count(min(rates)) > 1
    assert checkpoint.read_header(run.best).position.step == latest


@pytest.mark.parametrize("task", ["pairs"])
def test_samples_while_pairs_are_learned_are_three_translations(charrnn, monkeypatch, example):
    shown = []
    monkeypatch.setattr(WarningReporter, "show_sample", lambda self, text, step: shown.append(text))
    charrnn(*example.train, "--quiet", "--sample-every", 20)
    assert len(shown) == 3
    assert all(text.count("\n") == 2 and text.count(" → ") == 3 for text in shown)


@pytest.mark.parametrize("task", ["pairs"])
def test_a_run_of_a_text_is_not_resumed_as_pairs(charrnn, example):
    assert charrnn("train", "pairs.tsv", "--steps", 1, "--run", "text", *SMALL_PAIRS).code == 0
    refused = charrnn("resume", "text", "--pairs")
    assert "--pairs differs from the run's setting, no --pairs" in refused.err


@pytest.mark.parametrize("task", ["in step"])
def test_the_weights_of_another_run_are_a_start_also_with_new_symbols(charrnn, tmp_path, example):
    assert charrnn(*example.train, "--causal").code == 0
    (tmp_path / "more.tsv").write_text(small_in_step(seed=1) + "xyz\txyZ\n" * 30)
    command = ("train", "more.tsv", "--in-step", "--batch-size", 4, "--steps", 3, "--run", "b")
    done = charrnn(*command, "--init-from", "a")
    assert done.code == 0, done.err
    before, after = (checkpoint.read_header(run_of(tmp_path, name).last) for name in "ab")
    assert after.model == before.model
    assert len(after.vocabs["target"]) > len(before.vocabs["target"])
    refused = charrnn(*command[:-1], "c", "--init-from", "a", "--hidden-size", 9)
    assert "--hidden-size 9 does not fit: a has 12" in refused.err


@pytest.mark.parametrize("task", ["in step"])
def test_a_run_from_targets_to_sources_in_a_form_of_unicode(charrnn, tmp_path, example):
    (tmp_path / "tags.tsv").write_text("e\u0301a\tE\u0301A\nea\tEA\n" * 20)
    flags = ("--reverse", "--source-normalise", "nfc", "--target-normalise", "nfc")
    assert charrnn(*example.train, *flags).code == 0
    header = checkpoint.read_header(run_of(tmp_path).last)
    assert header.vocabs["source"].decode(range(3)) == "AEÉ"
    assert len(charrnn("translate", "E\u0301A").out.strip()) == 2


@row(28)
@pytest.mark.parametrize("task", ["captions"])
def test_a_picture_that_changed_costs_one_line_and_keep_corpus_goes_on(
    charrnn, charrnn_once, example
):
    charrnn_once(*example.train, "--sample-every", 0)
    Path("pictures/3.png").write_bytes(Path("pictures/4.png").read_bytes())
    changed = charrnn("resume", "a", "--steps", 50)
    assert changed.code == 3
    assert changed.err == (
        "charrnn: the corpus captions.tsv has changed since the run began; --keep-corpus goes on"
        " with the text as it was\n"
    )
    assert charrnn("resume", "a", "--steps", 50, "--keep-corpus", "--quiet").code == 0


@pytest.mark.parametrize("task", ["captions"])
def test_verifying_notices_pixels_that_were_damaged(charrnn, charrnn_once, tmp_path, example):
    charrnn_once(*example.train, "--sample-every", 0)
    (path,) = (tmp_path / "checkpoints" / ".corpora").glob("*-pixels.npy")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    damaged = charrnn("verify", "a")
    assert damaged.code == 4
    assert "are not the pairs that the run began with" in damaged.err
