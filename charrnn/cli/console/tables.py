"""Tables, bar charts and panels on stdout."""

import contextlib
import itertools
import math
import os
import sys
from collections.abc import Sequence
from typing import Any

from charrnn._text import visible
from charrnn.cli.console import ascii_marks

_LEAST_FOLDED = 8  # no column is folded to less
_WIDTH_OF_WORDS = 20  # columns of text may be folded to this before others are left out
_LINES_OF_PANEL = 12
_LEAST_COLUMN = 24  # characters of texts that stand side by side


def print_table(columns: list[str], rows: list[list[str]], *, optional: Sequence[str] = ()) -> None:
    """Print a table.

    On a narrow terminal the widest column is folded; if that is not enough, the `optional` columns
    are left out, the first one first. A number is never cut in two.
    """
    from rich.text import Text

    console = _console()
    columns, *cells = [
        [ascii_marks.printable(_on_one_line(cell), sys.stdout) for cell in row]
        for row in (columns, *rows)
    ]
    room = console.width if sys.stdout.isatty() else 1 << 30
    widths = _widths(columns, cells)
    kept = _columns_that_fit(columns, widths, optional, room)
    widths = _folded_widths([widths[k] for k in kept], room)
    print()
    if any(columns):
        for line in _lines([columns[k] for k in kept], widths):
            console.print(Text(line, "bold"), soft_wrap=True)
        print(" " + "─" * (_table_width(widths) - 1))
    for row in cells:
        print("\n".join(_lines([row[k] for k in kept], widths)))
    print()


def _columns_that_fit(
    columns: list[str], widths: list[int], optional: Sequence[str], room: int
) -> list[int]:
    """Return the indices of the columns for which there is room once wide ones are folded."""
    kept = list(range(len(columns)))
    for name in optional:
        if _table_width([min(widths[k], _WIDTH_OF_WORDS) for k in kept]) > room:
            kept.remove(columns.index(name))
    return kept


def _folded_widths(widths: list[int], room: int) -> list[int]:
    """Return the widths of columns after folding the widest until all fit."""
    widths = list(widths)
    while (excess := _table_width(widths) - room) > 0 and max(widths) > _LEAST_FOLDED:
        widest = widths.index(max(widths))
        widths[widest] = max(_LEAST_FOLDED, widths[widest] - excess)
    return widths


def _on_one_line(text: str) -> str:
    """Return a text in visible characters, line ends and tabs included."""
    return visible(text).replace("\n", "␊").replace("\t", "␉")


def _widths(columns: list[str], cells: list[list[str]]) -> list[int]:
    """Return the width of each column."""
    from rich.cells import cell_len

    return [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]


def _table_width(widths: list[int]) -> int:
    """Return a table's width: two spaces before it, three between columns, one after it."""
    return sum(widths) + 3 * len(widths)


def _lines(row: list[str], widths: list[int]) -> list[str]:
    """Return the lines of a row; there are several if a cell is wider than its column."""
    from rich.cells import cell_len

    parts = [
        [cell] if cell_len(cell) <= width else _folded(cell, width)
        for cell, width in zip(row, widths, strict=True)
    ]
    lines = []
    for line in itertools.zip_longest(*parts, fillvalue=""):
        padded = (
            part + " " * (width - cell_len(part)) for part, width in zip(line, widths, strict=True)
        )
        lines.append(("  " + "   ".join(padded)).rstrip())
    return lines


def _folded(cell: str, width: int) -> list[str]:
    """Return a text in lines of at most this width, broken at spaces if possible."""
    from rich.text import Text

    return [line.plain.rstrip() for line in Text(cell).wrap(_console(width), width)]


def print_bars(title: str, rows: Sequence[tuple[str, float]]) -> None:
    """Print shares of 1, each as a label, a percentage and a bar; a full bar is 100 %."""
    from rich.cells import cell_len
    from rich.text import Text

    console = _console()
    labels = [ascii_marks.printable(visible(label), sys.stdout) for label, _ in rows]
    widest = max(map(cell_len, labels))
    room = max(8, min(console.width, 100) - widest - 14)
    console.print(Text(visible(title)))
    for label, (_, share) in zip(labels, rows, strict=True):
        whole, eighths = divmod(math.ceil(share * room * 8), 8)
        line = Text(" " * (widest - cell_len(label)) + f"{label}  {100 * share:6.2f} %  ")
        line.append("█" * whole + " ▏▎▍▌▋▊▉"[eighths].strip(), "dark_orange3")
        line.rstrip()
        console.print(line, soft_wrap=True)


def print_panels(rows: Sequence[tuple[Sequence[str], str]]) -> None:
    """Print texts, each beside some words about it; in a pipe every line of a text is marked."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = [(list(map(_on_one_line, words)), text) for words, text in rows]
    texts = [visible(text.rstrip().expandtabs(4)) for _, text in rows]
    if not sys.stdout.isatty():
        for (words, _), text in zip(rows, texts, strict=True):
            print("  ".join(words))
            print("".join(f"  | {line}".rstrip() + "\n" for line in text.split("\n")), end="")
        return
    drawn = Table(box=box.ROUNDED, show_header=False, show_lines=True, border_style="dim")
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for (words, _), text in zip(rows, texts, strict=True):
        drawn.add_row(Text("\n".join(words)), Text(first_lines(text)))
    _console().print(drawn)


def print_side_by_side(titles: Sequence[str], texts: Sequence[str]) -> None:
    """Print texts in a column each, under their titles; in a pipe, or where there is no room for
    columns, one below another as `print_panels` does.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console = _console()
    room = console.width // max(len(texts), 1) - 3
    if not sys.stdout.isatty() or room < _LEAST_COLUMN:
        print_panels([([title], text) for title, text in zip(titles, texts, strict=True)])
        return
    drawn = Table(box=box.ROUNDED, border_style="dim")
    for title in titles:
        drawn.add_column(Text(_on_one_line(title)), overflow="fold", width=room)
    drawn.add_row(*(Text(visible(text.rstrip().expandtabs(4))) for text in texts))
    console.print(drawn)


def first_lines(text: str) -> str:
    """Return the lines of a text that a panel has room for; a sample of names has dozens."""
    lines = text.split("\n")
    return "\n".join([*lines[:_LINES_OF_PANEL], "…"]) if len(lines) > _LINES_OF_PANEL + 1 else text


def _console(width: int | None = None) -> Any:
    """Return a console for stdout, of this width. NO_COLOR also turns off bold letters."""
    from rich.console import Console

    console = Console(highlight=False, width=width)
    if console.no_color:
        console = Console(highlight=False, width=width, color_system=None)
    if width is None:
        measure(console)
    return console


def measure(console: Any) -> None:
    """Give a dumb terminal its real width, which rich takes to be 80; some have a width of 0."""
    if console.is_dumb_terminal:
        with contextlib.suppress(OSError, ValueError):
            columns, rows = os.get_terminal_size(console.file.fileno())
            console.size = columns or console.width, rows or console.height
