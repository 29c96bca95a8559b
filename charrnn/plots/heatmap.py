"""Heatmaps: a text whose characters are coloured by a number each, in the terminal or as a file.

The numbers can be anything with a scale: bits of surprise, the activity of a unit. The scale has
nine shades; the lowest, or the middle of a diverging scale, is plain text. All can be read on light
and on dark. Where there are no colours, a row of blocks below each row of text shows the numbers.
"""

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from charrnn._exported import MARK, require_replaceable, write_exported
from charrnn._text import symbol, visible
from charrnn.errors import UsageError

_Colours = tuple[str, str | None] | None  # foreground and background; None is plain

# From the 256 colours that most terminals have. Shades next to the plain one colour the letter
# alone, so that they are calm on light and on dark.
_SEQUENTIAL: Sequence[_Colours] = (
    None,
    ("#87875f", None), ("#af8700", None), ("#000000", "#d7af5f"), ("#000000", "#ffaf5f"),
    ("#000000", "#ff875f"), ("#000000", "#ff5f5f"), ("#ffffff", "#d70000"), ("#ffffff", "#87005f"),
)  # fmt: skip
_DIVERGING: Sequence[_Colours] = (
    ("#ffffff", "#005faf"), ("#000000", "#5f87d7"), ("#000000", "#87afd7"), ("#5f87af", None),
    None,
    ("#af875f", None), ("#000000", "#d7af87"), ("#000000", "#ff875f"), ("#ffffff", "#af0000"),
)  # fmt: skip
_BLOCKS, _DIVERGING_BLOCKS = " ▁▂▃▄▅▆▇█", "▁▂▃▄ ▅▆▇█"
_FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_NUM_COLUMNS, _COLUMN_WIDTH, _ROW_HEIGHT = 100, 8.4, 20  # of an .svg, for letters of 14 pixels
_MARGIN = 20  # pixels


@dataclass(frozen=True)
class ColourScale:
    """How numbers become colours."""

    low: float  # numbers below it look like it
    high: float  # numbers above it look like it
    legend: str  # what the numbers measure
    is_diverging: bool = False  # two sides with different colours, and a plain middle


@dataclass(frozen=True)
class Heatmap:
    """A text, and a number for each of its characters."""

    title: str
    text: str
    values: Sequence[float]
    scale: ColourScale


@dataclass(frozen=True)
class _Cell:
    """One character as it is shown, or a number of the key."""

    shown: str
    value: float
    shade: int
    ends_line: bool = False


@dataclass(frozen=True)
class _Drawing:
    """What is drawn, with nothing in it that could drive a terminal or break a page."""

    title: str
    legend: str
    cells: Sequence[_Cell]
    key: Sequence[_Cell]  # a cell for each shade, with the number it stands for
    colours: Sequence[_Colours]  # of each shade
    blocks: str


def require_exportable(path: Path) -> None:
    """Raise `UsageError` unless `export` can write that kind of file, .html or .svg, and replace
    the one that is there; `StorageError` where there can be none.
    """
    if path.suffix.lower() not in _PAGES:
        raise UsageError(f"{path} is neither .html nor .svg", "give it one of these endings")
    require_replaceable(path)


def show(heatmap: Heatmap) -> None:
    """Write a heatmap to stdout: title, text, and a key with the legend.

    Without colours (a pipe, NO_COLOR) a row of blocks under each row of text shows the values.
    """
    console = Console(highlight=False)
    drawing = _drawing(heatmap)
    rows = _in_colours(drawing, console.width)
    if console.no_color or console.color_system is None:
        console = Console(highlight=False, color_system=None)
        rows = _in_blocks(drawing, console.width)
    for row in rows:
        console.print(row, soft_wrap=True)


def export(heatmap: Heatmap, path: Path) -> None:
    """Write a heatmap as .html, where coloured characters have their values as tooltips, or as
    .svg. The file needs no other files.

    Raises `UsageError` for another suffix and for a file that charrnn did not write,
    `StorageError` if the file cannot be written.
    """
    require_exportable(path)
    write_exported(path, "".join(_PAGES[path.suffix.lower()](_drawing(heatmap))).encode())


def _drawing(heatmap: Heatmap) -> _Drawing:
    scale, last = heatmap.scale, len(_BLOCKS) - 1

    def cell(shown: str, value: float, ends_line: bool = False) -> _Cell:
        fraction = min(max((value - scale.low) / (scale.high - scale.low), 0.0), 1.0)
        return _Cell(shown, float(value), round(fraction * last), ends_line)

    cells = [
        cell(" " if character == " " else symbol(character), value, character == "\n")
        for character, value in zip(heatmap.text, heatmap.values, strict=True)
    ]
    numbers = [scale.low + k * (scale.high - scale.low) / last for k in range(last + 1)]
    return _Drawing(
        title=visible(heatmap.title),
        legend=visible(scale.legend),
        cells=cells,
        key=[cell(f"{number:.2g}", number) for number in numbers],
        colours=_DIVERGING if scale.is_diverging else _SEQUENTIAL,
        blocks=_DIVERGING_BLOCKS if scale.is_diverging else _BLOCKS,
    )


def _rows(cells: Sequence[_Cell], width: int) -> Iterator[Sequence[_Cell]]:
    """Split cells into rows of at most `width` columns: after newlines, and at spaces if it can."""
    begin = end = columns = 0
    while end < len(cells):
        columns += cell_len(cells[end].shown)
        if columns > width and end > begin:
            space = next((k for k in range(end - 1, begin, -1) if cells[k].shown == " "), end - 1)
            yield cells[begin : space + 1]
            begin = end = space + 1
            columns = 0
            continue
        end += 1
        if cells[end - 1].ends_line:
            yield cells[begin:end]
            begin, columns = end, 0
    if begin < end:
        yield cells[begin:end]


def _runs(row: Sequence[_Cell]) -> Iterator[tuple[int, str]]:
    """Join neighbours of the same shade."""
    for shade, cells in groupby(row, key=lambda cell: cell.shade):
        yield shade, "".join(cell.shown for cell in cells)


def _in_colours(drawing: _Drawing, width: int) -> Iterator[Text]:
    styles = [" on ".join(filter(None, colours or ())) for colours in drawing.colours]
    yield Text(drawing.title + "\n", "bold")
    for row in _rows(drawing.cells, width):
        yield Text.assemble(*((shown, styles[shade]) for shade, shown in _runs(row)))
    key = ((f" {cell.shown} ", styles[cell.shade]) for cell in drawing.key)
    yield Text.assemble("\n", *key, f"  {drawing.legend}")


def _in_blocks(drawing: _Drawing, width: int) -> Iterator[Text]:
    yield Text(drawing.title + "\n")
    for row in _rows(drawing.cells, width):
        yield Text("".join(cell.shown for cell in row))
        below = (drawing.blocks[cell.shade] + " " for cell in row)
        under = zip(below, row, strict=True)
        yield Text("".join(two[: cell_len(cell.shown)] for two, cell in under).rstrip())
    key = (f"{drawing.blocks[cell.shade]} {cell.shown}" for cell in drawing.key)
    yield Text(f"\n{'  '.join(key).strip()}  {drawing.legend}")


def _html(drawing: _Drawing) -> Iterator[str]:
    """Yield a page; plain text has the reader's own colours."""
    title, colours = html.escape(drawing.title), drawing.colours
    yield f"<!DOCTYPE html>\n<!-- {MARK} -->\n<html><head><meta charset='utf-8'>"
    yield f"<title>{title}</title><style>\n"
    yield ":root{color-scheme:light dark}\n"
    yield f"pre{{font:14px/1.45 {_FONT};white-space:pre-wrap;"
    yield f"max-width:{_NUM_COLUMNS}ch;margin:2em}}\n"
    for k, (foreground, background) in enumerate(colour or ("", None) for colour in colours):
        ground = f";background:{background}" if background else ""
        yield f".d{k}{{color:{foreground}{ground}}}\n" if foreground else ""
    yield f"</style></head><body><pre><b>{title}</b>\n\n"
    for cell in drawing.cells:
        shown = html.escape(cell.shown)
        is_plain = colours[cell.shade] is None
        marked = f"<span class=d{cell.shade} title='{cell.value:.2f}'>{shown}</span>"
        yield shown if is_plain else marked
        yield "\n" * cell.ends_line
    yield "\n\n"
    yield from (f"<span class=d{cell.shade}> {cell.shown} </span>" for cell in drawing.key)
    yield f"  {html.escape(drawing.legend)}</pre></body></html>\n"


def _svg(drawing: _Drawing) -> Iterator[str]:
    """Yield a picture on white."""
    plain = drawing.colours.index(None)
    key = [_Cell(f" {cell.shown} ", cell.value, cell.shade) for cell in drawing.key]
    legend = _Cell(f"  {drawing.legend}", 0.0, plain)
    title = _Cell(drawing.title, 0.0, plain)
    rows = [[title], [], *_rows(drawing.cells, _NUM_COLUMNS), [], [*key, legend]]
    columns = max(sum(cell_len(cell.shown) for cell in row) for row in rows)
    width, height = columns * _COLUMN_WIDTH + 2 * _MARGIN, len(rows) * _ROW_HEIGHT + 2 * _MARGIN
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
    yield f' font-family="{_FONT}" font-size="14">\n<!-- {MARK} -->\n'
    yield f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>\n'
    for number, row in enumerate(rows):
        x = float(_MARGIN)
        for shade, shown in _runs(row):
            length = cell_len(shown) * _COLUMN_WIDTH
            yield from _svg_run(shown, drawing.colours[shade], x, number, length)
            x += length
    yield "</svg>\n"


def _svg_run(shown: str, colours: _Colours, x: float, row: int, length: float) -> Iterator[str]:
    """Yield characters of one shade, `x` and `length` in pixels."""
    foreground, background = colours or ("#000000", None)
    y = _MARGIN + row * _ROW_HEIGHT
    if background:
        yield f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="{_ROW_HEIGHT}"'
        yield f' fill="{background}"/>'
    if shown.strip():
        yield f'<text x="{x:.1f}" y="{y + 14.5}" textLength="{length:.1f}" fill="{foreground}">'
        kept = html.escape(shown).replace(" ", "&#160;")  # browsers drop repeated spaces
        yield f"{kept}</text>\n"


_PAGES: dict[str, Callable[[_Drawing], Iterator[str]]] = {".html": _html, ".svg": _svg}
