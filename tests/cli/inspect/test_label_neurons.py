"""`charrnn neurons --labels`: units that tell the labels of texts apart."""

import json
from pathlib import Path

import pytest
from conftest import SMALL, small_text


@pytest.fixture
def trained(charrnn_once, corpus):
    charrnn_once("train", corpus.name, *SMALL, "--steps", 5, "--run", "a")


def write_table(path, labels, num=60, separator="\t"):
    """Texts of a first letter and a label that follows from it."""
    words = [word for word in small_text(4000).split() if len(word) > 3]
    letters = "aeiou"
    rows = []
    for k in range(num):
        c = k % len(labels)
        rows.append(f"{letters[c]} {' '.join(words[k : k + 3])}{separator}{labels[c]}\n")
    Path(path).write_text("".join(rows))


@pytest.fixture
def two_labels(trained):
    write_table("two.tsv", ("good", "bad"))


def test_units_are_ranked_and_texts_of_both_labels_are_coloured(charrnn, two_labels):
    shown = charrnn("neurons", "a", "--labels", "two.tsv")
    assert shown.code == 0 and shown.err == ""
    assert "60 distinct texts: bad 30, good 30" in shown.out
    assert "chooses among 24 units; the figures are of the other 30 texts" in shown.out
    assert "with shuffled labels the best unit has an AUC of up to 0." in shown.out
    assert "a logistic probe on all units" in shown.out and "always 'bad'" in shown.out
    assert shown.out.count("bad: ") >= 3 and shown.out.count("good: ") >= 3
    assert "activity of " in shown.out and "\x1b" not in shown.out


def test_json_and_a_picture_hold_what_the_tables_say(charrnn, two_labels):
    shown = charrnn("neurons", "--labels", "two.tsv", "--json", "--export", "a.svg")
    figures = json.loads(shown.out)
    best = figures["best"]["good"]
    assert len(best) == 10 and figures["num_units"] == 24
    assert figures["counts"] == {"bad": 30, "good": 30}
    assert set(best[0]) >= {"unit", "auc", "auc_interval", "chosen_auc", "accuracy", "threshold"}
    assert 0 <= figures["probe"]["accuracy"] <= 1 and figures["chance_auc"]["good"] > 0.5
    assert "wrote a.svg" in shown.err
    picture = Path("a.svg").read_text()
    assert f"activity of {best[0]['unit']}" in picture.replace("&#160;", " ")


def test_the_order_of_the_lines_changes_nothing(charrnn, two_labels):
    lines = Path("two.tsv").read_text().splitlines(keepends=True)
    Path("turned.tsv").write_text("".join(reversed(lines)))
    both = [charrnn("neurons", "--labels", name) for name in ("two.tsv", "turned.tsv")]
    assert both[0].out == both[1].out


def test_of_several_labels_the_best_unit_of_each_or_ten_of_one(charrnn, trained):
    write_table("three.tsv", ("one", "two", "three"), num=90)
    shown = charrnn("neurons", "--labels", "three.tsv")
    assert all(f"  {label} " in shown.out for label in ("one", "two", "three"))
    assert "by chance" in shown.out
    asked = charrnn("neurons", "--labels", "three.tsv", "--label", "two")
    assert "higher in" in asked.out and "for two" in asked.out
    assert asked.out.count("two: ") == 3
    refused = charrnn("neurons", "--labels", "three.tsv", "--label", "four")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--label 'four' is not a label of these texts; choose one of one, three" in refused.err


def test_another_text_can_be_coloured(charrnn, two_labels):
    Path("text.txt").write_text("a stone and a tree")
    shown = charrnn("neurons", "--labels", "two.tsv", "--text", "text.txt", "--length", 7)
    assert "\na stone\n" in shown.out and "good: " not in shown.out


def test_labels_come_from_columns_and_from_a_folder(charrnn, two_labels):
    expected = charrnn("neurons", "--labels", "two.tsv", "--json").out
    rows = [line.split("\t") for line in Path("two.tsv").read_text().splitlines()]
    Path("two.csv").write_text("n,label,text\n" + "".join(f"1,{b},{a}\n" for a, b in rows))
    columns = ("--source-column", "text", "--target-column", "label")
    assert charrnn("neurons", "--labels", "two.csv", *columns, "--json").out == expected
    Path("folder").mkdir()
    for label in ("good", "bad"):
        lines = [f"{text}\n" for text, other in rows if other == label]
        Path("folder", f"{label}.txt").write_text("".join(lines))
    assert charrnn("neurons", "--labels", "folder", "--json").out == expected


def test_what_is_left_out_is_told(charrnn, two_labels):
    with Path("two.tsv").open("a") as file:
        file.write("☃☃\tgood\na stone\tother\nno tab here\n")
    shown = charrnn("neurons", "--labels", "two.tsv", "--errors", "skip")
    assert shown.code == 0
    assert "2 characters that the model does not know: left out" in shown.err
    assert "left out 1 text without any other character" in shown.err
    assert "left out 1 label with fewer than 10 distinct texts: other" in shown.err
    assert "skipped 1 line" in shown.err
    cut = charrnn("neurons", "--labels", "two.tsv", "--errors", "skip", "--length", 9)
    assert "read only the first 9 characters of 60 texts; --length N reads more" in cut.err


def test_a_model_of_bytes_shows_characters(charrnn, charrnn_once, trained):
    Path("bytes.txt").write_text("ä stone é tree " * 40)
    charrnn("train", "bytes.txt", "--bytes", *SMALL, "--steps", 2, "--run", "bytes", "--quiet")
    words = ["ä", "é", "st", "on", "tree"]
    rows = [
        f"{words[k % 5]} {words[k % 4]} {words[k % 3]} {k:02}\t{'xy'[k % 2]}\n" for k in range(60)
    ]
    Path("two.tsv").write_text("".join(rows))
    shown = charrnn("neurons", "bytes", "--labels", "two.tsv")
    assert shown.code == 0 and "ä" in shown.out and "Ã" not in shown.out
    Path("text.txt").write_text("ä é")
    values = json.loads(
        charrnn("neurons", "bytes", "--unit", "3", "--text", "text.txt", "--json").out
    )
    assert values["text"] == "ä é" and len(values["values"]) == 3


@pytest.mark.parametrize(
    ("content", "arguments", "code", "phrase"),
    [
        ("", (), 3, "no label has 10 distinct texts"),
        ("a text without a label\n", (), 3, "no tab between a text and a label"),
        ("".join(f"{'a' * k}\tsame\n" for k in range(1, 40)), (), 3, "only the label 'same' has"),
        ("".join(f"a stone\t{k}\n" for k in range(40)), (), 3, "no label has 10 distinct texts"),
        ("\tgood\n" * 20, (), 3, "an empty text or label"),
        ("☃\tgood\n☃☃\tbad\n" * 20, (), 3, "the model knows no character of these"),
        ("a\tb\n", ("--unit", "3"), 2, "--unit and --labels were both given"),
        ("a\tb\n", ("--feature", "vowel"), 2, "--feature and --labels were both given"),
        ("a\tb\n", ("--source-column", "text"), 2, "source-column"),
        ("a\tb\n", ("--export", "a.png"), 2, "neither .html nor .svg"),
    ],
    ids=[
        "no text", "no label", "one label", "a text a label", "empty texts", "unknown characters",
        "unit", "feature", "one column", "picture",
    ],
)  # fmt: skip
def test_wrong_labels_cost_one_line(charrnn, trained, content, arguments, code, phrase):
    Path("file.tsv").write_text(content)
    refused = charrnn("neurons", "a", "--labels", "file.tsv", *arguments)
    assert (refused.code, refused.err.count("\n")) == (code, 1)
    assert phrase in refused.err and refused.out == ""


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("a", "a", "--labels", "two.tsv"), "unexpected extra argument"),
        (("a", "--label", "good"), "--label is about texts with labels; name them: --labels FILE"),
        (("a", "--errors", "skip"), "--errors is about texts with labels"),
        (("a", "--labels", "-", "--text", "-"), "standard input can be read only once"),
    ],
)
def test_flags_that_mean_nothing_cost_one_line(charrnn, two_labels, arguments, phrase):
    refused = charrnn("neurons", *arguments)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert phrase in refused.err
