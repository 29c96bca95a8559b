"""A request is checked when it is made, before anything is read."""

from pathlib import Path

import pytest

from charrnn.errors import SettingError
from charrnn.runs.root import Root
from charrnn.tasks.task import SourceNames
from charrnn.training.setup.request import Request, implied_settings, named_sources


@pytest.mark.parametrize(
    "settings", [{"hidden_size": 0}, {"val_fraction": 2.0}, {"dropout": -1.0}, {"threads": 0}]
)
def test_a_setting_out_of_range_is_refused_at_once(settings):
    (name,) = settings
    with pytest.raises(SettingError, match=f"{name} .* is out of range") as refused:
        Request(SourceNames(("none.txt",)), Root(Path("runs")), settings)
    assert refused.value.fields == (name,)


def test_an_unknown_task_is_refused_at_once():
    with pytest.raises(SettingError, match="task 'chess' is not known; choose one of language_mod"):
        Request(SourceNames(("none.txt",)), Root(Path("runs")), task="chess")


def test_what_is_not_given_has_its_default():
    request = Request(SourceNames(("names.txt.gz",)), Root(Path("runs")), {"records": "lines"})
    assert (request.data.records, request.data.encoding, request.seed) == ("lines", "utf-8", 1)
    assert (request.task, request.sources.title) == ("language_model", "names")


@pytest.mark.parametrize(
    ("task", "name", "message", "learned"),
    [
        (
            "language_model",
            "max_length",
            "works only with pairs, labels, given, in_step or images",
            ["pairs", "labels", "given", "in_step", "images"],
        ),
        ("language_model", "attention", "works only with pairs or given", ["pairs", "given"]),
        (
            "language_model",
            "is_reversed",
            "works only with pairs or in_step",
            ["pairs", "in_step"],
        ),
        ("language_model", "is_causal", "works only with in_step", ["in_step"]),
        ("seq2seq", "is_causal", "does not work with pairs", ["pairs"]),
        ("tag", "attention", "does not work with in_step", ["in_step"]),
        ("tag", "seq_length", "does not work with in_step", ["in_step"]),
        ("given", "is_reversed", "does not work with given", ["given"]),
        ("seq2seq", "ngrams", "does not work with pairs", ["pairs"]),
        ("seq2seq", "records", "does not work with pairs", ["pairs"]),
        ("seq2seq", "seq_length", "does not work with pairs", ["pairs"]),
        ("classify", "is_reversed", "does not work with labels", ["labels"]),
        ("classify", "records", "does not work with labels", ["labels"]),
        ("language_model", "image_size", "works only with images", ["images"]),
        ("caption", "source_symbols", "does not work with images", ["images"]),
        ("caption", "attention", "does not work with images", ["images"]),
    ],
)
def test_a_setting_that_means_nothing_to_the_task_is_refused(task, name, message, learned):
    with pytest.raises(SettingError) as refused:
        Request(SourceNames(("none.txt",)), Root(Path("runs")), {"seed": 2, name: 3}, task=task)
    assert str(refused.value) == f"{name} {message}; leave it out"
    assert refused.value.fields == (name, *learned)


@pytest.mark.parametrize(
    ("columns", "given", "label"),
    [
        ({}, "label", None),
        ({"source_column": "name"}, "label", "label"),
        ({"source_column": "name"}, "language", "language"),
        ({"source_column": "name", "target_column": "language"}, "label", "language"),
        ({"source_column": "name", "target_column": "language"}, "language", "language"),
    ],
)
def test_given_says_label_or_the_name_of_its_column(columns, given, label):
    implied = implied_settings(columns, has_val=False, given=given)
    assert implied.get("target_column") == label


@pytest.mark.parametrize(
    ("columns", "message", "fields"),
    [
        ({}, "given x is not known; type label; for a table", ("given", "source_column")),
        (
            {"source_column": "name", "target_column": "y"},
            "given x and target_column y were both given; choose one column",
            ("given", "target_column"),
        ),
    ],
)
def test_another_thing_that_is_given_is_refused(columns, message, fields):
    with pytest.raises(SettingError, match=message) as refused:
        implied_settings(columns, has_val=False, given="x")
    assert refused.value.fields == fields


def test_pairs_are_in_one_file_or_in_two():
    one, two = SourceNames(("a.tsv",)), SourceNames(("a",), ("c", "d"), target_names=("b",))
    assert named_sources(["a.tsv"], pairs=True) == ("seq2seq", one)
    found = named_sources([], source=["a"], target=["b"], val=["c", "d"])
    assert found == ("seq2seq", two)
    assert named_sources(["a.tsv"], labels=True) == ("classify", one)
    for labels in (False, True):
        assert named_sources(["a.tsv"], given="label", labels=labels) == ("given", one)
    assert named_sources([], labels=True, source=["a"], target=["b"], val=["c", "d"]) == (
        "classify", two
    )  # fmt: skip
    assert named_sources(["a.tsv"], in_step=True) == ("tag", one)
    assert named_sources([], in_step=True, source=["a"], target=["b"], val=["c", "d"]) == (
        "tag", two
    )  # fmt: skip
    assert named_sources(["a.tsv"]) == ("language_model", one)
    assert named_sources([]) == ("language_model", SourceNames(("shakespeare",)))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"source": ["a"]}, "source was given without target; give both"),
        ({"target": ["a"]}, "target was given without source; give both"),
        ({"pairs": True}, "pairs was given without a file; name a file with a source, a tab"),
        ({"in_step": True}, "in_step was given without a file; name a file with a source, a tab"),
        ({"in_step": True, "pairs": True}, "pairs and in_step were both given; choose one"),
        ({"in_step": True, "given": "label"}, "in_step and given were both given; choose one"),
        ({"in_step": True, "labels": True}, "in_step and labels were both given; choose one"),
        (
            {"corpus": ["x"], "source": ["a"], "target": ["b"]},
            "x was given, and source and target too; choose one",
        ),
    ],
)
def test_names_that_contradict_each_other_are_refused(names, message):
    with pytest.raises(SettingError, match=message):
        named_sources(**{"corpus": [], **names})
