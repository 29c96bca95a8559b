"""How a run learned to write, as its metrics tell it."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import SMALL

from charrnn.runs import history
from charrnn.runs.history import RecordedSample, Row
from charrnn.runs.run import Run


def recorded(*lines):
    run = Run(Path())
    run.metrics.write_text("".join(f"{line}\n" for line in lines))
    return run


def test_each_sample_has_the_losses_of_its_step():
    lines = [
        {"step": 0, "sample": "xq", "elapsed_seconds": 0},
        {"step": 10, "loss": 3.0, "elapsed_seconds": 1.5},
        {"step": 10, "sample": "eat", "elapsed_seconds": 1.6},
        {"step": 20, "loss": 2.0, "elapsed_seconds": 3},
        {"step": 20, "val_loss": 2.5, "elapsed_seconds": 3},
        {"step": 20, "sample": "tea", "elapsed_seconds": 3.25},
        {"step": 50, "sample": "tree", "elapsed_seconds": 9},
    ]
    assert history.samples(recorded(*map(json.dumps, lines)).history()) == [
        RecordedSample(0, 0.0, "xq", None, None),
        RecordedSample(10, 1.6, "eat", 3.0, None),
        RecordedSample(20, 3.25, "tea", 2.0, 2.5),
        RecordedSample(50, 9.0, "tree", 2.0, None),
    ]


def test_an_error_rate_is_that_of_the_samples_own_step():
    lines = [
        {"step": 10, "val_loss": 3.0, "val_word_error_rate": 0.5, "elapsed_seconds": 1},
        {"step": 10, "sample": "a", "elapsed_seconds": 1},
        {"step": 20, "sample": "b", "elapsed_seconds": 2},
    ]
    rows = recorded(*map(json.dumps, lines)).history()
    found = history.samples(rows, "val_word_error_rate")
    assert [one.error_rate for one in found] == [0.5, None]
    assert [one.error_rate for one in history.samples(rows)] == [None, None]


def test_damaged_and_unknown_lines_of_a_history_are_skipped():
    strange = ("", "7", '"sample"', '{"sample": "a"}', '{"step": 1, "sample": 5}', "[" * 9999)
    whole = '{"step": 2, "sample": "b", "elapsed_seconds": 1}'
    [moment] = history.samples(recorded(*strange, whole, whole[:-5]).history())
    assert moment.sample == "b"


def test_each_line_is_a_row_of_numbers():
    lines = [
        {"step": 0, "sample": "xq", "elapsed_seconds": 0},
        {"step": 0, "baselines": {"gzip": 2.0}, "elapsed_seconds": 0.5},
        {"step": 10, "loss": 3, "learning_rate": 0.1, "elapsed_seconds": 1.5},
    ]
    assert recorded(*map(json.dumps, lines)).history() == [
        Row(0, 0.0, {}, "xq"),
        Row(0, 0.5, {}),
        Row(10, 1.5, {"loss": 3, "learning_rate": 0.1}),
    ]


def test_a_run_without_samples_says_how_it_gets_some(charrnn, corpus):
    charrnn("train", corpus, *SMALL, "--steps", 5, "--sample-every", 0, "--run", "a")
    assert "kept no samples; train on without --sample-every 0: charrnn resume a" in (
        charrnn("history", "a").err
    )


@pytest.mark.parametrize("number", [1, 12, 13, 100, 5000])
def test_of_many_the_first_and_the_last_are_shown(number):
    moments = [RecordedSample(step, 0.0, "", None, None) for step in range(number)]
    steps = [moment.step for moment in history.thin_out(moments)]
    assert len(steps) == min(number, history.MOST_SHOWN)
    assert steps[0] == 0 and steps[-1] == number - 1
    gaps = [then - one for one, then in pairwise([-1, *steps])]
    assert max(gaps) == gaps[-1]


def test_it_is_plain_in_a_pipe_and_json_for_programs(charrnn, corpus):
    charrnn("train", corpus, *SMALL, "--steps", 60, "--eval-every", 20, "--run", "a")
    found = json.loads(charrnn("history", "a", "--json").out)
    assert [one["step"] for one in found] == [0, 10, 20, 40, 50, 60]
    assert found[0].keys() == {"step", "elapsed_seconds", "sample", "loss", "val_loss"}
    shown = charrnn("history")
    assert (shown.code, shown.err) == (0, "")
    heads = [line for line in shown.out.splitlines() if not line.startswith("  |")]
    assert [head.split("  ")[0] for head in heads] == [f"step {one['step']}" for one in found]
    assert heads[2].endswith(f"loss {found[2]['loss']:.3f}  val {found[2]['val_loss']:.3f}")
    first = found[0]["sample"].rstrip().split("\n")
    assert shown.out.splitlines()[1 : 1 + len(first)] == [f"  | {line}".rstrip() for line in first]
