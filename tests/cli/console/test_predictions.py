"""Predictions and expectations as people see them."""

import json

from charrnn.cli.console.predictions import at_temperature, show_expectations, show_prediction
from charrnn.generation.predict import Chance, Expectation, Prediction

PREDICTION = Prediction([Chance("a", 0.5), Chance("\n", 0.25), Chance("", 0.15), Chance("c", 0.1)])
CAME = [Expectation("a", 0.5, 1, 1.0, "a", 0.5), Expectation("", 0.25, 2, 2.0, "b", 0.75)]


def spelled(symbol):
    return symbol.upper() or "END"


def test_the_likeliest_are_drawn_and_the_others_together(capsys):
    show_prediction(PREDICTION, 2, title="after x", as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "after x"
    assert [line.split("%")[0].split() for line in lines[1:]] == [
        ["a", "50.00"], ["↵", "25.00"], ["2", "others", "25.00"]
    ]  # fmt: skip
    show_prediction(PREDICTION, 4, title="after x", as_json=False, spelled=spelled)
    assert "END" in capsys.readouterr().out


def test_json_has_every_symbol(capsys):
    show_prediction(PREDICTION, 1, title="", as_json=True)
    assert json.loads(capsys.readouterr().out) == [vars(one) for one in PREDICTION]
    show_expectations(CAME, as_json=True)
    assert json.loads(capsys.readouterr().out) == [vars(one) for one in CAME]


def test_each_symbol_that_came_has_a_row(capsys):
    show_expectations(CAME, as_json=False, spelled=spelled)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if " % " in line]
    assert rows == [
        ["A", "50.00", "%", "1", "1.00", "A", "50.00", "%"],
        ["END", "25.00", "%", "2", "2.00", "B", "75.00", "%"],
    ]


def test_a_title_tells_a_temperature():
    assert at_temperature("after x", None) == "after x"
    assert at_temperature("after x", 0.5) == "after x, at temperature 0.5"
