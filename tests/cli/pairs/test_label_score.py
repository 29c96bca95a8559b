"""`charrnn score` and other commands with a run of labels."""

import json
import re
from pathlib import Path

import pytest

from charrnn.runs.root import Root


@pytest.fixture(autouse=True)
def _run(label_run):
    (label_run / "test.tsv").write_text("aeo\tmostly vowels\nrst\tother\nst\tother\nrs\tnew\n")


def best():
    return Root(Path("checkpoints")).find("l").best_metrics()


def test_the_validation_split_has_the_figures_of_training(charrnn):
    facts = json.loads(charrnn("score", "--json").out)
    assert facts["accuracy"] == pytest.approx(1 - best()["val_error_rate"])
    assert facts["macro_f1"] == pytest.approx(best()["val_macro_f1"])
    assert facts["loss"] == pytest.approx(best()["val_loss"], abs=1e-5)
    counts = sum(sum(row.values()) for row in facts["confusion"].values())
    assert (
        counts == facts["num_texts"] == sum(each["num_texts"] for each in facts["labels"].values())
    )
    other = json.loads(charrnn("score", "--split", "test", "--json").out)
    assert 0 < other["num_texts"] < facts["num_texts"]


def test_a_file_is_scored_and_an_unknown_label_is_wrong(charrnn):
    facts = json.loads(charrnn("score", "test.tsv", "--json").out)
    assert (facts["num_texts"], facts["num_unknown"], facts["accuracy"]) == (4, 1, 0.75)
    assert facts["labels"]["new"]["f1"] == 0
    shown = charrnn("score", "test.tsv").out
    for line in (
        "texts               4 (1 with a label that the model does not know)",
        "accuracy            75.00 %",
        f"macro F1            {100 * facts['macro_f1']:.2f} %",
        f"log loss            {facts['loss']:.4f} nats per text",
        f"calibration error   {100 * facts['calibration_error']:.2f} %",
    ):
        assert line in shown


def test_a_text_that_is_too_long_is_named_by_its_line(charrnn, monkeypatch):
    monkeypatch.setattr("charrnn.generation.classification.MAX_TEXT", 2)
    done = charrnn("score", "test.tsv")
    assert (done.code, done.out) == (2, "")
    assert "test.tsv, line 1: a text of 3 symbols is too long to classify; at most 2" in done.err


def test_the_confusion_is_drawn_and_kept(charrnn):
    done = charrnn("score", "test.tsv", "--confusion", "--export", "c.svg")
    assert done.code == 0
    for words in ("accuracy 75.0 %, macro F1", "texts of a label", "new"):
        assert words in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["new", "other", "1"] in lines
    assert "taken for" in Path("c.svg").read_text()
    assert "wrote c.svg" in done.err
    alone = charrnn("score", "test.tsv", "--export", "d.html")
    assert "taken for" not in alone.out and Path("d.html").exists()


def test_the_least_expected_labels_come_first(charrnn):
    lines = charrnn("score", "test.tsv", "--per-line", "--json").out.splitlines()
    every = [json.loads(line) for line in lines]
    chances = [each["probability_of_reference"] for each in every]
    assert chances == sorted(chances)
    assert (every[0]["source"], every[0]["reference"], chances[0]) == ("rs", "new", 0)
    shown = charrnn("score", "test.tsv", "--per-line").out
    assert "new" in shown.splitlines()[3]
    Path("many.tsv").write_text("aeo\tother\n" * 30)
    assert "20 of 30 texts shown" in charrnn("score", "many.tsv", "--per-line").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--adapt"], "--adapt does nothing with a model of labels; leave it out"),
        (["--beam", 2], "--beam does nothing with a model of labels; leave it out"),
        (["--confusion", "--json"], "--json and --confusion were both given; choose one"),
        (["--confusion", "--per-line"], "--per-line and --confusion were both given; choose one"),
        (["--export", "x.txt"], "x.txt cannot hold a picture"),
    ],
    ids=str,
)
def test_what_does_nothing_is_refused(charrnn, arguments, told):
    done = charrnn("score", "test.tsv", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_texts_alone_and_pairs_have_no_confusion(charrnn, trained):
    done = charrnn("score", "--run", "a", "--confusion")
    assert "--confusion does nothing with a model of text" in done.err


def test_a_bad_line_is_named(charrnn):
    Path("bad.tsv").write_text("aeo\n")
    done = charrnn("score", "bad.tsv")
    assert (done.code, done.out) == (3, "")
    assert "bad.tsv, line 1: no tab between a text and a label" in done.err


def test_info_has_labels_figures_and_examples(charrnn):
    shown = charrnn("info", "l").out
    for words in (
        "labels             mostly vowels, other", "number of labels   2", "texts              300",
        "symbols            characters", "ngrams", "val error rate",
    ):  # fmt: skip
        assert words in shown
    assert "is reversed" not in shown and "target" not in shown.replace("target normalise", "")
    assert all(" → " in line for line in shown.rstrip().splitlines()[-3:])
    facts = json.loads(charrnn("info", "l", "--json").out)
    assert facts["target_vocab_size"] == 2
    assert "seq_length" not in facts
    assert facts["val_error_rate"] == best()["val_error_rate"]


def test_runs_plot_history_and_verify_know_labels(charrnn):
    right = f"{100 * (1 - best()['val_error_rate']):.2f} % right"
    assert right in charrnn("runs").out
    drawn = charrnn("plot", "l")
    assert "nats per text" in drawn.out and "% of the labels" in drawn.out
    shown = charrnn("history", "l").out
    assert " → " in shown and re.search(r"val \d\.\d+  errors \d+\.\d %\n", shown)
    verified = charrnn("verify", "l")
    assert verified.code == 0
    assert "bit-identical" in verified.out
