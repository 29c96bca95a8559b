"""Charts, as a person sees them and as files."""

import math
import re
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from charrnn.errors import StorageError, UsageError
from charrnn.plots import charts
from charrnn.plots.charts import Chart, Curve

FALLING = Curve("training", range(1, 1001), [4 / math.sqrt(k) for k in range(1, 1001)])
FLAT = Curve("validation", [1, 1000], [1.0, 1.0])
CHART = Chart("loss", "steps", "nats", (FALLING, FLAT), {"unigram": 3.0, "bigram": 2.95})


def shown(chart, capsys, width):
    charts.show(chart, width=width)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [10, 40, 80, 120, 400])
def test_lines_fit_the_width_and_a_pipe_gets_no_escapes(capsys, width):
    out = shown(CHART, capsys, width)
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= width
    if width >= 80:
        words = "loss steps nats o training x validation unigram 3.00 bigram 2.95 ┤ ╌ 4 400"
        assert [word for word in words.split() if word not in out] == []


@pytest.mark.parametrize("last", [100, 200, 500, 100_000])
def test_a_label_at_the_end_of_the_axis_is_whole(capsys, last):
    lines = shown(Chart("", "k", "", (Curve("a", [1, last], [1, 2]),)), capsys, 80).splitlines()
    edge = next(n for n, line in enumerate(lines) if line.lstrip().startswith("└"))
    labels = lines[edge + 1]
    assert labels.split()[-1] == {100_000: "100k"}.get(last, str(last))


def test_names_of_close_levels_are_on_separate_lines(capsys):
    lines = shown(CHART, capsys, 80).splitlines()
    named = [next(n for n, line in enumerate(lines) if name in line) for name in CHART.levels]
    assert named[1] == named[0] + 1


def test_a_long_legend_takes_as_few_lines_as_it_needs(capsys):
    curves = tuple(Curve(f"run {k} training", [1, 2], [k, k]) for k in range(6))
    lines = shown(Chart("", "", "", curves), capsys, 80).splitlines()
    assert [line.count("training") for line in lines[-2:]] == [4, 2]
    assert "training" not in lines[-3]


def test_a_curve_is_where_its_numbers_are(capsys):
    steps = Curve("steps", [0, 10, 10, 20], [0, 0, 1, 1])
    lines = shown(Chart("", "", "", (steps, Curve("none", [], []))), capsys, 63)[1:]
    drawn = [line.split("│")[-1].split("┤")[-1] for line in lines.splitlines()[1:17]]
    half = len(drawn[0]) - 30
    assert drawn[0].strip("o") == " " * half
    assert set(drawn[-1]) == {"o"}
    assert all(line.strip() == "o" for line in drawn[1:-1])


def test_a_terminal_gets_colours_unless_no_color_is_set(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in shown(CHART, capsys, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    out = shown(CHART, capsys, 80)
    assert "\x1b" not in out
    assert "x validation" in out


def test_names_cannot_drive_the_terminal(capsys):
    evil = "\x1b[2J[bold]"
    out = shown(Chart(evil, evil, evil, (Curve(evil, [1], [1]),), {evil: 1}), capsys, 120)
    assert "\x1b" not in out
    assert out.count("␛[2J[bold]") == 5
    lines = shown(Chart("a\nb", "", "", (Curve("\udce9\n", [1], [1]),)), capsys, 80).splitlines()
    assert (lines[0].strip(), lines[-1].strip()) == ("a↵b", "● \ufffd↵")


@pytest.mark.parametrize("log", [False, True])
def test_any_numbers_can_be_drawn_and_exported(capsys, tmp_path, log):
    odd = (
        Curve("odd", [0, 1, 2, 3, 4], [math.nan, math.inf, -1, 0, 1e300]),
        Curve("empty", [], []),
        Curve("one", [3], [2]),
    )
    chart = Chart("odd", "x", "y", odd, {"gone": math.nan, "$x_{1": 2}, log_x=log, log_y=log)
    assert "gone" not in shown(chart, capsys, 80)
    charts.export(chart, tmp_path / "odd.svg")


def test_of_a_hundred_thousand_points_no_peak_is_lost(capsys):
    """The one that is high shows where it is, in a moment."""
    y = [1.0] * 100_000
    y[54_321] = 9.0
    began = time.process_time()
    out = shown(Chart("", "", "", (Curve("", range(100_000), y),)), capsys, 80)
    assert time.process_time() - began < 5
    top, *_, bottom = (re.split("[│┤]", line)[-1] for line in out.splitlines()[2:18])
    assert len(top.strip()) == 1
    assert top.index(top.strip()) / len(bottom) == pytest.approx(0.543, abs=0.02)


class TestExport:
    pytest.importorskip("matplotlib")

    def test_each_kind_is_written_and_an_svg_is_the_same_each_time(self):
        for suffix, magic in ((".svg", b"<?xml"), (".png", b"\x89PNG"), (".PDF", b"%PDF")):
            first, second = Path(f"one{suffix}"), Path(f"two{suffix}")
            charts.export(CHART, first)
            charts.export(CHART, second)
            assert first.read_bytes().startswith(magic)
            assert first.read_bytes() == second.read_bytes()

    def test_a_file_has_the_names_and_both_curves(self):
        names = ("_hidden", "$a_{b$")
        both = tuple(Curve(name, [1, 2], [k, 1]) for k, name in enumerate(names))
        charts.export(Chart("title", "x", "y", both, {"unigram": 0.5}), Path("a.svg"))
        text = Path("a.svg").read_text()
        ElementTree.fromstring(text)
        assert [c for c in charts.COLOURS[:2] if c.lower() not in text] == []
        for name in (*names, "unigram 0.500", "title"):  # letters are paths; comments tell them
            assert f"<!-- {name} -->" in text

    @pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
    def test_any_name_can_be_drawn(self, suffix):
        """Of a folder: not UTF-8, an escape sequence, line ends, markup, letters of any script."""
        odd = "caf\udce9 \x1b[2J \n\t a--b $x_{ <b>&\"' 中文 \U000f1234 \u202e \x85"
        curves = (Curve(odd, [1, 2], [1, 2]), Curve(odd, [1, 2], [2, 1]))
        charts.export(Chart(odd, odd, odd, curves, {odd: 1.5}), Path(f"a{suffix}"))
        if suffix == ".svg":
            ElementTree.parse("a.svg")

    def test_another_suffix_and_a_missing_folder_are_refused(self):
        with pytest.raises(UsageError, match=r"must end in .svg, .png or .pdf"):
            charts.export(CHART, Path("a.gif"))
        with pytest.raises(StorageError, match="cannot write"):
            charts.export(CHART, Path("nowhere/a.svg"))


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r'pip install "charrnn\[plot\]"'):
        charts.export(CHART, Path("a.svg"))
