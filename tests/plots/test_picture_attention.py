"""Where a model looked: light on the cells of a picture, as files and in the terminal."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from charrnn.plots.picture_attention import MOST_WORDS, PictureAttention, show

SVG = "{http://www.w3.org/2000/svg}"
PIXELS = np.random.default_rng(0).integers(100, 256, (8, 8, 3)).astype(np.uint8)
FIRST = [[0.0, 0.8], [0.2, 0.0]]
SECOND = [[0.25, 0.25], [0.25, 0.25]]
HOSTILE = "</svg>\x1b[2J<&"


def attention(words=("red", "spot"), shares=(FIRST, SECOND), title="a.png → red spot"):
    return PictureAttention(PIXELS, list(words), list(shares), title)


def test_light_is_relative_to_the_cell_that_has_most():
    first, second = attention().lights()
    np.testing.assert_allclose(first, [[0, 1], [0.25, 0]])
    np.testing.assert_allclose(second, 1)
    (nothing,) = attention(["a"], [[[0.0]]]).lights()
    assert nothing.tolist() == [[0.0]]


def test_the_light_falls_on_the_cells_of_the_picture():
    first, second = attention().lit()
    np.testing.assert_array_equal(second, PIXELS)
    np.testing.assert_array_equal(first[:4, 4:], PIXELS[:4, 4:])
    dark = PIXELS[:4, :4] * 0.2
    np.testing.assert_allclose(first[:4, :4], dark, atol=0.51)
    assert (first[4:, :4] > PIXELS[4:, :4] * 0.3).all()


def test_a_file_has_the_picture_and_one_for_each_word():
    root = ET.fromstring(attention(["red", HOSTILE]).drawing().svg())
    images = list(root.iter(f"{SVG}image"))
    assert len(images) == 3
    assert all(image.get("href").startswith("data:image/png;base64,") for image in images)
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert texts[:3] == ["a.png → red spot", "red", "</svg>␛[2J<&"]


def test_of_a_long_caption_the_first_words_are_drawn():
    long = attention(["a"] * (MOST_WORDS + 1), [SECOND] * (MOST_WORDS + 1))
    assert long.left_out == f"drawn: the first {MOST_WORDS} of {MOST_WORDS + 1} words"
    assert long.drawing().svg().count("<image") == MOST_WORDS + 1
    assert attention().left_out == ""


def test_files_are_written(tmp_path):
    pytest.importorskip("matplotlib")
    for ending in (".svg", ".png", ".html", ".pdf"):
        attention().save(tmp_path / f"a{ending}")
    image = (tmp_path / "a.png").read_bytes()
    assert image.startswith(b"\x89PNG")


def test_the_terminal_shows_shades_below_the_words(capsys):
    show(attention(), width=40)
    assert capsys.readouterr().out.splitlines() == [
        "red             spot",
        "  ██·           ████·           ",
        "░   ·           ████·           ".replace("░   ", "░░  "),
    ]


def test_words_go_on_below_where_the_terminal_is_narrow(capsys):
    show(attention(["one", "two", "three"], [FIRST, SECOND, FIRST]), width=20)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[::4]] == ["one", "two", "three"]
    assert max(map(len, lines)) <= 20


def test_a_fine_grid_is_pooled_for_the_terminal(capsys):
    grid = np.zeros((20, 20))
    grid[7, 13] = 1.0
    show(attention(["a"], [grid.tolist()]), width=60)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 7  # three by three cells become one
    assert lines[3][8:10] == "██"


def test_control_characters_are_shown_as_symbols(capsys):
    show(attention([HOSTILE, ""]), width=60)
    out = capsys.readouterr().out
    assert "\x1b" not in out and "␛" in out


def test_no_word_is_no_drawing(capsys):
    nothing = attention([], [])
    show(nothing, width=60)
    assert capsys.readouterr().out == ""
    assert nothing.drawing().svg().count("<image") == 1
