"""Texts of a given label as a task: exact, and measured by the loss alone."""

import dataclasses

import pytest
from conftest import (
    SMALL_PAIRS,
    metrics,
    run_of,
    same_files,
    signal_at,
    small_labels,
)

from charrnn.runs import checkpoint
from charrnn.tasks.labels.given import GIVEN
from charrnn.tasks.registry import TASKS

TRAIN = (
    "train", "labels.tsv", "--given", "label", *SMALL_PAIRS, "--steps", 30, "--eval-every", 10,
    "--threads", 1, "--dropout", 0.2, "--run", "a",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _labels(tmp_path):
    (tmp_path / "labels.tsv").write_text(small_labels())


def test_it_is_registered_with_its_schema():
    assert TASKS["given"] is GIVEN
    assert GIVEN.schema.metrics == ("loss",)
    assert {"source_symbols", "is_reversed"}.isdisjoint(GIVEN.schema.settings)


def test_a_run_that_was_stopped_equals_one_that_was_not(charrnn, charrnn_once, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 13, 2)
        assert charrnn(*TRAIN).code == 130
    assert charrnn("resume").code == 0
    charrnn_once(*TRAIN[:-1], "whole")
    same_files(run_of(tmp_path), run_of(tmp_path, "whole"))
    lines = metrics(run_of(tmp_path))
    best = min(line["val_loss"] for line in lines if "val_loss" in line)
    assert checkpoint.read_header(run_of(tmp_path).best).metrics["val_loss"] == best


def test_labels_are_sources_and_samples_are_of_labels(charrnn, tmp_path):
    done = charrnn(*TRAIN)
    assert "labels: 300 texts with 2 labels" in done.err
    assert "the best checkpoint is the one with the lowest loss on them" in done.err
    assert "to guess" not in done.err
    assert "try it: charrnn sample --given " in done.err
    header = checkpoint.read_header(run_of(tmp_path).last)
    assert header.data.is_reversed and header.data.source_symbols == "whole"
    assert set(header.vocabs["source"].symbols) == {"mostly vowels", "other"}
    (sample, *_) = [line["sample"] for line in metrics(run_of(tmp_path)) if "sample" in line]
    labels = [line.split(" → ")[0] for line in sample.split("\n")]
    assert set(labels) <= {"mostly vowels", "other"}


def test_one_label_is_refused(charrnn, tmp_path):
    (tmp_path / "labels.tsv").write_text("".join(f"{k}\tx\n" for k in range(30)))
    done = charrnn(*TRAIN)
    assert done.code == 3
    assert "all texts to learn from have the label 'x'" in done.err


def test_resuming_may_repeat_its_flags(charrnn, charrnn_once):
    charrnn_once(*TRAIN)
    assert charrnn("resume", "a", "--given", "label", "--labels").code == 0
    assert "--given x differs from the run's setting, label" in (
        charrnn("resume", "a", "--given", "x").err
    )
    assert "--pairs differs from the run's setting, no --pairs" in (
        charrnn("resume", "a", "--pairs").err
    )
    assert dataclasses.is_dataclass(GIVEN.schema)


@pytest.mark.parametrize("given", [("language",), ("language", "--target-column", "language")])
def test_a_label_in_a_table_is_given_by_the_name_of_its_column(charrnn, tmp_path, given):
    rows = (line.split("\t") for line in small_labels().splitlines())
    table = "language,name\n" + "".join(f"{label},{text}\n" for text, label in rows)
    (tmp_path / "labels.csv").write_text(table)
    flags = ("--source-column", "name", "--given", *given)
    assert (
        charrnn("train", "labels.csv", *flags, *SMALL_PAIRS, "--steps", 2, "--run", "a").code == 0
    )
    header = checkpoint.read_header(run_of(tmp_path).last)
    assert (header.data.source_column, header.data.target_column) == ("name", "language")
    assert set(header.vocabs["source"].symbols) == {"mostly vowels", "other"}
    assert charrnn("resume", "a", *flags).code == 0
    assert charrnn("resume", "a", "--given", "label").code == 0
