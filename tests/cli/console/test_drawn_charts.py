from pathlib import Path

from charrnn.cli.console.drawn_charts import show_or_export
from charrnn.plots.charts import Chart, Curve

CHART = Chart("tea", "minutes", "warmth", (Curve("green", [1, 2], [3, 4]),))


def test_charts_are_drawn_one_below_the_other(capsys):
    show_or_export({"tea": CHART, "again": CHART}, None)
    drawn = capsys.readouterr().out
    assert drawn.count("tea\n") == 2
    assert "\n\n" in drawn


def test_one_chart_is_written_to_the_file_and_several_beside_it(capsys):
    show_or_export({"tea": CHART}, Path("a.svg"))
    show_or_export({"tea": CHART, "cold": CHART}, Path("b.svg"))
    assert sorted(path.name for path in Path().glob("*.svg")) == [
        "a.svg",
        "b-cold.svg",
        "b-tea.svg",
    ]
    assert capsys.readouterr().err == (
        "charrnn: wrote a.svg\ncharrnn: wrote b-tea.svg\ncharrnn: wrote b-cold.svg\n"
    )
