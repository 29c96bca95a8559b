"""`charrnn plot` and what it draws."""

import json
import math
import time
from pathlib import Path

import pytest
from conftest import SMALL

from charrnn.analysis import losses
from charrnn.errors import UsageError
from charrnn.runs.run import Run

LINES = [
    {"step": 0, "baselines": {"unigram": 3.0, "bigram": 2.5, "odd": "x"}},
    {"step": 10, "loss": 3.5, "elapsed_seconds": 30.0},
    {"step": 10, "val_loss": 3.25, "elapsed_seconds": 33},
    {"step": 20, "loss": 2.75, "elapsed_seconds": 60},
]


def run_of(lines, name="one"):
    run = Run(Path("checkpoints", name))
    run.folder.mkdir(parents=True)
    run.metrics.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return run


def test_losses_are_read_with_their_time_and_baselines():
    read = losses.of(run_of(LINES))
    assert read.training == losses.Series([10, 20], [0.5, 1.0], [3.5, 2.75])
    assert read.validation == losses.Series([10], [0.55], [3.25])
    assert read.baselines == {"unigram": 3.0, "bigram": 2.5}


def test_a_run_of_pairs_has_error_rates_and_a_run_of_text_none():
    rates = {"val_word_error_rate": 0.5, "val_symbol_error_rate": 0.125}
    read = losses.of(run_of([*LINES, {"step": 20, "elapsed_seconds": 60, **rates}], "two"))
    assert read.figures()["error_rates"] == {
        "word_error_rate": {"steps": [20], "minutes": [1], "shares": [0.5]},
        "symbol_error_rate": {"steps": [20], "minutes": [1], "shares": [0.125]},
    }
    plain = losses.of(run_of(LINES))
    assert list(plain.figures()) == ["run", "training", "validation", "baselines"]
    drawn = losses.error_chart([read, plain], against="minutes", log=False)
    assert [(curve.name, curve.x, curve.y) for curve in drawn.curves] == [
        (f"{read.run} word errors", [1], [50]),
        (f"{read.run} symbol errors", [1], [12.5]),
    ]
    alone = losses.error_chart([read], against="steps", log=True)
    assert [(curve.name, curve.x) for curve in alone.curves] == [
        ("word errors", [20]),
        ("symbol errors", [20]),
    ]


def test_damaged_and_unknown_lines_are_skipped():
    run = run_of(LINES)
    whole = losses.of(run)
    strange = ["[1]", "7", "null", '{"step": 5}', '{"step": "a", "loss": 1, "elapsed_seconds": 1}']
    strange += ['{"step": 5, "loss": NaN, "elapsed_seconds": 1}', '{"loss": true}', "[" * 99999]
    torn = '{"step": 30, "loss": 2.1'
    run.metrics.write_bytes(
        "\n".join([*strange, "", run.metrics.read_text()]).encode() + b"\xff\xfe\n" + torn.encode()
    )
    assert losses.of(run) == whole


@pytest.mark.parametrize("lines", [None, [], [{"step": 0}]])
def test_a_run_without_losses_is_one_line(lines):
    run = Run(Path("nothing")) if lines is None else run_of(lines)
    with pytest.raises(UsageError, match="has no losses to draw yet"):
        losses.of(run)


def test_a_chart_has_both_losses_and_the_common_baselines():
    read = losses.of(run_of(LINES))
    settings = {"unit": math.log(2), "y_label": "bits", "log": False}
    drawn = losses.chart([read], against="minutes", **settings)
    assert [curve.name for curve in drawn.curves] == ["training", "validation"]
    assert list(drawn.curves[0].x) == [0.5, 1.0]
    assert drawn.curves[0].y == pytest.approx([3.5 / math.log(2), 2.75 / math.log(2)])
    assert drawn.levels["unigram"] == pytest.approx(3 / math.log(2))
    other = losses.of(
        run_of([{"step": 0, "baselines": {"unigram": 3.0, "bigram": 2}}, *LINES[1:]], "b")
    )
    both = losses.chart([read, other], against="steps", **settings)
    assert [curve.name for curve in both.curves][2:] == [
        f"{other.run} training",
        f"{other.run} validation",
    ]
    assert list(both.levels) == ["unigram"]


def test_a_hundred_thousand_lines_are_read_in_a_moment():
    lines = [{"step": 10 * k, "loss": 2.0, "elapsed_seconds": k} for k in range(100_000)]
    run = run_of(lines)
    began = time.process_time()
    assert len(losses.of(run).training.steps) == 100_000
    assert time.process_time() - began < 10


@pytest.fixture
def two(charrnn_once, corpus):
    for name in ("first", "second"):
        charrnn_once("train", corpus.name, *SMALL, "--steps", 40, "--eval-every", 20, "--run", name)


@pytest.mark.usefixtures("two")
def test_plot_draws_the_newest_run_or_those_named(charrnn):
    newest = charrnn("plot")
    assert newest.code == 0
    assert "loss of second" in newest.out
    assert "nats per character" in newest.out
    assert "\x1b" not in newest.out
    both = charrnn("plot", "first", "second", "--against", "minutes", "--bits", "--log")
    for phrase in ("first validation", "second training", "minutes", "bits per character"):
        assert phrase in both.out
    facts = json.loads(charrnn("plot", "first", "--json").out)
    assert facts[0]["run"] == "first"
    assert facts[0]["training"]["steps"] == [10, 20, 30, 40]
    assert facts[0]["validation"]["steps"] == [20, 40]


@pytest.mark.usefixtures("two")
def test_plot_exports_and_refuses_wrong_settings(charrnn):
    pytest.importorskip("matplotlib")
    done = charrnn("plot", "--export", "loss.svg")
    assert (done.code, done.out) == (0, "")
    assert "wrote loss.svg" in done.err
    assert Path("loss.svg").stat().st_size > 5000
    for wrong in (("--export", "a.gif"), ("--against", "hours"), ("nobody",)):
        refused = charrnn("plot", *wrong)
        assert refused.code in (2, 4)
        assert refused.err.count("\n") == 1
