"""Line charts, in the terminal and as files (by matplotlib).

A chart is data. Both drawings of it have the same axes, colours and thinning. Where a terminal has
no colours, each of several curves has a mark instead.
"""

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn._exported import MARK, write_exported
from charrnn._text import one_line
from charrnn.errors import UsageError
from charrnn.plots import matplotlib_files
from charrnn.plots.axes import Axis, spread
from charrnn.plots.canvas import COLOURS, Canvas, Point, nearest

if TYPE_CHECKING:
    from rich.text import Text

_NUM_ROWS = 16
_SUFFIXES = (".svg", ".png", ".pdf")
_NUM_BUCKETS = 1000  # of an exported curve: more could not be seen


@dataclass(frozen=True)
class Curve:
    """Points joined in order of x; numbers that are not finite leave a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """Curves over the same axes, and horizontal dashed lines (`levels`) by name."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    levels: Mapping[str, float] = field(default_factory=dict)
    log_x: bool = False
    log_y: bool = False

    def axes(self) -> tuple[Axis, Axis]:
        """Return the x and y axes, which hold all curves and levels."""
        x = (value for curve in self.curves for value in curve.x)
        y = [value for curve in self.curves for value in curve.y] + list(self.levels.values())
        return Axis.around(x, is_log=self.log_x), Axis.around(y, is_log=self.log_y)

    def save(self, path: str | Path) -> None:
        """Write a picture: .svg, .png or .pdf. Raises `UsageError`, `StorageError`."""
        export(self, Path(path))

    def svg(self) -> str:
        """Return the picture as an <svg> element. Raises `UsageError` if matplotlib is missing."""
        document = _rendered(self, ".svg").decode()
        return document[document.index("<svg") :]

    def _repr_svg_(self) -> str | None:
        """What a notebook shows; without matplotlib it shows the data."""
        with contextlib.suppress(UsageError):
            return self.svg()
        return None


def show(chart: Chart, *, width: int | None = None) -> None:
    """Draw a chart on stdout, `width` columns wide; by default as the terminal, at most 120."""
    from rich.console import Console

    console = Console(highlight=False, width=width)
    is_coloured = console.color_system is not None and not console.no_color
    for line in _drawn(chart, min(120, console.width), is_coloured=is_coloured):
        line.rstrip()
        console.print(line, no_wrap=True, overflow="ellipsis", crop=True)


def _drawn(chart: Chart, width: int, *, is_coloured: bool) -> Iterator["Text"]:
    """Yield the lines of a chart, from its title to its legend."""
    from rich.text import Text

    x_axis, y_axis = chart.axes()
    ticks = {_row(y_axis, tick): label for tick, label in y_axis.ticks(_NUM_ROWS // 2).items()}
    names = _names_of_levels(chart, y_axis)
    left = max(map(len, ticks.values()), default=0) + 2
    right = max((Text(name).cell_len + 1 for name in names.values()), default=0)
    num_columns = max(10, width - left - right)
    canvas = _canvas(chart, num_columns, is_coloured=is_coloured)
    yield Text(" " * left + one_line(chart.title), style="bold" if is_coloured else "")
    yield Text(" " * max(0, left - 1 - len(chart.y_label)) + one_line(chart.y_label))
    for row in range(_NUM_ROWS):
        edge = f"{ticks[row]:>{left - 2}} ┤" if row in ticks else " " * (left - 1) + "│"
        yield Text(edge).append(canvas.row(row)).append(" " + names.get(row, ""))
    yield from _below(x_axis, chart.x_label, left, num_columns)
    yield from _legend(chart, canvas, width)


def _canvas(chart: Chart, num_columns: int, *, is_coloured: bool) -> Canvas:
    """Return a canvas with the levels and curves of a chart."""
    canvas = Canvas(_NUM_ROWS, num_columns, num_curves=len(chart.curves), is_coloured=is_coloured)
    x_axis, y_axis = chart.axes()
    for value in chart.levels.values():
        canvas.draw_level(_row(y_axis, value))
    for k, curve in enumerate(chart.curves):
        canvas.draw(k, _points(curve, x_axis, y_axis, num_buckets=2 * num_columns))
    return canvas


def _row(y_axis: Axis, value: float) -> int:
    """Return the row of characters that shows a value, from the top; -1 if none does."""
    position = y_axis.position(value)
    return -1 if position is None else nearest(1 - position, _NUM_ROWS * 4) // 4


def _names_of_levels(chart: Chart, y_axis: Axis) -> dict[int, str]:
    """Return the names and values of levels by row: a level's own row, or the nearest free one."""
    row_of = {name: _row(y_axis, value) for name, value in chart.levels.items()}
    names = sorted((name for name in row_of if row_of[name] >= 0), key=lambda name: row_of[name])
    rows = spread([row_of[name] for name in names], 1, last=_NUM_ROWS - 1)
    return {
        int(row): _with_value(name, chart.levels[name])
        for row, name in zip(rows, names, strict=True)
    }


def _with_value(name: str, value: float) -> str:
    """Return the name of a level and its value in three digits."""
    return f"{one_line(name)} {value:#.3g}".rstrip(".")


def _below(x_axis: Axis, label: str, left: int, num_columns: int) -> Iterator["Text"]:
    """Yield the lower edge, the labels of its ticks, and the label of the axis."""
    from rich.text import Text

    edge, labels = ["─"] * num_columns, [" "] * (left + num_columns)
    free = 0
    for tick, name in x_axis.ticks(max(4, num_columns // 8)).items():
        column = nearest(x_axis.position(tick) or 0, num_columns)
        edge[column] = "┬"
        begin = max(0, min(left + column - len(name) // 2, len(labels) - len(name)))
        if begin >= free:
            labels[begin : begin + len(name)] = name
            free = begin + len(name) + 1
    yield Text(" " * (left - 1) + "└" + "".join(edge))
    yield Text("".join(labels).rstrip())
    yield Text(" " * (left + max(0, (num_columns - len(label)) // 2)) + one_line(label))


def _legend(chart: Chart, canvas: Canvas, width: int) -> Iterator["Text"]:
    """Yield the names of the curves with their colours or marks, as many on a line as fit."""
    from rich.text import Text

    line = Text()
    for k, curve in enumerate(chart.curves):
        entry = canvas.legend_mark(k).append(f" {one_line(curve.name)}")
        if line and line.cell_len + 3 + entry.cell_len > width:
            yield line
            line = Text()
        line = Text("   ").join([line, entry]) if line else entry
    yield line


def _points(curve: Curve, x_axis: Axis, y_axis: Axis, *, num_buckets: int) -> list[Point | None]:
    """Return a thinned curve as fractions of the axes; None stands for a gap.

    The x axis is divided into buckets. Of the points in each the first, the lowest, the highest and
    the last are kept, so that no peak is lost.
    """
    thinned: list[Point | None] = []
    group: list[Point] = []
    group_bucket = -1
    for x_value, y_value in zip(curve.x, curve.y, strict=True):
        x, y = x_axis.position(x_value), y_axis.position(y_value)
        bucket = -1 if x is None else nearest(x, num_buckets)
        if bucket != group_bucket or x is None or y is None:
            thinned += _extremes(group)
            group = []
        if x is None or y is None:
            thinned.append(None)
            continue
        group_bucket = bucket
        group.append((x, y))
    return thinned + _extremes(group)


def _extremes(group: list[Point]) -> list[Point | None]:
    """Return the first, the lowest, the highest and the last of some points, in their order."""
    if len(group) <= 4:
        return list(group)
    heights = [y for _, y in group]
    kept = {0, heights.index(min(heights)), heights.index(max(heights)), len(group) - 1}
    return [group[k] for k in sorted(kept)]


def require_exportable(path: Path) -> None:
    """Raise `UsageError` unless `export` can write that kind of file, and matplotlib is there."""
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{path} cannot hold a chart", "its name must end in .svg, .png or .pdf")
    matplotlib_files.require()


def export(chart: Chart, path: Path) -> None:
    """Write a chart as .svg, .png or .pdf, by the suffix of the path.

    With the same version of matplotlib the same chart gives the same bytes. Raises `UsageError` for
    another suffix, if matplotlib is missing, and for a file that charrnn did not write;
    `StorageError` if the file cannot be written.
    """
    require_exportable(path)
    write_exported(path, _rendered(chart, path.suffix.lower()))


def _rendered(chart: Chart, suffix: str) -> bytes:
    """Return the file of a picture, without a date."""
    mpl, Figure = matplotlib_files.load()
    undated = {
        ".svg": {"Date": None, "Creator": MARK},
        ".pdf": {"CreationDate": None, "Creator": MARK},
        ".png": {"Software": MARK},
    }
    image = io.BytesIO()
    families, chart = _in_glyphs(chart)
    how = {"svg.hashsalt": "charrnn", "text.parse_math": False, "font.family": families}
    with mpl.rc_context(how):
        figure = Figure(figsize=(7.2, 4.2), dpi=150, layout="tight")
        _plot(chart, figure.add_subplot())
        figure.savefig(image, format=suffix[1:], metadata=undated[suffix])
    return image.getvalue()


def _in_glyphs(chart: Chart) -> tuple[list[str], Chart]:
    """Return families of fonts, and the chart with words that these can show."""
    names = (curve.name for curve in chart.curves)
    words = (chart.title, chart.x_label, chart.y_label, *names, *chart.levels)
    families, unknown = matplotlib_files.fonts_for("".join(map(one_line, words)))
    shown = (matplotlib_files.with_glyphs(one_line(text), unknown) for text in words)
    return families, replace(
        chart,
        title=next(shown),
        x_label=next(shown),
        y_label=next(shown),
        curves=tuple(replace(curve, name=next(shown)) for curve in chart.curves),
        levels={next(shown): value for value in chart.levels.values()},
    )


def _plot(chart: Chart, axes: Any) -> None:
    """Draw a chart on matplotlib's axes, laid out by ours: from 0 to 1 in both directions."""
    x_axis, y_axis = chart.axes()
    lines = []
    for k, curve in enumerate(chart.curves):
        points = [
            point or (float("nan"), float("nan"))
            for point in _points(curve, x_axis, y_axis, num_buckets=_NUM_BUCKETS)
        ]
        style = {"color": COLOURS[k % len(COLOURS)], "marker": "o" if len(points) == 1 else ""}
        lines += axes.plot([x for x, _ in points], [y for _, y in points], lw=1.5, **style)
    for set_ticks, axis, most in ((axes.set_xticks, x_axis, 9), (axes.set_yticks, y_axis, 7)):
        ticks = axis.ticks(most)
        set_ticks([axis.position(tick) for tick in ticks], list(ticks.values()))
    axes.set(xlabel=chart.x_label, ylabel=chart.y_label, xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
    axes.set_title(chart.title, loc="left", fontsize="medium")
    _draw_levels(chart, axes, y_axis)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    legend = axes.legend(lines, ["·"] * len(lines), edgecolor="none")
    for shown, curve in zip(legend.get_texts(), chart.curves, strict=True):
        shown.set_text(curve.name)  # as a label, a name like _run would be left out


def _draw_levels(chart: Chart, axes: Any, y_axis: Axis) -> None:
    """Draw dashed lines; each has its name at its right end, moved up where two would overlap."""
    positions = {name: y_axis.position(value) for name, value in chart.levels.items()}
    shown = {name: position for name, position in positions.items() if position is not None}
    names = sorted(shown, key=lambda name: shown[name])
    heights = spread([shown[name] for name in names], 0.05, last=1.0)
    for name, height in zip(names, heights, strict=True):
        axes.axhline(shown[name], color="0.45", lw=1, ls="--", zorder=1)
        label = _with_value(name, chart.levels[name])
        axes.text(1.03, height, label, color="0.3", fontsize="small", va="center")
