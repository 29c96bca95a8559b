"""Heatmaps on a terminal, without colours, and as files."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.cells import cell_len

from charrnn.errors import StorageError, UsageError
from charrnn.plots import heatmap
from charrnn.plots.heatmap import ColourScale, Heatmap

HOSTILE = "a \x1b[2J [red]b</pre>\t&\x9b\n中文\u202e\uffff"
SCALE = ColourScale(0.0, 8.0, "bits")
DIVERGING = ColourScale(-1.0, 1.0, "bits", is_diverging=True)


def heatmap_of(text, values, scale=SCALE):
    return Heatmap("[red]\x1b<", text, values, scale)


@pytest.fixture
def terminal(monkeypatch):
    """Colours, eighty columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)


def bare(coloured: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def test_high_values_are_coloured_and_low_values_are_plain(terminal, capsys):
    heatmap.show(heatmap_of("abc", [0.2, 8.0, 99.0]))
    line = capsys.readouterr().out.splitlines()[2]
    assert bare(line) == "abc"
    assert line.startswith("a\x1b[")  # nothing before the a
    assert line.count("48;5") == 1  # 99 looks like 8


def test_each_side_of_a_diverging_scale_has_its_own_colours(terminal, capsys):
    heatmap.show(heatmap_of("abc", [-1.0, 0.0, 1.0], DIVERGING))
    line = capsys.readouterr().out.splitlines()[2]
    grounds = re.findall(r"48;5;(\d+)m([ac])", line)
    assert [character for _, character in grounds] == ["a", "c"]
    assert grounds[0][0] != grounds[1][0]


@pytest.mark.parametrize("scale", [SCALE, DIVERGING])
def test_every_shade_differs_in_256_colours(terminal, capsys, scale):
    heatmap.show(heatmap_of("a", [0.0], scale))
    key = capsys.readouterr().out.splitlines()[-1]
    assert len(set(re.findall(r"\x1b\[(38;5[\d;]+)m", key))) == 8


def test_without_colours_blocks_show_the_values(capsys):
    heatmap.show(heatmap_of("ab中 c\nd", [0, 1, 4, 0, 8, 3, 99]))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.splitlines()[2:6] == ["ab中 c↵", " ▁▄  █▃", "d", "█"]
    assert "▁ 1  ▂ 2" in out.splitlines()[-1]


def test_no_color_prints_no_escapes_on_a_terminal(terminal, monkeypatch, capsys):
    monkeypatch.setenv("NO_COLOR", "1")
    heatmap.show(heatmap_of("abc", [0, 4, 8]))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "▄█" in out


def test_a_hostile_text_cannot_drive_the_terminal(terminal, capsys):
    heatmap.show(heatmap_of(HOSTILE, [4.0] * len(HOSTILE)))
    out = bare(capsys.readouterr().out)
    unshown = "\N{REPLACEMENT CHARACTER}"
    assert f"a ␛[2J [red]b</pre>⇥&{unshown}↵\n中文{unshown}{unshown}\n" in out
    assert out.startswith("[red]␛<\n")


@pytest.mark.parametrize("columns", [12, 80])
def test_rows_break_at_spaces_fit_the_width_and_keep_the_text(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = "to be, or not to be 中文中文中文中文 " * 4 + "unbreakable" * 12
    heatmap.show(heatmap_of(text, [0.0] * len(text)))
    rows = capsys.readouterr().out.split("\n")[2:-3][::2]
    assert "".join(rows) == text
    assert max(map(cell_len, rows)) <= columns
    assert rows[0].endswith(" ")


@pytest.mark.parametrize("scale", [SCALE, DIVERGING])
def test_an_svg_needs_no_other_file_and_has_the_text(tmp_path, scale):
    path = tmp_path / "map.svg"
    heatmap.export(heatmap_of(HOSTILE, [0.9] * len(HOSTILE), scale), path)
    drawn = ET.parse(path).getroot()
    texts = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert not any(" " in text for text in texts)  # a browser would drop some of them
    texts = [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts]
    assert texts[0] == "[red]␛<"
    assert "a ␛[2J [red]b</pre>⇥&\N{REPLACEMENT CHARACTER}↵" in texts
    assert texts[-1].strip() == "bits"
    assert "http" not in path.read_text().replace("http://www.w3.org/2000/svg", "")


def test_an_html_page_needs_no_other_file_and_has_each_value(tmp_path):
    path = tmp_path / "map.HTML"
    heatmap.export(heatmap_of(HOSTILE, [4.25] * len(HOSTILE)), path)
    page = path.read_text()
    assert "<span class=d4 title='4.25'>a</span>" in page
    assert "&lt;</span>" in page
    assert page.count("</pre>") == 1
    assert "http" not in page and "\x1b" not in page


def test_other_suffixes_and_missing_folders_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"map.png is neither .html nor .svg"):
        heatmap.export(heatmap_of("a", [1.0]), Path("map.png"))
    with pytest.raises(StorageError, match="cannot write"):
        heatmap.export(heatmap_of("a", [1.0]), tmp_path / "none" / "map.svg")
