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

_LEAST_FOLDED, _WIDTH_OF_WORDS = 8, 20  # of a column: never folded to less; folded to it gladly
_LINES_OF_PANEL = 12


def print_table(columns: list[str], rows: list[list[str]], *, optional: Sequence[str] = ()) -> None:
    """A table on stdout.

    Where a terminal is too narrow the widest column is folded, and if that is not enough the table
    goes without the columns that `optional`, the first first. A number is never cut in two.
    """
    from rich.text import Text

    console = _console()
    cells = [
        [ascii_marks.printable(_on_one_line(cell), sys.stdout) for cell in row] for row in rows
    ]
    widths = _widths(columns, cells)
    kept, room = list(range(len(columns))), console.width if sys.stdout.isatty() else 1 << 30
    for name in optional:
        if _num_columns([min(widths[k], _WIDTH_OF_WORDS) for k in kept]) > room:
            kept.remove(columns.index(name))
    widths = [widths[k] for k in kept]
    while (excess := _num_columns(widths) - room) > 0 and max(widths) > _LEAST_FOLDED:
        widest = widths.index(max(widths))
        widths[widest] = max(_LEAST_FOLDED, widths[widest] - excess)
    print()
    if any(columns):
        for line in _lines([columns[k] for k in kept], widths):
            console.print(Text(line, "bold"), soft_wrap=True)
        print(" " + "─" * (_num_columns(widths) - 1))
    for row in cells:
        print("\n".join(_lines([row[k] for k in kept], widths)))
    print()


def _on_one_line(text: str) -> str:
    """A text in visible characters, line ends and tabs among them."""
    return visible(text).replace("\n", "␊").replace("\t", "␉")


def _widths(columns: list[str], cells: list[list[str]]) -> list[int]:
    """How wide each column is."""
    from rich.cells import cell_len

    return [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]


def _num_columns(widths: list[int]) -> int:
    """How wide a table is: two spaces before it, three between two columns, one after it."""
    return sum(widths) + 3 * len(widths)


def _lines(row: list[str], widths: list[int]) -> list[str]:
    """A row of cells, on more lines than one where a cell is wider than its column."""
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
    """A text in lines no wider than that, broken at spaces where there are."""
    from rich.text import Text

    return [line.plain.rstrip() for line in Text(cell).wrap(_console(width), width)]


def print_bars(title: str, rows: Sequence[tuple[str, float]]) -> None:
    """Shares of one on stdout, each as a label, a percentage and a bar; a full bar is all of it."""
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
    """Texts on stdout, each beside some words about it; in a pipe each line of a text is marked."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

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


def first_lines(text: str) -> str:
    """As many lines of a text as a panel has: a sample of a list of names has dozens."""
    lines = text.split("\n")
    return "\n".join([*lines[:_LINES_OF_PANEL], "…"]) if len(lines) > _LINES_OF_PANEL + 1 else text


def _console(width: int | None = None) -> Any:
    """Stdout, as wide as it is or so wide. NO_COLOR goes for bold letters too."""
    from rich.console import Console

    console = Console(highlight=False, width=width)
    if console.no_color:
        console = Console(highlight=False, width=width, color_system=None)
    if width is None:
        measure(console)
    return console


def measure(console: Any) -> None:
    """Give a dumb terminal its own width: rich takes that for 80."""
    if console.is_dumb_terminal:
        with contextlib.suppress(OSError, ValueError):
            columns, rows = os.get_terminal_size(console.file.fileno())
            console.size = columns, rows
