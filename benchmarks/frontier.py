"""The chart of quality.py: loss against wall seconds, and the figures of others.

    figures of others, thin lines     measured, points and a line through their means
    1.470 nanoGPT ─────────────────────●────────────────────────────────
                                        ╲____●__________________●  name 1.458

Labels stand at the ends of lines: of others on the left, of what was measured on the right. They
are moved apart where lines are near to each other.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import measured
from measured import Row

from charrnn.plots.axes import Axis, spread
from charrnn.plots.drawing import Box, Drawing, Line, Part, Shape, Words

WIDTH, HEIGHT = 880.0, 660.0  # pixels
TOP, BOTTOM = 104.0, 530.0  # of the plot
MARGIN = 16.0
AXIS_X = 52.0
LEFT, RIGHT = 350.0, 656.0  # of the first and the last point
LABEL_GAP = 17.0


@dataclass(frozen=True)
class System:
    """What is measured, and how it is drawn."""

    title: str
    colour: str
    mark: str  # circle, square or diamond
    width: float = 1.5


SYSTEMS = {
    "charrnn": System("charrnn", "warm", "circle", 3),
    "plain": System("charrnn --ngrams 1", "warm", "square"),
    "char-rnn": System("char-rnn's recipe", "cool", "circle"),
    "gpt": System("nanoGPT's CPU recipe", "cool", "square"),
    "mingru": System("minGRU", "cool", "diamond"),
}


@dataclass(frozen=True)
class Figure:
    """A loss on tiny Shakespeare of another machine or protocol, in nats per character."""

    loss: float
    title: str
    is_published: bool


FIGURES = (
    Figure(1.898, "nanoGPT's CPU recipe, 205 s", is_published=False),
    Figure(1.614, "char-rnn.pytorch, 5 min", is_published=False),
    Figure(1.597, "char-rnn's recipe, 5 min", is_published=False),
    Figure(1.565, "GodelAI, GRU 2×256, 9 epochs", is_published=True),
    Figure(1.4697, "nanoGPT, 3 min of an A100", is_published=True),
    Figure(1.4603, "AI-Scientist, 77 s of a GPU", is_published=True),
)


def chart(rows: Sequence[Row], corpus: str) -> Drawing:
    """Draw the rows of a corpus (one at least); for tiny Shakespeare the figures of others, too."""
    rows = [row for row in rows if row["corpus"] == corpus and row["name"] in SYSTEMS]
    others = FIGURES if corpus == "tinyshakespeare" else ()
    plot = _Plot(rows, others, *_axes(rows, others))
    title = f"{corpus}: loss against wall time, {measured.noted(rows, 'machine')}"
    protocol = (
        "validation loss, nats per character, state reset every 256 (log scale; lower is better)"
    )
    parts = [
        Words(MARGIN, 30, title, 17, "start", is_bold=True),
        Words(MARGIN, 54, protocol, 12.5, "start", "quiet"),
        *plot.scales(),
        *plot.figures(),
        *plot.systems(),
        *_key(others),
        *_notes(rows),
    ]
    return Drawing(title, WIDTH, HEIGHT, parts)


def _axes(rows: Sequence[Row], others: Sequence[Figure]) -> tuple[Axis, Axis]:
    """Return the axes of seconds and of losses."""
    seconds = [second for row in rows for second in (row["seconds"], 60 * row["minutes"])]
    losses = [*(row["reset"] for row in rows), *(figure.loss for figure in others)]
    room = 1 if max(seconds) > 2 * min(seconds) else 2  # one budget stands in the middle
    return (
        Axis(min(seconds) / room, max(seconds) * room, is_log=True),
        Axis(min(losses) * 0.985, max(losses) * 1.015, is_log=True),
    )


@dataclass(frozen=True)
class _Plot:
    """The parts of the chart inside its axes."""

    rows: Sequence[Row]
    others: Sequence[Figure]
    seconds: Axis
    loss: Axis

    def x(self, seconds: float) -> float:
        position = self.seconds.position(seconds)
        assert position is not None
        return LEFT + position * (RIGHT - LEFT)

    def y(self, loss: float) -> float:
        position = self.loss.position(loss)
        assert position is not None
        return BOTTOM - position * (BOTTOM - TOP)

    def scales(self) -> Iterator[Part]:
        """Yield both scales: a tick for each budget and for round losses."""
        yield Line([(AXIS_X, TOP), (AXIS_X, BOTTOM), (RIGHT + 12, BOTTOM)], "quiet")
        for tick, label in self.loss.ticks(12).items():
            yield Line([(AXIS_X - 5, self.y(tick)), (AXIS_X, self.y(tick))], "quiet")
            yield Words(AXIS_X - 9, self.y(tick) + 4, label, 12.5, "end", "quiet")
        for minutes in sorted({row["minutes"] for row in self.rows}):
            x = self.x(60 * minutes)
            yield Line([(x, TOP), (x, BOTTOM + 5)], "faint")
            yield Words(x, BOTTOM + 21, _budget(minutes), 12.5, colour="quiet")
        yield Words((LEFT + RIGHT) / 2, BOTTOM + 42, "wall time (log scale)", 12.5, colour="quiet")

    def figures(self) -> Iterator[Part]:
        """Yield the figures of others: labels on the left, and lines from them."""
        places = [self.y(figure.loss) for figure in self.others]
        middles = spread(places, LABEL_GAP, last=BOTTOM - LABEL_GAP / 2)
        for figure, y, label_y in zip(self.others, places, middles, strict=True):
            x = LEFT - 42
            yield Line([(x, label_y), (x + 16, y)], "quiet")
            yield from _level(x + 16, RIGHT + 12, y, is_dashed=not figure.is_published)
            yield Words(x - 5, label_y + 4, f"{figure.loss:.3f}", 12, "end")
            yield Words(x - 48, label_y + 4, figure.title, 12, "end")

    def systems(self) -> Iterator[Part]:
        """Yield what was measured: a point for each run, a line through means, a label."""
        lines = {
            name: [(self.x(seconds), self.y(loss)) for seconds, loss in means(self.rows, name)]
            for name in reversed(SYSTEMS)
        }
        lines = {name: points for name, points in lines.items() if points}
        for name, points in lines.items():
            yield Line(points, SYSTEMS[name].colour, SYSTEMS[name].width)
            for row in self.rows:
                if row["name"] == name:
                    yield from self._point(row)
        lines = dict(sorted(lines.items(), key=lambda line: line[1][-1][1]))
        places = [points[-1][1] for points in lines.values()]
        middles = spread(places, LABEL_GAP, last=BOTTOM - LABEL_GAP / 2)
        for (name, points), y in zip(lines.items(), middles, strict=True):
            yield from self._label(name, points[-1], y)

    def _point(self, row: Row) -> Iterator[Part]:
        """Yield a mark with a thin border, which sets it apart from the line."""
        system = SYSTEMS[row["name"]]
        x, y = self.x(row["seconds"]), self.y(row["reset"])
        size = 3.0 + system.width / 2
        if system.mark == "diamond":
            for half, colour in ((1.3 * size + 1, "ground"), (1.3 * size, system.colour)):
                yield Shape([(x - half, y), (x, y - half), (x + half, y), (x, y + half)], colour)
            return
        radius = size if system.mark == "circle" else 0
        tip = f"{system.title}, seed {row['seed']}: {row['reset']} after {row['seconds']:.1f} s"
        yield Box(
            x - size, y - size, 2 * size, 2 * size, system.colour, edge="ground", radius=radius,
            tip=tip,
        )  # fmt: skip

    def _label(self, name: str, end: tuple[float, float], y: float) -> Iterator[Part]:
        system = SYSTEMS[name]
        loss = means(self.rows, name)[-1][1]
        x = RIGHT + 32
        yield Line([end, (x - 4, y)], system.colour, 0.75)
        for at, text in ((x, f"{loss:.3f}"), (x + 45, system.title)):
            yield Words(at, y + 4, text, 12, "start", system.colour, is_bold=name == "charrnn")


def _level(x: float, end: float, y: float, *, is_dashed: bool) -> Iterator[Part]:
    """Yield a thin horizontal line."""
    dash = 4.0 if is_dashed else end - x
    while x < end:
        yield Line([(x, y), (min(x + dash, end), y)], "quiet")
        x += 2 * dash


def means(rows: Sequence[Row], name: str) -> list[tuple[float, float]]:
    """Return the mean seconds and the mean loss of a system for each budget."""
    own = [row for row in rows if row["name"] == name]
    budgets = sorted({row["minutes"] for row in own})
    groups = [[row for row in own if row["minutes"] == minutes] for minutes in budgets]
    return [(_mean(group, "seconds"), _mean(group, "reset")) for group in groups]


def _mean(rows: Sequence[Row], key: str) -> float:
    return statistics.mean(row[key] for row in rows)


def _budget(minutes: float) -> str:
    return f"{60 * minutes:g} s" if minutes < 1 else f"{minutes:g} min"


def _key(others: Sequence[Figure]) -> Iterator[Part]:
    """Yield what is a point and what is a line."""
    x, y = MARGIN, 76.0
    yield Line([(x, y), (x + 28, y)], "ink", 1.5)
    yield from (Box(x + 11, y + at, 6, 6, "ink", radius=3) for at in (-8, 2))
    yield Words(x + 36, y + 4, "measured: runs and their means", 12, "start")
    if others:
        x += 270
        yield from _level(x, x + 28, y, is_dashed=False)
        yield Words(x + 36, y + 4, "published, other machines", 12, "start")
        x += 236
        yield from _level(x, x + 28, y, is_dashed=True)
        yield Words(x + 36, y + 4, "measured earlier: one core, scored otherwise", 12, "start")


def _notes(rows: Sequence[Row]) -> Iterator[Part]:
    """Yield how, when and with what it was measured."""
    seeds = ", ".join(str(seed) for seed in sorted({row["seed"] for row in rows}))
    notes = (
        "Each point is a run of its own, which ends with its budget. charrnn's seconds are those of"
        " the whole command, from",
        "Enter to its end; the clock of a rival runs only while it trains.",
        f"Seeds {seeds}; {measured.noted(rows, 'date')}; torch {measured.noted(rows, 'torch')};"
        f" commit {measured.noted(rows, 'commit')}.",
    )
    for k, note in enumerate(notes):
        yield Words(MARGIN, BOTTOM + 76 + 18 * k, note, 12, "start", "quiet")
