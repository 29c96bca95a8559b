"""The unrolled encoder–decoder of one pair: a column for each symbol that is read or written.

The encoder is below and reads the source, the decoder is above and writes the translation:

    translation      u     n           each with its probability
    head             ▭     ▭
    decoder 2    ─►  □ ──► □           □ is a cell after one symbol; its colours are what its
    decoder 1    ─►  □ ──► □           first units hold
    target so far  start   u
    attention        ●     ●           how much each memory vector gets: the width of the line
                     │ ╲ ╱ │
    memory           ▭  ▭  ▭
    encoder       ◄─►□◄►□◄►□
    source           a  ␣  d

Without attention the last state of the encoder is all that is handed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn._text import lone_symbol
from charrnn.plots.alignment import left_out
from charrnn.plots.drawing import Box, Drawing, Line, Part, Picture, Words, arrow, fitted, pixels

MOST_SYMBOLS = 40  # of a source or a translation; what comes after them is not drawn
NUM_UNITS = 8  # of a cell that are shown

_MARGIN, _ARROW = 16.0, 14.0  # pixels
_CELL, _BAR = 22.0, 11.0  # heights
_LEAST_PITCH, _MOST_PITCH = 54.0, 110.0  # from column to column
_GAP = 12.0  # between cells
_LEAST_SEEN = 0.02  # share of attention
_THICKEST = 8.0  # line: all of the attention

Numbers = npt.NDArray[np.floating]  # of states, between -1 and 1


@dataclass(frozen=True)
class Unrolled(Picture):
    """What an encoder–decoder did with one pair.

    Shapes: S source symbols, T symbols that were written (with the end), U units of a cell.
    """

    source: Sequence[str]  # symbols
    target: Sequence[str]  # symbols of the translation
    probabilities_T: Sequence[float]  # of each of them, and of the end if it was written
    encoder_SU: Sequence[Mapping[str, Numbers]]  # by layer and direction
    decoder_TU: Sequence[Numbers]  # by layer
    alignment_TS: Numbers | None  # None without attention
    network: str  # in words
    title: str = ""

    def drawing(self) -> Drawing:
        """Return the picture, to be written as a file."""
        return _Layout(self).drawing()

    @property
    def left_out(self) -> str:
        """What of the pair is not drawn, for people; empty if all is."""
        return left_out(len(self.source), len(self.probabilities_T), MOST_SYMBOLS)


class _Layout:
    """Where everything is. Rows are placed from the top, columns from the left."""

    def __init__(self, unrolled: Unrolled) -> None:
        self._unrolled = unrolled
        self._source = [_name(symbol) for symbol in unrolled.source[:MOST_SYMBOLS]]
        self._symbols = [_name(symbol) for symbol in unrolled.target[:MOST_SYMBOLS]]
        ends = len(unrolled.probabilities_T) > len(unrolled.target)
        self._written = [*self._symbols, *(["end"] * ends)][:MOST_SYMBOLS]
        names = max(pixels(["end"], 11), pixels([*self._source, *self._symbols], 15))
        self._pitch = min(max(_LEAST_PITCH, names + 26), _MOST_PITCH)
        self._width = self._pitch - _GAP  # of a cell
        self._labels_end = _MARGIN + pixels(["target so far"], 11)
        self._first_states_x = self._labels_end + 16
        self._left = self._first_states_x + 20
        self._place_rows()

    def _place_rows(self) -> None:
        """Choose the height of each row; a cell's is that of its upper edge."""
        unrolled = self._unrolled
        y = _MARGIN + 26 * bool(unrolled.title)
        self._written_y = y + 16
        self._head_y = y = y + 40
        y += _BAR + _ARROW
        self._decoder_y = [y + k * (_CELL + _ARROW) for k in range(len(unrolled.decoder_TU))]
        self._decoder_y.reverse()  # the lowest layer is the lowest row
        y = self._decoder_y[0] + _CELL + _ARROW
        self._read_y = y + 14
        self._attention_y = y = y + 24
        if unrolled.alignment_TS is not None:
            y += _BAR + 60 + 2.0 * max(len(self._source), len(self._written))
            self._memory_y = y
            y += _BAR + _ARROW
        else:
            y += 40
        self._encoder_y: list[float] = []
        for ways in reversed(unrolled.encoder_SU):
            self._encoder_y.insert(0, y)
            y += len(ways) * _CELL + _ARROW
        self._source_y = y + 14
        self._caption_y = y + 44

    def drawing(self) -> Drawing:
        """Return the parts, those behind others first."""
        unrolled = self._unrolled
        columns = self._left + max(len(self._source), len(self._written)) * self._pitch
        captions = list(filter(None, self._captions()))
        width = max(columns, _MARGIN + pixels(captions, 11))
        title = fitted(unrolled.title, width - _MARGIN, 14, is_bold=True)
        parts: list[Part] = [Words(_MARGIN, _MARGIN + 12, title, 14, "start", is_bold=True)]
        if unrolled.alignment_TS is not None:
            parts += self._attention()
        parts += [*self._first_states(), *self._decoder(), *self._encoder(), *self._labels()]
        for k, sentence in enumerate(captions):
            parts.append(Words(_MARGIN, self._caption_y + 16 * k, sentence, 11, "start", "quiet"))
        height = self._caption_y + 16 * len(captions)
        return Drawing(unrolled.title or "encoder–decoder", width + _MARGIN, height, parts)

    def _x(self, k: int) -> float:
        """Return the middle of a column."""
        return self._left + (k + 0.5) * self._pitch

    def _attention(self) -> Iterator[Part]:
        """Yield the attention of each step: its query, its look at the memory, its context."""
        assert self._unrolled.alignment_TS is not None
        below, inner = self._attention_y + _BAR, self._width / 2 - 6
        for t, weights_S in enumerate(self._unrolled.alignment_TS[: len(self._written)]):
            for s, weight in enumerate(weights_S[: len(self._source)]):
                if weight >= _LEAST_SEEN:
                    ends = (self._x(s), self._memory_y), (self._x(t), below)
                    tip = f"{self._written[t]} from {self._source[s]}: {100 * weight:.0f} %"
                    yield Line(ends, "warm", _THICKEST * float(weight), opacity=0.75, tip=tip)
            bottom = self._decoder_y[0] + _CELL
            query, context = self._x(t) - inner, self._x(t) + inner
            yield from arrow((query, bottom), (query, self._attention_y))
            yield Line([(context, self._attention_y), (context, self._head_y)], "warm", 1.5)
            for y in (*(top + _CELL for top in self._decoder_y[1:2]), self._head_y + _BAR):
                yield from arrow((context, y + _ARROW), (context, y), colour="warm", width=1.5)
            yield self._bar(t, self._attention_y, "warm")

    def _bar(self, k: int, y: float, colour: str) -> Box:
        return Box(self._x(k) - self._width / 2, y, self._width, _BAR, colour, radius=5)

    def _first_states(self) -> Iterator[Part]:
        """Yield the way from the encoder to the first state of each layer of the decoder."""
        x = self._first_states_x
        y = self._encoder_y[-1] + _CELL / 2
        if self._unrolled.alignment_TS is not None:
            y = self._memory_y + _BAR / 2
            yield Line([(self._x(0), y), (self._x(len(self._source) - 1), y)], "cool", 1.5)
            yield from (self._bar(s, self._memory_y, "faint") for s in range(len(self._source)))
        edge = self._x(0) - self._width / 2
        yield Line([(edge, y), (x, y), (x, self._decoder_y[-1] + _CELL / 2)], "cool", 1.5)
        for top in self._decoder_y:
            yield from arrow(
                (x, top + _CELL / 2), (edge, top + _CELL / 2), colour="cool", width=1.5
            )

    def _decoder(self) -> Iterator[Part]:
        for t in range(len(self._written)):
            x = self._x(t)
            yield self._of_target(t, column=t, y=self._read_y, size=13)
            for top in self._decoder_y:
                yield from arrow((x, top + _CELL + _ARROW), (x, top + _CELL))
            yield from arrow((x, self._head_y + _BAR + _ARROW), (x, self._head_y + _BAR))
            left = x - self._width / 2
            yield Box(left, self._head_y, self._width, _BAR, "ground", edge="quiet", radius=2)
            yield self._of_target(t + 1, column=t, y=self._written_y, size=15)
            share = f"{100 * self._unrolled.probabilities_T[t]:.0f} %"
            yield Words(x, self._written_y + 15, share, 10, colour="quiet")
        for top, states_TU in zip(self._decoder_y, self._unrolled.decoder_TU, strict=True):
            yield from self._cells(top, states_TU[: len(self._written)], is_backward=False)

    def _of_target(self, k: int, *, column: int, y: float, size: float) -> Words:
        """Return symbol k of the target: 0 is its start, what follows the last one its end."""
        x = self._x(column)
        if 1 <= k <= len(self._symbols):
            return Words(x, y, self._symbols[k - 1], size, is_bold=size > 13)
        return Words(x, y, "start" if k == 0 else "end", 10, colour="quiet")

    def _encoder(self) -> Iterator[Part]:
        for top, ways in zip(self._encoder_y, self._unrolled.encoder_SU, strict=True):
            bottom = top + len(ways) * _CELL
            for s in range(len(self._source)):
                yield from arrow((self._x(s), bottom + _ARROW), (self._x(s), bottom))
                if top == self._encoder_y[-1] and self._unrolled.alignment_TS is not None:
                    yield from arrow((self._x(s), top), (self._x(s), self._memory_y + _BAR))
            for k, (way, states_SU) in enumerate(ways.items()):
                states_SU = states_SU[: len(self._source)]
                yield from self._cells(top + k * _CELL, states_SU, is_backward=way == "backwards")
        for s, symbol in enumerate(self._source):
            yield Words(self._x(s), self._source_y, symbol, 15)

    def _cells(self, y: float, states_NU: Numbers, *, is_backward: bool) -> Iterator[Part]:
        """Yield a layer: its cells with their numbers, and an arrow from each to the next."""
        half, middle = self._width / 2, y + _CELL / 2
        for k, state_U in enumerate(states_NU):
            x = self._x(k) - half
            yield Box(x, y, self._width, _CELL, "ground", edge="quiet", radius=3)
            step = (self._width - 6) / len(state_U)
            for unit, value in enumerate(state_U):
                colour, opacity = "warm" if value > 0 else "cool", min(abs(float(value)), 1.0)
                yield Box(x + 3 + unit * step, y + 3, step, _CELL - 6, colour, opacity=opacity)
            if k + 1 < len(states_NU):
                ends = (x + self._width, middle), (x + self._pitch, middle)
                yield from arrow(*(reversed(ends) if is_backward else ends))

    def _labels(self) -> Iterator[Part]:
        """Yield what each row is."""
        rows = {"translation": self._written_y, "head": self._head_y + 9}
        rows |= {f"decoder {k + 1}": y + 15 for k, y in enumerate(self._decoder_y)}
        rows |= {"target so far": self._read_y, "source": self._source_y}
        if self._unrolled.alignment_TS is not None:
            rows |= {"attention": self._attention_y + 9, "memory": self._memory_y + 9}
        for k, (y, ways) in enumerate(zip(self._encoder_y, self._unrolled.encoder_SU, strict=True)):
            rows[f"encoder {k + 1}"] = y + len(ways) * _CELL / 2 + 4
        for name, y in rows.items():
            yield Words(self._labels_end, y, name, 11, "end", "quiet")

    def _captions(self) -> Iterator[str]:
        unrolled = self._unrolled
        num_shown = unrolled.decoder_TU[0].shape[1]
        yield (
            f"{unrolled.network}; each cell shows its first {num_shown} units:"
            " orange above zero, blue below"
        )
        if unrolled.alignment_TS is None:
            yield "the source is read from its end"
            yield "first states (blue line): from the last state, which is all that is handed over"
        else:
            yield "the thicker an orange line, the more attention a source symbol gets"
            yield "first states (blue line): from the mean of the memory"
        yield unrolled.left_out


def _name(symbol: str) -> str:
    return fitted(lone_symbol(symbol), _MOST_PITCH - 26, 15)
