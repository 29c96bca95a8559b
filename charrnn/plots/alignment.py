"""The alignment of a translation: how much attention each source symbol got for each that was
written.

The source is along the top, the translation down the side (as in Bahdanau et al., 2015,
arXiv:1409.0473, figure 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from charrnn.plots import share_matrix
from charrnn.plots.drawing import Drawing, Picture
from charrnn.plots.share_matrix import MOST_NAMES, Matrix


@dataclass(frozen=True)
class Alignment(Picture):
    """A source, what was written, and the attention between them."""

    source: Sequence[str]  # symbols
    target: Sequence[str]  # symbols that were written
    weights_TS: Sequence[Sequence[float]]  # rows of shares between 0 and 1
    title: str = ""

    def drawing(self) -> Drawing:
        """Return the picture, to be written as a file."""
        return self.matrix.drawing()

    @property
    def matrix(self) -> Matrix:
        """The attention as a matrix of shares."""
        return Matrix(
            self.source, self.target, self.weights_TS, self.title,
            top="source", side="translation", measure="attention", joint="from",
            left_out=self.left_out,
        )  # fmt: skip

    @property
    def left_out(self) -> str:
        """What of the pair is not drawn, for people; empty if all is."""
        return left_out(len(self.source), len(self.target), MOST_NAMES)


def left_out(num_source: int, num_target: int, most: int) -> str:
    """Return which symbols of a pair are not drawn, for people; empty if all are."""
    parts = [
        f"the first {most} of {num:,} symbols of the {side}"
        for side, num in (("source", num_source), ("translation", num_target))
        if num > most
    ]
    return f"drawn: {' and '.join(parts)}" if parts else ""


def show(alignment: Alignment, *, width: int | None = None) -> None:
    """Draw an alignment on stdout, `width` columns wide; by default as the terminal."""
    share_matrix.show(alignment.matrix, width=width)
