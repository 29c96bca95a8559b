"""Line charts: in the terminal, and as files through matplotlib.

A chart is data; the two drawings of it share its axes, the order of its colours and its thinning.
Where a terminal has no colour, several curves have marks instead.
"""

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn._atomic import write_atomically
from charrnn._text import visible
from charrnn.errors import StorageError, UsageError, storage_errors
from charrnn.plots.axes import Axis, spread
from charrnn.plots.canvas import COLOURS, Canvas, Point, nearest

if TYPE_CHECKING:
    from rich.text import Text

_NUM_ROWS = 16
_SUFFIXES = (".svg", ".png", ".pdf")
_BUCKETS = 1000  # of an exported curve: more could not be seen


@dataclass(frozen=True)
class Curve:
    """Points to be joined, in order of x; what is not finite leaves a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """Curves over the same axes; `levels` are horizontal dashed lines by name."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    levels: Mapping[str, float] = field(default_factory=dict)
    log_x: bool = False
    log_y: bool = False

    def axes(self) -> tuple[Axis, Axis]:
        """The ranges that hold all curves and levels."""
        across = (x for curve in self.curves for x in curve.x)
        up = [y for curve in self.curves for y in curve.y] + list(self.levels.values())
        return Axis.around(across, is_log=self.log_x), Axis.around(up, is_log=self.log_y)


def show(chart: Chart, *, width: int | None = None) -> None:
    """Draw a chart on stdout, as wide as the terminal (at most 120 columns), or so wide."""
    from rich.console import Console

    console = Console(highlight=False, width=width)
    is_coloured = console.color_system is not None and not console.no_color
    for line in _drawn(chart, min(120, console.width), is_coloured=is_coloured):
        line.rstrip()
        console.print(line, no_wrap=True, overflow="ellipsis", crop=True)


def _drawn(chart: Chart, width: int, *, is_coloured: bool) -> Iterator["Text"]:
    """The lines of a chart, from its title to its legend."""
    from rich.text import Text

    across, up = chart.axes()
    rows_of = {_row(up, tick): label for tick, label in up.ticks(_NUM_ROWS // 2).items()}
    left = max(map(len, rows_of.values()), default=0) + 2
    beside = _names_of_levels(chart, up)
    right = max((Text(name).cell_len + 1 for name in beside.values()), default=0)
    num_columns = max(10, width - left - right)
    canvas = Canvas(_NUM_ROWS, num_columns, num_curves=len(chart.curves), is_coloured=is_coloured)
    for value in chart.levels.values():
        canvas.level(_row(up, value))
    for k, curve in enumerate(chart.curves):
        canvas.draw(k, _placed(curve, across, up, buckets=2 * num_columns))
    yield Text(" " * left + visible(chart.title), style="bold" if is_coloured else "")
    yield Text(" " * max(0, left - 1 - len(chart.y_label)) + visible(chart.y_label))
    for row in range(_NUM_ROWS):
        edge = f"{rows_of[row]:>{left - 2}} ┤" if row in rows_of else " " * (left - 1) + "│"
        yield Text(edge).append(canvas.row(row)).append(" " + beside.get(row, ""))
    yield from _below(across, chart.x_label, left, num_columns)
    yield from _legend(chart, canvas, width)


def _row(up: Axis, value: float) -> int:
    """The row of characters in which a value stands, from the top."""
    place = up.place(value)
    return -1 if place is None else nearest(1 - place, _NUM_ROWS * 4) // 4


def _names_of_levels(chart: Chart, up: Axis) -> dict[int, str]:
    """Each level's name and value by the row it is written in: its own, or the nearest free one."""
    found = {name: _row(up, value) for name, value in chart.levels.items()}
    names = sorted((name for name in found if found[name] >= 0), key=lambda name: found[name])
    rows = spread([found[name] for name in names], 1, last=_NUM_ROWS - 1)
    return {
        int(row): _with_value(name, chart.levels[name])
        for row, name in zip(rows, names, strict=True)
    }


def _with_value(name: str, value: float) -> str:
    """A level's name and its value in three digits."""
    return f"{visible(name)} {value:#.3g}".rstrip(".")


def _below(across: Axis, label: str, left: int, num_columns: int) -> Iterator["Text"]:
    """The lower edge, the ticks' labels under it, and what they mean."""
    from rich.text import Text

    edge, labels = ["─"] * num_columns, [" "] * (left + num_columns)
    free = 0
    for tick, name in across.ticks(max(4, num_columns // 8)).items():
        column = nearest(across.place(tick) or 0, num_columns)
        edge[column] = "┬"
        begin = max(0, min(left + column - len(name) // 2, len(labels) - len(name)))
        if begin >= free:
            labels[begin : begin + len(name)] = name
            free = begin + len(name) + 1
    yield Text(" " * (left - 1) + "└" + "".join(edge))
    yield Text("".join(labels).rstrip())
    yield Text(" " * (left + max(0, (num_columns - len(label)) // 2)) + visible(label))


def _legend(chart: Chart, canvas: Canvas, width: int) -> Iterator["Text"]:
    """The curves' names beside their colours or marks: on one line, or on one each."""
    from rich.text import Text

    entries = [
        canvas.sample(k).append(f" {visible(curve.name)}") for k, curve in enumerate(chart.curves)
    ]
    line = Text("   ").join(entries)
    yield from [line] if line.cell_len <= width else entries


def _placed(curve: Curve, across: Axis, up: Axis, *, buckets: int) -> list[Point | None]:
    """A curve's points as shares of the axes, thinned: of those that fall into one of so many
    equal parts across, the first, the lowest, the highest and the last. None stands for a gap.
    """
    thinned: list[Point | None] = []
    group: list[Point] = []
    bucket = -1
    for x_value, y_value in zip(curve.x, curve.y, strict=True):
        x, y = across.place(x_value), up.place(y_value)
        here = -1 if x is None else nearest(x, buckets)
        if here != bucket or x is None or y is None:
            thinned += _outline(group)
            group = []
        if x is None or y is None:
            thinned.append(None)
            continue
        bucket = here
        group.append((x, y))
    return thinned + _outline(group)


def _outline(group: list[Point]) -> list[Point | None]:
    """First, lowest, highest and last of some points, in their order, each once."""
    if len(group) <= 4:
        return list(group)
    heights = [y for _, y in group]
    kept = {0, heights.index(min(heights)), heights.index(max(heights)), len(group) - 1}
    return [group[k] for k in sorted(kept)]


def require_exportable(path: Path) -> None:
    """Raise `UsageError` unless `export` can write that kind of file."""
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{path} cannot hold a chart", "its name must end in .svg, .png or .pdf")


def export(chart: Chart, path: Path) -> None:
    """Write a chart as .svg, .png or .pdf, by the path's suffix.

    The same chart gives the same bytes with the same matplotlib. Raises `UsageError` for another
    suffix or where matplotlib is missing, `StorageError` where the disk refuses.
    """
    require_exportable(path)
    mpl, Figure = _matplotlib()
    suffix = path.suffix.lower()
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": None}
    held = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "charrnn", "text.parse_math": False}):
        figure = Figure(figsize=(7.2, 4.2), dpi=150, layout="tight")
        _plot(chart, figure.add_subplot())
        figure.savefig(held, format=suffix[1:], metadata=undated[suffix])
    with storage_errors(f"cannot write {path}", "name another file to export to"):
        write_atomically(path, [held.getbuffer()])


def _matplotlib() -> tuple[Any, Any]:
    """matplotlib and its Figure, without the note it logs for a user who has no home."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(
            "charts as files need matplotlib", 'type: pip install "charrnn[plot]"'
        ) from error
    except OSError as error:
        raise StorageError(
            "matplotlib finds no folder where it may write its cache",
            "name one: export MPLCONFIGDIR=FOLDER",
        ) from error
    finally:
        log.setLevel(level)
    return mpl, Figure


def _plot(chart: Chart, axes: Any) -> None:
    """The chart on matplotlib's axes, laid out by ours: 0 to 1 in both directions."""
    across, up = chart.axes()
    lines = []
    for k, curve in enumerate(chart.curves):
        points = [
            point or (float("nan"), float("nan"))
            for point in _placed(curve, across, up, buckets=_BUCKETS)
        ]
        style = {"color": COLOURS[k % len(COLOURS)], "marker": "o" if len(points) == 1 else ""}
        lines += axes.plot([x for x, _ in points], [y for _, y in points], lw=1.5, **style)
    for set_ticks, axis, most in ((axes.set_xticks, across, 9), (axes.set_yticks, up, 7)):
        ticks = axis.ticks(most)
        set_ticks([axis.place(tick) for tick in ticks], list(ticks.values()))
    axes.set(xlabel=chart.x_label, ylabel=chart.y_label, xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
    axes.set_title(chart.title, loc="left", fontsize="medium")
    _levels(chart, axes, up)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    legend = axes.legend(lines, ["·"] * len(lines), frameon=False)
    for shown, curve in zip(legend.get_texts(), chart.curves, strict=True):
        shown.set_text(visible(curve.name))  # as a label, a name like _run would be left out


def _levels(chart: Chart, axes: Any, up: Axis) -> None:
    """Dashed lines, each name at its right end, moved up where two would overlap."""
    found = {name: up.place(value) for name, value in chart.levels.items()}
    places = {name: place for name, place in found.items() if place is not None}
    names = sorted(places, key=lambda name: places[name])
    heights = spread([places[name] for name in names], 0.05, last=1.0)
    for name, height in zip(names, heights, strict=True):
        axes.axhline(places[name], color="0.45", lw=1, ls="--", zorder=1)
        label = _with_value(name, chart.levels[name])
        axes.text(1.03, height, label, color="0.3", fontsize="small", va="center")
