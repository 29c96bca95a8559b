"""A canvas of characters for curves: braille dots in colour, or a mark for each curve.

Positions on it are fractions of its width and height, from 0 to 1.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

# Okabe and Ito's palette, which the colour-blind can tell apart, and six more for many runs; all
# can be read on black and on white.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#999933", "#AA4499", "#44AA99", "#CC6677", "#7F7F7F", "#8C6D31"),
)
_MARKS = "ox+*#%@&=$^~"
_LONE = "●"
# A braille character is 2 dots wide and 4 high; its code is U+2800 and a bit for each dot.
_DOT = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))

Point = tuple[float, float]  # fractions of the width, from the left, and of the height, from below


def nearest(position: float, num: int) -> int:
    """Return which of `num` equally spaced places, the first at 0 and the last at 1, is nearest."""
    return min(num - 1, max(0, round(position * (num - 1))))


class Canvas:
    """Characters on which curves are drawn: in dots, or in marks for several without colour."""

    def __init__(
        self, num_rows: int, num_columns: int, *, num_curves: int, is_coloured: bool
    ) -> None:
        self._num_rows, self._num_columns = num_rows, num_columns
        self._is_coloured = is_coloured
        self._has_marks = num_curves > 1 and not is_coloured
        self._wide, self._high = (1, 1) if self._has_marks else (2, 4)
        self._dashed_rows: set[int] = set()
        self._num_cells: Counter[int] = Counter()  # by curve
        # the dots of each curve in each character, by (row, column)
        self._cells: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)

    def draw_level(self, row: int) -> None:
        """Draw a dashed line behind the curves, in a row counted from the top."""
        self._dashed_rows.add(row)

    def draw(self, k: int, points: Sequence[Point | None]) -> None:
        """Draw curve k through its points; None leaves a gap."""
        before = None
        for point in points:
            dot = None
            if point is not None:
                dot = (
                    nearest(point[0], self._num_columns * self._wide),
                    nearest(1 - point[1], self._num_rows * self._high),
                )
                for x, y in _line(before or dot, dot):
                    cell = self._cells[y // self._high, x // self._wide]
                    self._num_cells[k] += k not in cell
                    cell[k] = cell.get(k, 0) | _DOT[y % self._high][x % self._wide]
            before = dot

    def row(self, row: int) -> "Text":
        """Return one row of characters.

        Curves that meet in a character take turns along the row. A curve of one character is drawn
        over the others.
        """
        from rich.text import Text

        line = Text()
        for column in range(self._num_columns):
            cell = self._cells.get((row, column))
            if cell is None:
                dash = "╌" if row in self._dashed_rows else " "
                line.append(dash, self._style("bright_black"))
                continue
            curves = sorted(filter(self._is_lone, cell)) or sorted(cell)
            k = curves[column % len(curves)]
            line.append(self._character(k, cell), self._style(COLOURS[k % len(COLOURS)]))
        return line

    def _character(self, k: int, cell: dict[int, int]) -> str:
        if self._has_marks:
            return _MARKS[k % len(_MARKS)]
        if self._is_lone(k):
            return _LONE
        dots = 0
        for bits in cell.values():
            dots |= bits
        return chr(0x2800 + dots)

    def _is_lone(self, k: int) -> bool:
        return self._num_cells[k] == 1

    def legend_mark(self, k: int) -> "Text":
        """Return a piece of curve k, for the legend."""
        from rich.text import Text

        mark = _MARKS[k % len(_MARKS)] if self._has_marks else _LONE if self._is_lone(k) else "⠒⠒"
        return Text(mark, self._style(COLOURS[k % len(COLOURS)]))

    def _style(self, colour: str) -> str:
        return colour if self._is_coloured else ""


def _line(begin: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the dots of a straight line, both ends included."""
    (x, y), (x_end, y_end) = begin, end
    num = max(abs(x_end - x), abs(y_end - y), 1)
    for k in range(num + 1):
        yield x + round((x_end - x) * k / num), y + round((y_end - y) * k / num)
