"""A matrix of shares, in the terminal and as files: the alignment of a translation, or which labels
are taken for which.

In the terminal a cell has one of five shades, which can be read on light and on dark, and without
colours. A matrix that is too wide is drawn in parts, one below the other.
"""

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charrnn._text import lone_symbol, visible
from charrnn.plots.drawing import Box, Drawing, Line, Part, Picture, Words, fitted, pixels

if TYPE_CHECKING:
    from rich.text import Text

MOST_NAMES = 400  # of rows or columns; what comes after them is not drawn

_SHADES = " ░▒▓█"
_LIMITS = (
    0.05,
    0.25,
    0.5,
    0.75,
)  # the least share that each shade but the first shows
_STYLE = "#ff5f00"  # of every shade: it fades into the terminal's own background
_LONGEST_NAME = 12  # columns of a name; of a longer one the end is left out
_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"

_CELL = 22.0  # pixels of a picture
_MARGIN = 16.0
_LONGEST_LABEL = 200.0  # pixels
_LEAST_SEEN = 0.01  # share


@dataclass(frozen=True)
class Matrix(Picture):
    """Shares between 0 and 1 in rows and columns that have names."""

    columns: Sequence[str]
    rows: Sequence[str]
    shares: Sequence[Sequence[float]]  # by row
    title: str
    top: str  # what the columns are
    side: str  # what the rows are
    measure: str  # what has been divided into shares
    joint: str  # between the name of a row and that of a column
    left_out: str = ""  # what is not drawn, for people; empty if all is

    def drawing(self) -> Drawing:
        """Return the picture, to be written as a file."""
        return _drawing(self)


def show(matrix: Matrix, *, width: int | None = None) -> None:
    """Draw a matrix on stdout, `width` columns wide; by default as the terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, width=width)
    if console.no_color:
        console = Console(highlight=False, width=console.width, color_system=None)
    if matrix.title:
        console.print(Text(visible(matrix.title), "bold"), soft_wrap=True)
    for line in _lines(matrix, console.width):
        console.print(line, soft_wrap=True)
    key = Text()
    for shade, limit in zip(_SHADES[1:], _LIMITS, strict=True):
        key.append(shade, _STYLE).append(f" {100 * limit:.0f} %  ")
    key.rstrip()
    console.print(key.append(f" {matrix.measure}"))
    if matrix.left_out:
        console.print(Text(matrix.left_out))


@dataclass(frozen=True)
class _Columns:
    """How the columns are laid out."""

    cell: int  # width of each
    num: int  # in one part of the drawing
    is_upright: bool  # names read downwards


def _lines(matrix: Matrix, width: int) -> Iterator["Text"]:
    """Yield the lines of all parts of the drawing."""
    from rich.cells import cell_len
    from rich.text import Text

    names = [_name(name) for name in matrix.columns[:MOST_NAMES]]
    rows = [_name(name) for name in matrix.rows[:MOST_NAMES]]
    left = max(map(cell_len, rows), default=0)
    columns = _columns(names, max(8, width - left - 2))
    for begin in range(0, len(names), columns.num):
        end = min(begin + columns.num, len(names))
        is_part = end - begin < len(names)
        if is_part:
            before = "" if begin == 0 else "\n"
            yield Text(f"{before}{matrix.top} {begin + 1}–{end} of {len(names)}")
        for heading in _headings(names[begin:end], columns):
            yield Text(_safe(" " * (left + 2) + heading))
        for name, shares in zip(rows, matrix.shares, strict=False):
            shades = [_shade(share) for share in shares[begin:end]]
            if is_part and max(shares) > max(shares[begin:end]) and max(shades) < 2:
                continue  # what matters of it is in another part
            yield _row(name, left, shades, columns.cell)


def _columns(names: Sequence[str], room: int) -> _Columns:
    """Choose the widest layout that fits: names beside each other, or upright, or in parts."""
    from rich.cells import cell_len

    widest = max(map(cell_len, names), default=1)
    is_lone = all(len(_letters(name)) == 1 for name in names)
    beside = 2 if is_lone else widest + 1
    if beside * len(names) <= room and beside <= 5:
        return _Columns(beside, max(1, len(names)), is_upright=False)
    narrowest = 2 if any(map(_is_wide, names)) else 1
    for cell in range(2, narrowest - 1, -1):
        if cell * len(names) <= room:
            return _Columns(cell, max(1, len(names)), is_upright=not is_lone)
    num_parts = -(-len(names) * narrowest // room)
    return _Columns(narrowest, -(-len(names) // num_parts), is_upright=not is_lone)


def _headings(names: Sequence[str], columns: _Columns) -> Iterator[str]:
    """Yield the lines above the columns, the last line of an upright name next to its column."""
    letters = [_letters(name) if columns.is_upright else [name] for name in names]
    height = max(map(len, letters))
    for k in range(height, 0, -1):
        shown = (each[-k] if k <= len(each) else "" for each in letters)
        yield "".join(_padded(each, columns.cell) for each in shown).rstrip()


def _row(name: str, left: int, shades: Sequence[int], cell: int) -> "Text":
    """Return the name of a row and its shades."""
    from rich.text import Text

    row = Text(_safe(_padded(name, left) + " │"))
    for shade in shades:
        row.append(_SHADES[shade] * cell, _STYLE if shade else "")
    row.rstrip()
    return row


def _shade(share: float) -> int:
    return sum(share >= limit for limit in _LIMITS)


def _name(symbol: str) -> str:
    """Return a symbol as stdout can show it, not too long."""
    name = lone_symbol(symbol)
    letters = _letters(name)
    if len(letters) > _LONGEST_NAME:
        name = "".join(letters[: _LONGEST_NAME - 1]) + "…"
    errors = sys.stdout.errors if sys.stdout.errors != "strict" else "backslashreplace"
    encoding = sys.stdout.encoding or "utf-8"
    return name.encode(encoding, errors or "backslashreplace").decode(encoding)


def _letters(name: str) -> list[str]:
    """Split a name into letters, each with the marks above or below it."""
    from rich.cells import cell_len

    letters: list[str] = []
    for character in name:
        if letters and cell_len(character) == 0:
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _padded(name: str, width: int) -> str:
    from rich.cells import cell_len

    return name + " " * (width - cell_len(name))


def _is_wide(name: str) -> bool:
    """Whether one column is too narrow: for letters of two, or those read from the right, which
    some terminals join.
    """
    from rich.cells import cell_len

    return any(cell_len(letter) > 1 for letter in _letters(name)) or _is_from_right(name)


def _is_from_right(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)


def _safe(line: str) -> str:
    """Return a line whose letters stay in their columns, in terminals that reorder what is read
    from the right, too.
    """
    if not _is_from_right(line):
        return line
    marked = (letter + _LEFT_TO_RIGHT * _is_from_right(letter) for letter in _letters(line))
    return _LEFT_TO_RIGHT + "".join(marked)


def _drawing(matrix: Matrix) -> Drawing:
    """Return the picture of a matrix."""
    columns, rows = (
        [fitted(lone_symbol(name), _LONGEST_LABEL) for name in names[:MOST_NAMES]]
        for names in (matrix.columns, matrix.rows)
    )
    top, side = f"{matrix.top} →", f"{matrix.side} ↓"
    are_upright = pixels(columns) > _CELL
    x = _MARGIN + max(pixels(rows), pixels([top, side], 11)) + 10
    y = _MARGIN + 24 * bool(matrix.title) + max(34, are_upright * (pixels(columns) + 10))
    width, height = len(columns) * _CELL, len(rows) * _CELL
    right = max(x + max(width, 5 * 44 + 130), pixels([matrix.left_out], 11) + x)
    title = fitted(matrix.title, right - _MARGIN, 14, is_bold=True)
    parts: list[Part] = [
        Words(_MARGIN, _MARGIN + 12, title, 14, "start", is_bold=True),
        Words(x - 8, y - 22, top, 11, "end", "quiet"),
        Words(x - 8, y - 7, side, 11, "end", "quiet"),
    ]
    middle, anchor = (15.5, "start") if are_upright else (_CELL / 2, "middle")
    for k, name in enumerate(columns):
        at = x + k * _CELL + middle
        parts.append(Words(at, y - 7, name, anchor=anchor, is_upright=are_upright))
    parts += [Words(x - 8, y + k * _CELL + 15, name, anchor="end") for k, name in enumerate(rows)]
    parts += _grid(x, y, len(columns), len(rows))
    parts += _cells(matrix, columns, rows, x, y)
    parts += _key(x, y + height + 16, matrix)
    return Drawing(
        matrix.title or matrix.measure,
        right + _MARGIN,
        y + height + (64 if matrix.left_out else 44),
        parts,
    )


def _grid(x: float, y: float, num_columns: int, num_rows: int) -> Iterator[Part]:
    right, bottom = x + num_columns * _CELL, y + num_rows * _CELL
    for k in range(num_columns + 1):
        yield Line([(x + k * _CELL, y), (x + k * _CELL, bottom)], "faint")
    for k in range(num_rows + 1):
        yield Line([(x, y + k * _CELL), (right, y + k * _CELL)], "faint")


def _cells(
    matrix: Matrix, columns: Sequence[str], rows: Sequence[str], x: float, y: float
) -> Iterator[Part]:
    """Yield a box for every share that can be seen, the more opaque the larger it is."""
    for r, (row, shares) in enumerate(zip(rows, matrix.shares, strict=False)):
        for c, (column, share) in enumerate(zip(columns, shares, strict=False)):
            if share >= _LEAST_SEEN:
                tip = f"{row} {matrix.joint} {column}: {100 * share:.0f} %"
                at = x + c * _CELL + 0.5, y + r * _CELL + 0.5
                yield Box(*at, _CELL - 1, _CELL - 1, "warm", opacity=min(float(share), 1), tip=tip)


def _key(x: float, y: float, matrix: Matrix) -> Iterator[Part]:
    for k in range(5):
        at = x + k * 44
        yield Box(at, y, 14, 14, "warm", opacity=k / 4)
        yield Box(at, y, 14, 14, edge="faint")
        yield Words(at + 18, y + 11, f"{25 * k}", 11, "start", "quiet")
    yield Words(x + 5 * 44, y + 11, f"% of the {matrix.measure}", 11, "start", "quiet")
    if matrix.left_out:
        yield Words(x, y + 34, matrix.left_out, 11, "start", "quiet")
