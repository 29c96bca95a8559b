"""Texts coloured by numbers: on a terminal, without colours, and as files."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.cells import cell_len

from charrnn.errors import StorageError, UsageError
from charrnn.plots import heatmap

HOSTILE = "a \x1b[2J [red]b</pre>\t&\x9b\n中文\u202e\uffff"
LOOKS = heatmap.Looks((0.0, 8.0), diverging=False, title="[red]\x1b<", legend="bits")
TWO_SIDED = dataclasses.replace(LOOKS, scale=(-1.0, 1.0), diverging=True)


@pytest.fixture
def terminal(monkeypatch):
    """Colours, eighty columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)


def bare(coloured: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def test_the_surprising_is_coloured_and_the_calm_is_not(terminal, capsys):
    heatmap.show("abc", [0.2, 8.0, 99.0], LOOKS)
    line = capsys.readouterr().out.splitlines()[2]
    assert bare(line) == "abc"
    assert line.startswith("a\x1b[")  # nothing before the a
    assert line.count("48;5") == 1  # what is beyond the scale looks like its end


def test_each_side_of_a_scale_has_colours_of_its_own(terminal, capsys):
    heatmap.show("abc", [-1.0, 0.0, 1.0], TWO_SIDED)
    line = capsys.readouterr().out.splitlines()[2]
    grounds = re.findall(r"48;5;(\d+)m([ac])", line)
    assert [character for _, character in grounds] == ["a", "c"]
    assert grounds[0][0] != grounds[1][0]


@pytest.mark.parametrize("looks", [LOOKS, TWO_SIDED])
def test_every_degree_looks_different_in_256_colours(terminal, capsys, looks):
    heatmap.show("a", [0.0], looks)
    key = capsys.readouterr().out.splitlines()[-1]
    assert len(set(re.findall(r"48;5;\d+", key))) == 8


def test_without_colours_blocks_tell_the_same(capsys):
    heatmap.show("ab中 c\nd", [0, 1, 4, 0, 8, 3, 99], LOOKS)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.splitlines()[2:6] == ["ab中 c↵", " ▁▄  █▃", "d", "█"]
    assert "▁ 1  ▂ 2" in out.splitlines()[-1]


def test_no_color_has_no_escape_on_a_terminal_either(terminal, monkeypatch, capsys):
    monkeypatch.setenv("NO_COLOR", "1")
    heatmap.show("abc", [0, 4, 8], LOOKS)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "▄█" in out


def test_nothing_in_a_text_drives_the_terminal(terminal, capsys):
    heatmap.show(HOSTILE, [4.0] * len(HOSTILE), LOOKS)
    out = bare(capsys.readouterr().out)
    unshown = "\N{REPLACEMENT CHARACTER}"
    assert f"a ␛[2J [red]b</pre>⇥&{unshown}↵\n中文{unshown}{unshown}\n" in out
    assert out.startswith("[red]␛<\n")


@pytest.mark.parametrize("columns", [12, 80])
def test_rows_break_at_spaces_fit_and_lose_nothing(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = "to be, or not to be 中文中文中文中文 " * 4 + "unbreakable" * 12
    heatmap.show(text, [0.0] * len(text), LOOKS)
    rows = capsys.readouterr().out.split("\n")[2:-3][::2]
    assert "".join(rows) == text
    assert max(map(cell_len, rows)) <= columns
    assert rows[0].endswith(" ")


@pytest.mark.parametrize("looks", [LOOKS, TWO_SIDED])
def test_an_svg_stands_alone_and_holds_the_text(tmp_path, looks):
    path = tmp_path / "map.svg"
    heatmap.export(path, HOSTILE, [0.9] * len(HOSTILE), looks)
    drawn = ET.parse(path).getroot()
    texts = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert not any(" " in text for text in texts)  # a browser would drop some of them
    texts = [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts]
    assert texts[0] == "[red]␛<"
    assert "a ␛[2J [red]b</pre>⇥&\N{REPLACEMENT CHARACTER}↵" in texts
    assert texts[-1].strip() == "bits"
    assert "http" not in path.read_text().replace("http://www.w3.org/2000/svg", "")


def test_an_html_page_stands_alone_and_tells_each_value(tmp_path):
    path = tmp_path / "map.HTML"
    heatmap.export(path, HOSTILE, [4.25] * len(HOSTILE), LOOKS)
    page = path.read_text()
    assert "<span class=d4 title='4.25'>a</span>" in page
    assert "&lt;</span>" in page
    assert page.count("</pre>") == 1
    assert "http" not in page and "\x1b" not in page


def test_other_kinds_of_files_and_disks_that_refuse_are_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"map.png is neither .html nor .svg"):
        heatmap.export(Path("map.png"), "a", [1.0], LOOKS)
    with pytest.raises(StorageError, match="cannot write"):
        heatmap.export(tmp_path / "none" / "map.svg", "a", [1.0], LOOKS)
