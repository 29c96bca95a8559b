"""The chart of pairs.py and tasks.py: errors against the time of training, a panel a text."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from measured import Row

MOST_COLUMNS = 4
Points = list[tuple[float, float]]  # minutes of training, errors in per cent


def points(rows: Iterable[Row], metric: str) -> list[Points]:
    """Return the points of each row that has a curve."""
    curves = [row["curve"] for row in rows if row.get("curve")]
    return [[(one["seconds"] / 60, one[metric]) for one in curve] for curve in curves]


def draw(
    panels: Mapping[str, Mapping[str, Sequence[Points]]],
    path: Path,
    *,
    colours: Mapping[str, str],
    errors: str,
) -> None:
    """Draw a panel for each title, in it a line for each run, in the colour of its competitor.

    Needs matplotlib.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogFormatter

    num_columns = min(MOST_COLUMNS, len(panels))
    num_rows = -(-len(panels) // num_columns)
    figure, places = pyplot.subplots(
        num_rows,
        num_columns,
        squeeze=False,
        figsize=(4 * num_columns, 3.2 * num_rows),
        layout="constrained",
    )
    for axes, (title, runs) in zip(places.flat, panels.items(), strict=False):
        for name, colour in colours.items():
            for number, curve in enumerate(runs.get(name, ())):
                label = None if number else name
                axes.plot(*zip(*curve, strict=True), "o-", color=colour, ms=3, label=label)
        axes.set_title(title)
        axes.set_xlabel("minutes of training")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))
        axes.grid(axis="y", color="0.9")
    for axes in places.flat[len(panels) :]:
        axes.axis("off")
    figure.supylabel(errors)
    legend = {
        label: line
        for axes in places.flat
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(legend.values(), legend, loc="outside upper center", ncols=len(legend))
    figure.savefig(path)
