"""`charrnn memory` of runs of pairs: what long sources cost."""

import json
from pathlib import Path

import pytest


def test_charts_have_a_curve_for_each_run(charrnn, pair_runs):
    shown = charrnn("memory", "--compare", "p", "plain")
    assert shown.code == 0
    assert "loss, by the length of the source" in shown.out
    assert "errors, by the length of the source" in shown.out
    for name in ("p", "plain"):
        assert f"{name}: sources of 3–3 symbols: " in shown.out


def test_figures_are_those_of_the_split(charrnn, pair_runs):
    (newest,) = json.loads(charrnn("memory", "--json").out)
    assert newest["run"] == "plain"
    (group,) = newest["groups"]
    scored = json.loads(charrnn("score", "--run", "plain", "--json").out)
    assert group["num_pairs"] == scored["num_pairs"]
    assert group["nats_per_symbol"] == pytest.approx(scored["nats_per_symbol"])
    (few,) = json.loads(charrnn("memory", "p", "--places", 8, "--json").out)
    assert sum(each["num_pairs"] for each in few["groups"]) == 8


def test_both_charts_are_exported(charrnn, pair_runs):
    done = charrnn("memory", "p", "--export", "a.svg")
    assert done.err == "charrnn: wrote a-loss.svg\ncharrnn: wrote a-errors.svg\n"


def test_runs_of_text_and_of_pairs_are_not_compared(charrnn, pair_runs, trained):
    for command in ("memory", "plot"):
        done = charrnn(command, "p", "a")
        assert (done.code, done.out) == (2, "")
        assert "some of these runs are models of pairs and some of text; name runs of" in done.err


def test_pairs_of_a_file_are_measured_instead_of_the_split(charrnn, pair_runs):
    Path("more.tsv").write_text("ab\tba\nabcabc\tcbacba\n" * 30)
    for run in json.loads(charrnn("memory", "p", "plain", "--on", "more.tsv", "--json").out):
        assert [each["num_pairs"] for each in run["groups"]] == [30, 30]
        assert [each["mean_length"] for each in run["groups"]] == [2, 6]


def test_what_cannot_be_measured_on_is_one_line(charrnn, pair_runs, trained):
    for arguments, told in (
        (("a", "--on", "more.tsv"), "--on takes pairs, and this is a model of text; leave it out"),
        (("p", "plain", "--on", "-"), "standard input can be read for one run only; name a file"),
    ):
        done = charrnn("memory", *arguments)
        assert (done.code, done.out) == (2, "")
        assert told in done.err
