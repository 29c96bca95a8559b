"""A matrix of shares; tests of alignments and confusions look at all of its drawing."""

import pytest

from charrnn.plots.share_matrix import Matrix, show


def test_the_names_of_sides_and_shares_are_the_callers(capsys):
    matrix = Matrix(
        ["x", "y"], ["up", "down"], [[0.8, 0.0], [0.3, 0.6]], "",
        top="column", side="row", measure="things", joint="and", left_out="drawn: all",
    )  # fmt: skip
    show(matrix, width=80)
    assert capsys.readouterr().out.splitlines() == [
        "      x y",
        "up   │██",
        "down │▒▒▓▓",
        "░ 5 %  ▒ 25 %  ▓ 50 %  █ 75 % things",
        "drawn: all",
    ]
    svg = matrix.drawing().svg()
    for words in ("column →", "row ↓", "% of the things", "down and y: 60 %", "drawn: all"):
        assert words in svg


@pytest.mark.parametrize("width", [9, 14])
def test_columns_that_do_not_fit_are_drawn_below(capsys, width):
    names = [f"n{k}" for k in range(30)]
    shares = [[float(r == c) for c in range(30)] for r in range(2)]
    show(
        Matrix(names, ["a", "b"], shares, "", top="n", side="r", measure="m", joint="and"),
        width=width,
    )
    assert "n 1–" in capsys.readouterr().out
