"""`charrnn predict` of runs of pairs and of given labels."""

import io
import json
import sys

import pytest

from charrnn.cli.pairs.next_symbol import END
from charrnn.generation.translation.translator import Translator
from charrnn.runs.root import Root


@pytest.fixture(autouse=True)
def translator(pair_runs):
    return Translator.of([Root(pair_runs / "checkpoints").best_checkpoint("p")[0]])


def test_the_next_symbol_of_a_target_is_drawn(charrnn, translator):
    shown = charrnn("predict", "aec", "c e", "--run", "p", "--top", 3).out.splitlines()
    assert shown[0] == "after aec → c e"
    expected = translator.predict("aec", "c e").top(3)
    names = [one.char or END for one in expected]
    assert [line.split()[0] for line in shown[1:4]] == names
    assert f"{100 * expected[0].prob:.2f} %" in shown[1]
    assert shown[4].strip().startswith(f"{translator.target.size - 3} others")
    warm = charrnn("predict", "aec", "--run", "p", "-t", 2).out
    assert warm.startswith("after aec →, at temperature 2\n")


def test_it_is_json_for_programs(charrnn, translator):
    found = json.loads(charrnn("predict", "aec", "--run", "p", "--json").out)
    assert found == [pytest.approx(vars(one)) for one in translator.predict("aec")]


def test_steps_show_how_each_symbol_was_expected(charrnn, translator):
    every = translator.expectations("aec", "c e a")
    found = json.loads(charrnn("predict", "aec", "c e a", "--run", "p", "--steps", "--json").out)
    assert found == [pytest.approx(vars(one)) for one in every]
    shown = charrnn("predict", "aec", "c e a", "--run", "p", "--steps").out
    rows = [line.split() for line in shown.splitlines() if " % " in line]
    assert [row[0] for row in rows] == ["c", "e", "a", END]


def test_a_source_may_come_from_a_pipe(charrnn, monkeypatch):
    typed = charrnn("predict", "aec", "--run", "p").out

    def piped(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        return charrnn("predict", "-", "--run", "p")

    assert piped(b"aec\n").out == typed
    assert "predict looks at one pair; give it a source of one line" in piped(b"aec\nab\n").err


def test_a_given_label_has_a_next_symbol(charrnn, pair_runs):
    (pair_runs / "labels.tsv").write_text("ab\tone\nabc\tone\nde\ttwo\ndef\ttwo\n" * 10)
    flags = ("--given", "label", "--hidden-size", 4, "--embedding-size", 4, "--steps", 2)
    assert charrnn("train", "labels.tsv", *flags, "--run", "g").code == 0
    assert charrnn("predict", "one", "a", "--run", "g").out.startswith("after one → a\n")
    refused = charrnn("predict", "too", "--run", "g")
    assert (refused.code, refused.out) == (2, "")
    assert "the model knows no label 'too'; did you mean two?" in refused.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "there is no source to predict the target of; type one"),
        (("aec", "--steps"), "--steps looks at a target; type it after the source"),
        (("aec", "?"), "the model cannot write '?'; give a target in symbols that it learned"),
        (("",), "a source is empty; give it at least one symbol"),
        (("a\ud800",), "the text is not UTF-8: character 2"),
    ],
)
def test_what_cannot_be_predicted_is_refused(charrnn, arguments, told):
    done = charrnn("predict", *arguments, "--run", "p")
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_an_unknown_symbol_of_a_source_is_named(charrnn):
    assert "the model never saw 'é' (U+00E9): read as" in charrnn("predict", "é", "--run", "p").err
