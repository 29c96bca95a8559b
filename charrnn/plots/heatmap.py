"""A text with each character coloured by a number: in the terminal, or as an .html or .svg file.

The numbers may be anything that has a scale: bits of surprise, what a unit of the network does.
They fall into nine degrees. The calm one (the lowest, or the middle of a scale with two sides)
looks like any text; each other has an ink and a ground of its own, so that it reads on light and on
dark. Without colours a line of blocks under the text tells the same. It knows nothing of models.
"""

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from charrnn._atomic import write_atomically
from charrnn._text import symbol, visible
from charrnn.errors import UsageError, storage_errors

# Ink and ground of each degree, of the 256 colours that most terminals have.
_WARM = (
    None,
    ("#000000", "#afaf87"), ("#000000", "#d7d787"), ("#000000", "#d7af5f"), ("#000000", "#ffaf5f"),
    ("#000000", "#ff875f"), ("#000000", "#ff5f5f"), ("#ffffff", "#d70000"), ("#ffffff", "#87005f"),
)  # fmt: skip
_TWO_SIDED = (
    ("#ffffff", "#005faf"), ("#000000", "#5f87d7"), ("#000000", "#87afd7"), ("#000000", "#afd7d7"),
    None,
    ("#000000", "#d7d7af"), ("#000000", "#d7af87"), ("#000000", "#ff875f"), ("#ffffff", "#af0000"),
)  # fmt: skip
_BLOCKS, _TWO_SIDED_BLOCKS = " ▁▂▃▄▅▆▇█", "▁▂▃▄ ▅▆▇█"
_FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_COLUMNS, _COLUMN, _ROW = 100, 8.4, 20  # of an .svg: how many, and their size at 14 pixels
_MARGIN = 20


@dataclass(frozen=True)
class Looks:
    """How numbers become colours, and the words beside them."""

    scale: tuple[float, float]  # where colours begin and end; what lies beyond looks like its ends
    diverging: bool  # its two sides have different colours, and its middle is plain
    title: str
    legend: str  # what the scale measures


@dataclass(frozen=True)
class _Cell:
    """One character as it is shown, and the degree of its number."""

    shown: str
    value: float
    degree: int
    ends_line: bool


@dataclass(frozen=True)
class _Map:
    """All that is drawn."""

    cells: Sequence[_Cell]
    colours: Sequence[tuple[str, str] | None]  # ink and ground of each degree; None is calm
    blocks: str
    title: str
    key: Sequence[_Cell]  # a cell for each degree, showing the number it stands for
    legend: str


def require_exportable(path: Path) -> None:
    """Raise `UsageError` unless `export` can write that kind of file: .html or .svg."""
    if path.suffix.lower() not in _PAGES:
        raise UsageError(f"{path} is neither .html nor .svg", "give it one of these endings")


def show(text: str, values: Sequence[float], looks: Looks) -> None:
    """Write the text to stdout, each character coloured by its value, below a title and above a
    legend, which names what the scale measures.

    Without colours (a pipe, NO_COLOR) a line of blocks under each line tells the values.
    """
    console = Console(highlight=False)
    drawn = _map(text, values, looks)
    rows = _in_colours(drawn, console.width)
    if console.no_color or console.color_system is None:
        console = Console(highlight=False, color_system=None)
        rows = _in_blocks(drawn, console.width)
    for row in rows:
        console.print(row, soft_wrap=True)


def export(path: Path, text: str, values: Sequence[float], looks: Looks) -> None:
    """Write what `show` shows to a file that needs no other: .html, where each character tells
    its value under the pointer, or .svg.

    Raises `UsageError` for another kind of file, `StorageError` where the disk refuses.
    """
    require_exportable(path)
    drawn = _map(text, values, looks)
    page = "".join(_PAGES[path.suffix.lower()](drawn))
    with storage_errors(f"cannot write {path}", "name another file to export to"):
        write_atomically(path, [page.encode()])


def _map(text: str, values: Sequence[float], looks: Looks) -> _Map:
    """What there is to draw, with nothing in it that could drive a terminal or break a page."""
    low, high = looks.scale
    last = len(_BLOCKS) - 1

    def cell(shown: str, value: float, ends_line: bool = False) -> _Cell:
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return _Cell(shown, float(value), round(share * last), ends_line)

    cells = [
        cell(" " if character == " " else symbol(character), value, character == "\n")
        for character, value in zip(text, values, strict=True)
    ]
    numbers = [low + k * (high - low) / last for k in range(last + 1)]
    return _Map(
        cells=cells,
        colours=_TWO_SIDED if looks.diverging else _WARM,
        blocks=_TWO_SIDED_BLOCKS if looks.diverging else _BLOCKS,
        title=visible(looks.title),
        key=[cell(f"{number:.2g}", number) for number in numbers],
        legend=visible(looks.legend),
    )


def _rows(cells: Sequence[_Cell], width: int) -> Iterator[Sequence[_Cell]]:
    """The cells in rows no wider than that, broken after newlines and, where there are, spaces."""
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
    """Neighbours of one degree together."""
    for degree, cells in groupby(row, key=lambda cell: cell.degree):
        yield degree, "".join(cell.shown for cell in cells)


def _in_colours(drawn: _Map, width: int) -> Iterator[Text]:
    styles = ["{} on {}".format(*colours) if colours else "" for colours in drawn.colours]
    yield Text(drawn.title + "\n", "bold")
    for row in _rows(drawn.cells, width):
        yield Text.assemble(*((shown, styles[degree]) for degree, shown in _runs(row)))
    key = ((f" {cell.shown} ", styles[cell.degree]) for cell in drawn.key)
    yield Text.assemble("\n", *key, f"  {drawn.legend}")


def _in_blocks(drawn: _Map, width: int) -> Iterator[Text]:
    yield Text(drawn.title + "\n")
    for row in _rows(drawn.cells, width):
        yield Text("".join(cell.shown for cell in row))
        below = (drawn.blocks[cell.degree] + " " for cell in row)
        under = zip(below, row, strict=True)
        yield Text("".join(two[: cell_len(cell.shown)] for two, cell in under).rstrip())
    key = (f"{drawn.blocks[cell.degree]} {cell.shown}" for cell in drawn.key)
    yield Text(f"\n{'  '.join(key).strip()}  {drawn.legend}")


def _html(drawn: _Map) -> Iterator[str]:
    """A page, in the reader's own colours where the text is calm."""
    colours = enumerate(drawn.colours)
    rules = (f".d{k}{{color:{c[0]};background:{c[1]}}}" for k, c in colours if c)
    title = html.escape(drawn.title)
    yield f"<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>{title}</title><style>\n"
    yield ":root{color-scheme:light dark}\n"
    yield f"pre{{font:14px/1.45 {_FONT};white-space:pre-wrap;max-width:{_COLUMNS}ch;margin:2em}}\n"
    yield "\n".join(rules)
    yield f"\n</style></head><body><pre><b>{title}</b>\n\n"
    for cell in drawn.cells:
        shown = html.escape(cell.shown)
        is_calm = drawn.colours[cell.degree] is None
        tip = f"<span class=d{cell.degree} title='{cell.value:.2f}'>{shown}</span>"
        yield shown if is_calm else tip
        yield "\n" * cell.ends_line
    yield "\n\n"
    yield from (f"<span class=d{cell.degree}> {cell.shown} </span>" for cell in drawn.key)
    yield f"  {html.escape(drawn.legend)}</pre></body></html>\n"


def _svg(drawn: _Map) -> Iterator[str]:
    """A picture on white."""
    key = [_Cell(f" {cell.shown} ", cell.value, cell.degree, False) for cell in drawn.key]
    calm = drawn.colours.index(None)
    title, legend = (
        [_Cell(words, 0.0, calm, False)] for words in (drawn.title, f"  {drawn.legend}")
    )
    rows = [title, [], *_rows(drawn.cells, _COLUMNS), [], [*key, *legend]]
    columns = max(sum(cell_len(cell.shown) for cell in row) for row in rows)
    width, height = columns * _COLUMN + 2 * _MARGIN, len(rows) * _ROW + 2 * _MARGIN
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
    yield f' font-family="{_FONT}" font-size="14">\n'
    yield f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>\n'
    for number, row in enumerate(rows):
        x, y = float(_MARGIN), _MARGIN + number * _ROW
        for degree, shown in _runs(row):
            ink, ground = drawn.colours[degree] or ("#000000", None)
            length = cell_len(shown) * _COLUMN
            if ground:
                yield f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="{_ROW}"'
                yield f' fill="{ground}"/>'
            if shown.strip():
                yield f'<text x="{x:.1f}" y="{y + 14.5}" textLength="{length:.1f}" fill="{ink}">'
                kept = html.escape(shown).replace(" ", "&#160;")  # browsers drop the others
                yield f"{kept}</text>\n"
            x += length
    yield "</svg>\n"


_PAGES: dict[str, Callable[[_Map], Iterator[str]]] = {".html": _html, ".svg": _svg}
