"""Alignments on a terminal and as files."""

import contextlib
import io
import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from charrnn.cli.console.ascii_marks import ERRORS
from charrnn.plots.alignment import Alignment, show

SVG = "{http://www.w3.org/2000/svg}"
SHARES = [0.0, 0.05, 0.25, 0.5, 1.0]


def diagonal(source, target, title=""):
    """Each symbol looks at its place in the source alone."""
    weights_TS = np.zeros((len(target), len(source)))
    weights_TS[np.arange(len(target)), np.arange(len(target)) * len(source) // len(target)] = 1
    return Alignment(list(source), list(target), weights_TS, title)


def drawn(alignment, capsys, width=80):
    show(alignment, width=width)
    return capsys.readouterr().out.splitlines()


def bare(line):
    return re.sub(r"\x1b\[[0-9;]*m", "", line).replace("\u200e", "")


def test_each_share_has_its_shade_below_its_symbol(capsys):
    lines = drawn(Alignment(list("ab de"), ["x"], [SHARES], "title"), capsys)
    assert lines == [
        "title",
        "   a b ␣ d e",
        "x │  ░░▒▒▓▓██",
        "░ 5 %  ▒ 25 %  ▓ 50 %  █ 75 % attention",
    ]


def test_a_terminal_gets_colours_unless_no_color_is_set(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = drawn(diagonal("abc", "abc", "t"), capsys)
    assert "\x1b[" in coloured[2]  # rich keeps the codes of a style for any terminal
    monkeypatch.setenv("NO_COLOR", "1")
    plain = drawn(diagonal("abc", "abc", "t"), capsys)
    assert not any("\x1b" in line for line in plain)
    assert list(map(bare, coloured)) == plain


def test_a_source_too_wide_for_two_columns_a_symbol_has_one(capsys):
    lines = drawn(diagonal("a" * 50, "b" * 50), capsys, 60)
    assert lines[0] == "   " + "a" * 50
    assert lines[50] == "b │" + " " * 49 + "█"


@pytest.mark.parametrize("width", [40, 57, 80])
def test_a_long_source_is_drawn_in_parts_that_show_every_symbol(capsys, width):
    lines = drawn(diagonal("a" * 150, "b" * 30), capsys, width)
    assert max(map(len, lines)) <= width
    parts = [line for line in lines if line.startswith("source ")]
    assert parts[0].startswith("source 1–")
    assert parts[-1].endswith("150 of 150")
    assert sum(line.count("a") for line in lines if set(line) == {" ", "a"}) == 150
    assert sum("█" in line for line in lines[:-1]) == 30


def test_what_is_too_long_is_cut_and_said(capsys):
    long = diagonal("a" * 1000, "b" * 500)
    said = "drawn: the first 400 of 1,000 symbols of the source and the first 400 of 500 symbols of"
    assert said in " ".join(drawn(long, capsys, 120))
    assert said in long.drawing().svg()
    assert not diagonal("abc", "ab").left_out


def test_a_wide_or_combining_symbol_stays_in_its_columns(capsys):
    lines = drawn(diagonal("中e\u0301👍a", "中e\u0301👍a"), capsys)
    assert lines[0] == "    中e ◌\u0301 👍a"
    assert [cell_len(line.split("│")[0]) for line in lines[1:6]] == [3] * 5
    assert lines[5].endswith("        ██")


def test_symbols_of_several_letters_are_beside_each_other_or_upright(capsys):
    phones = drawn(diagonal(["t͡ʃ", "a", "ŋ"], ["x"]), capsys)
    assert phones[0] == "   t͡ʃ a  ŋ"
    words = drawn(diagonal(["abc", "internationalisation", "d"], ["word"]), capsys)
    assert words[0].strip() == "i"
    assert words[8:12] == ["        i", "      a o", "      b n", "      c … d"]


def test_letters_read_from_the_right_keep_their_columns(capsys):
    lines = drawn(diagonal("שלום", "כתab"), capsys)
    for line in lines[:3]:
        assert line.startswith("\u200e")
    assert lines[0] == "\u200e   ש\u200e ל\u200e ו\u200e ם\u200e"
    assert "\u200e" not in lines[3]
    narrow = drawn(diagonal("ש" * 40, "a"), capsys, 60)
    assert sum(bare(line).count("ש") for line in narrow) == 40
    assert "ש\u200e ש" in "".join(narrow)


def test_a_hostile_text_cannot_drive_the_terminal(capsys):
    lines = drawn(diagonal("\x1b[\x9b\u202e\n\t", "[red]\x1b", "[red]\x1b[2J"), capsys)
    out = "\n".join(lines)
    assert "\x1b" not in out
    assert lines[0] == "[red]␛[2J"
    assert lines[1] == "   ␛ [ \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} ↵ ⇥"


@settings(deadline=None)
@given(
    source=st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=90),
    target=st.lists(st.text(min_size=1, max_size=20), max_size=20),
    width=st.integers(40, 120),
)
def test_any_symbols_fit_the_terminal_and_make_a_valid_file(source, target, width):
    alignment = diagonal(source, target)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        show(alignment, width=width)
    assert max(map(cell_len, out.getvalue().splitlines())) <= width
    ET.fromstring(alignment.drawing().svg())


def test_a_stream_of_ascii_gets_a_drawing_that_fits(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors=ERRORS)
    monkeypatch.setattr(sys, "stdout", stream)
    show(Alignment(list("aé "), ["x", "é"], [[0, 0.3, 0.6], [1, 0, 0.1]]), width=60)
    stream.flush()
    lines = stream.buffer.getvalue().decode("ascii").splitlines()
    assert lines[-3:-1] == ["x    |     +++++*****", "\\xe9 |#####     ....."]
    assert max(map(len, lines)) <= 60


def test_files_have_every_symbol_and_every_share_that_can_be_seen():
    alignment = Alignment(list("a <&"), ["x", " "], [[0.005, 0.2, 0.3, 0.495], [1, 0, 0, 0]], "t<")
    root = ET.fromstring(alignment.drawing().svg())
    words = [node.text for node in root.iter(f"{SVG}text")]
    assert words[:9] == ["t<", "source →", "translation ↓", *"a␣<&", *"x␣"]
    tips = [box.findtext(f"{SVG}title") for box in root.iter(f"{SVG}rect")]
    shares = ["x from ␣: 20 %", "x from <: 30 %", "x from &: 50 %", "␣ from a: 100 %"]
    assert [tip for tip in tips if tip] == shares
    assert alignment._repr_svg_() == alignment.drawing().svg()


def test_it_is_saved_by_its_ending(tmp_path):
    diagonal("abc", "abc").save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text().startswith("<!DOCTYPE html>")


def test_an_empty_translation_is_drawn_too(capsys):
    assert drawn(Alignment(["a"], [], []), capsys)[0].strip() == "a"
    assert Alignment(["a"], [], []).drawing().svg()
