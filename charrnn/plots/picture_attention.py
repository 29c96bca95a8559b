"""Where a model looked at a picture while it wrote each word of a caption.

The picture comes once for each word, with the light on what was looked at (as in Xu et al., 2015,
arXiv:1502.03044, figure 2). A cell is as bright as its share of the attention, compared with the
cell that has most of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn._text import visible
from charrnn.plots.drawing import Drawing, Part, Picture, Raster, Words, fitted

MOST_WORDS = 60  # what comes after them is not drawn

_PANEL, _GAP, _MARGIN, _HEADING = 112.0, 12.0, 16.0, 20.0  # pixels of a picture
_PER_ROW = 6
_DARKEST = 0.2  # of the light, where nothing was looked at

_SHADES = " ░▒▓█"
_MOST_CELLS = 8  # of a panel in the terminal, in each direction
_STYLE = "#ff5f00"
_LONGEST_WORD = 14  # columns


@dataclass(frozen=True)
class PictureAttention(Picture):
    """A picture, the words of its caption, and how much of it each looked at."""

    pixels_YXC: npt.NDArray[np.uint8]
    words: Sequence[str]
    shares_TYX: Sequence[Sequence[Sequence[float]]]  # of each cell, for each word
    title: str = ""

    def drawing(self) -> Drawing:
        """Return the picture, to be written as a file."""
        return _drawing(self)

    @property
    def left_out(self) -> str:
        """What is not drawn, for people; empty if all is."""
        num = len(self.words)
        return f"drawn: the first {MOST_WORDS} of {num:,} words" if num > MOST_WORDS else ""

    def lights(self) -> list[npt.NDArray[np.float64]]:
        """Return how bright each cell is for each word, from 0 to 1."""
        grids = [np.array(grid, np.float64) for grid in self.shares_TYX[:MOST_WORDS]]
        return [grid / max(float(grid.max()), 1e-9) for grid in grids]

    def lit(self) -> list[npt.NDArray[np.uint8]]:
        """Return the picture as each word looked at it."""
        return [_lit(self.pixels_YXC, light_YX) for light_YX in self.lights()]


def _lit(
    pixels_YXC: npt.NDArray[np.uint8], light_YX: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """Return a picture with a light on each of its cells."""
    num_rows, num_columns, _ = pixels_YXC.shape
    rows = np.arange(num_rows) * len(light_YX) // num_rows
    columns = np.arange(num_columns) * light_YX.shape[1] // num_columns
    light = _DARKEST + (1 - _DARKEST) * light_YX[np.ix_(rows, columns)]
    lit: npt.NDArray[np.uint8] = (pixels_YXC * light[..., None]).round().astype(np.uint8)
    return lit


def _drawing(attention: PictureAttention) -> Drawing:
    panels = [("", attention.pixels_YXC)]
    panels += zip(attention.words, attention.lit(), strict=False)
    num_columns = min(_PER_ROW, len(panels))
    num_rows = -(-len(panels) // num_columns)
    top = _MARGIN + 26 * bool(attention.title)
    width = 2 * _MARGIN + num_columns * _PANEL + (num_columns - 1) * _GAP
    title = fitted(attention.title, width - 2 * _MARGIN, 14, is_bold=True)
    parts: list[Part] = [Words(_MARGIN, _MARGIN + 12, title, 14, "start", is_bold=True)]
    for k, (word, pixels) in enumerate(panels):
        row, column = divmod(k, num_columns)
        x, y = _MARGIN + column * (_PANEL + _GAP), top + row * (_PANEL + _GAP + _HEADING)
        parts.append(Raster(x, y + _HEADING, _PANEL, _PANEL, pixels, tip=word))
        if word:
            parts.append(Words(x + _PANEL / 2, y + 14, fitted(word, _PANEL), 13))
    bottom = top + num_rows * (_PANEL + _GAP + _HEADING)
    key = "light: where the model looked while it wrote the word"
    key += f"; {attention.left_out}" * bool(attention.left_out)
    parts.append(
        Words(_MARGIN, bottom + 8, fitted(key, width - 2 * _MARGIN, 11), 11, "start", "quiet")
    )
    return Drawing(attention.title or "attention", width, bottom + 8 + _MARGIN, parts)


def show(attention: PictureAttention, *, width: int | None = None) -> None:
    """Draw shades of the attention on stdout, `width` columns wide; by default as the terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, width=width)
    if console.no_color:
        console = Console(highlight=False, width=console.width, color_system=None)
    for line in _lines(attention, console.width):
        console.print(Text.assemble(*line), soft_wrap=True)
    if attention.left_out:
        console.print(Text(attention.left_out))


def _lines(attention: PictureAttention, width: int) -> Iterator[list[tuple[str, str]]]:
    """Yield lines of text with styles: panels side by side, each below its word."""
    from rich.cells import cell_len

    grids = [_pooled(light_YX) for light_YX in attention.lights()]
    if not grids:
        return
    panel = max(2 * grids[0].shape[1], _LONGEST_WORD) + 2
    per_row = max(1, (width + 2) // panel)
    for begin in range(0, len(grids), per_row):
        words = [visible(_shortened(word)) for word in attention.words[begin : begin + per_row]]
        shown = grids[begin : begin + per_row]
        if begin:
            yield [("", "")]
        yield [("".join(word + " " * (panel - cell_len(word)) for word in words).rstrip(), "bold")]
        for y in range(len(shown[0])):
            yield [part for grid in shown for part in _row(grid[y], panel)]


def _row(light_X: npt.NDArray[np.float64], panel: int) -> list[tuple[str, str]]:
    """Return a row of a panel: two columns for each cell, between dots that show its edges."""
    shades = "".join(_SHADES[min(4, int(5 * light))] * 2 for light in light_X.tolist())
    return [(shades, _STYLE), ("·" + " " * (panel - len(shades) - 1), "dim")]


def _pooled(light_YX: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a grid that is small enough for the terminal: the brightest of neighbouring cells."""
    step = -(-max(light_YX.shape) // _MOST_CELLS)
    return np.array(
        [
            [light_YX[y : y + step, x : x + step].max() for x in range(0, light_YX.shape[1], step)]
            for y in range(0, len(light_YX), step)
        ]
    )


def _shortened(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"
