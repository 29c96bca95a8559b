"""What a person sees: progress, panels, tables; and text made safe for a terminal.

What was asked for goes to stdout: text, tables, JSON; all else to stderr. Nothing from a model or a
corpus reaches a terminal as anything but visible characters.
"""

import codecs
import contextlib
import itertools
import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from charrnn._text import Screen, bits, visible
from charrnn.cli import ascii

Figures = Mapping[str, Any]

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_SAMPLES, _LEAST_BETWEEN_SAMPLES = 30.0, 10.0
_FIRST_STEPS = 150  # of which each sample is shown
_SECONDS_BETWEEN_BLOCKS = 0.02
_LEAST_FOLDED, _WIDTH_OF_WORDS = 8, 20  # of a column: never folded to less; folded to it gladly
_SEARCH_BAR = "|{bar}| {desc}"
_BAR = "{n_fmt}/{total_fmt} |{bar}| {remaining} left  {desc}"
_ROOM_FOR_BAR, _ROOM_FOR_TIME_BAR = 28, 18  # with what stands around it
_LINES_OF_PANEL = 12


def note(sentence: str) -> None:
    """One line on stderr, whatever is in it."""
    print(f"charrnn: {visible(sentence)}".replace("\n", "␊"), file=sys.stderr)


def compact(number: float) -> str:
    """A number in three digits: 950, 48.1k, 1.20M."""
    for unit in ("", "k", "M", "G"):
        if number < 999.5 or unit == "G":
            return f"{number:.3g}{unit}"
        number /= 1000
    raise AssertionError


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def duration(seconds: float) -> str:
    """A time as a clock shows it: 0:42, 3:00, 1:00:00."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass(frozen=True)
class Clock:
    """How far a run of minutes has come: `seconds` in all, from `began`, in monotonic seconds."""

    began: float
    seconds: float

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def __str__(self) -> str:
        return f"{duration(self.elapsed)}/{duration(self.seconds)}"


class Forgiving:
    """A stream that may be full, closed or gone: to lose a message is no reason to lose a run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.flush()


class Quiet(Screen):
    """Shows warnings alone: the base of the others, and `--quiet`."""

    seconds_between_samples = math.inf
    _clock: Clock | None = None

    def warn(self, sentence: str) -> None:
        """Show a note even when all else is quiet."""
        note(sentence)

    def timed(self, began: float, seconds: float) -> None:
        """The run is one of time, which is shown instead of the number of steps."""
        self._clock = Clock(began, seconds)

    def took(self) -> str:
        """How long a run of time took, for the line that ends it; nothing for others."""
        return "" if self._clock is None else f" in {duration(round(self._clock.elapsed))}"

    def begin(self, step: int, steps: int) -> None:
        """Training begins after `step` of `steps`."""

    def lengthen(self, steps: int) -> None:
        """The run ends after so many steps: the clock has corrected their number."""

    def advance(self, step: int) -> None:
        """A step was made."""

    def figures(self, figures: Figures) -> None:
        """What goes to the metrics, as it goes there."""

    def sample(self, text: str, step: int) -> None:
        """A fresh sample."""


class Silent(Quiet):
    """Says nothing at all: another process says it."""

    def warn(self, sentence: str) -> None:
        """See `Quiet.warn`."""


class Json(Quiet):
    """`--json`: every figure as a line of JSON on stdout."""

    def figures(self, figures: Figures) -> None:
        """See `Quiet.figures`."""
        print(json.dumps(figures), flush=True)


class Plain(Quiet):
    """For logs: a plain line now and then."""

    def __init__(self, *, is_verbose: bool = False) -> None:
        self._is_verbose = is_verbose
        self._shown: dict[str, Any] = {}
        self._steps = 0
        self._last_line, self._step_of_line = -math.inf, 0

    def say(self, sentence: str) -> None:
        """See `Quiet.say`."""
        print(visible(sentence), file=sys.stderr, flush=True)

    def detail(self, sentence: str) -> None:
        """See `Quiet.detail`."""
        if self._is_verbose:
            self.say(sentence)

    def begin(self, step: int, steps: int) -> None:
        """See `Quiet.begin`."""
        self._steps = steps

    def lengthen(self, steps: int) -> None:
        """See `Quiet.lengthen`."""
        self._steps = steps

    def figures(self, figures: Figures) -> None:
        """See `Quiet.figures`."""
        self._shown |= figures
        is_due = time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES
        is_last = self._shown["step"] == self._steps  # a validation may follow
        is_due = is_due and not is_last and bool(_summary(self._shown))
        if "val_loss" in figures or is_due:
            self._line()

    def sample(self, text: str, step: int) -> None:
        """See `Quiet.sample`. Its lines are marked, for they may look like any other."""
        if step > self._step_of_line or not step:
            self._line()
        for line in text.rstrip().expandtabs(4).split("\n"):
            self.say(f"  | {line}".rstrip())

    def end(self) -> None:
        """See `Quiet.end`."""
        if self._shown.get("step", 0) > self._step_of_line:
            self._line()

    def _line(self) -> None:
        self._last_line, self._step_of_line = time.monotonic(), self._shown["step"]
        step = self._shown["step"]
        at = f"step {step}/{self._steps}" if self._clock is None else f"step {step}  {self._clock}"
        self.say(f"{at}  {_summary(self._shown)}".rstrip())


class Terminal(Quiet):
    """For people: a bar that stays, and a panel with a fresh sample now and then."""

    def __init__(self, *, each_sample: bool = False, is_verbose: bool = False) -> None:
        """`each_sample` shows just those that the run keeps, however fast they come."""
        from rich.console import Console

        self._is_verbose = is_verbose
        self._each_sample, self._sampled = each_sample, -math.inf
        self.seconds_between_samples = math.inf if each_sample else _SECONDS_BETWEEN_SAMPLES
        self._console = Console(stderr=True, highlight=False)
        _measure(self._console)
        self._shown: dict[str, Any] = {}
        self._step = self._steps = 0
        self._bar: Any = None

    def say(self, sentence: str) -> None:
        """See `Quiet.say`."""
        self._print(visible(sentence))

    def detail(self, sentence: str) -> None:
        """See `Quiet.detail`."""
        if self._is_verbose:
            self.say(sentence)

    def warn(self, sentence: str) -> None:
        """See `Quiet.warn`."""
        self._print(f"charrnn: {visible(sentence)}")

    def reading(self, done: int, total: int) -> None:
        """See `Quiet.reading`."""
        if self._bar is None:
            self._bar = _bar(
                total=total,
                desc="reading the corpus",
                unit="B",
                unit_scale=True,
                leave=False,
                delay=0.5,
            )
        self._bar.update(done - self._bar.n)

    def begin(self, step: int, steps: int) -> None:
        """See `Quiet.begin`."""
        self.end()
        self._step, self._steps = step, steps
        if self._clock is None:
            self._bar = _bar(initial=step, total=steps, bar_format=_BAR, smoothing=0.1)
        else:  # looked at after each step, drawn ten times a second
            self._bar = _bar(total=self._clock.seconds, bar_format=self._time_bar(), miniters=0)

    def lengthen(self, steps: int) -> None:
        """See `Quiet.lengthen`."""
        self._steps = steps
        if self._clock is None:
            self._bar.total = steps

    def advance(self, step: int) -> None:
        """See `Quiet.advance`."""
        self._step = step
        if self._clock is None:
            self._bar.update(step - self._bar.n)
            return
        self._describe()
        self._bar.update(min(self._clock.elapsed, self._clock.seconds) - self._bar.n)

    def figures(self, figures: Figures) -> None:
        """See `Quiet.figures`."""
        self._shown |= figures
        self._describe()

    def _time_bar(self) -> str:
        return f"{self._clock} |{{bar}}| {{desc}}"

    def _describe(self) -> None:
        """What stands beside the bar, as much of it as there is room for."""
        room, at = self._console.width - _ROOM_FOR_BAR, ""
        if self._clock is not None:
            room, at = self._console.width - _ROOM_FOR_TIME_BAR, f"step {self._step:,}  "
            self._bar.bar_format = self._time_bar()
        self._bar.set_description_str(at + _summary(self._shown, room - len(at)), refresh=False)

    def sample(self, text: str, step: int) -> None:
        """See `Quiet.sample`."""
        from rich import box
        from rich.panel import Panel
        from rich.text import Text

        is_wanted = self._each_sample or step <= _FIRST_STEPS or step == self._steps
        if not is_wanted and time.monotonic() - self._sampled < _LEAST_BETWEEN_SAMPLES:
            return
        self._sampled = time.monotonic()
        body = Text(_shortened(visible(text).expandtabs(4)))
        at = "" if self._clock is None else f", {duration(self._clock.elapsed)}"
        title = f"step {step:,}{at}"
        self._print(Panel(body, title=title, box=box.ROUNDED, border_style="dim"))

    def end(self) -> None:
        """See `Quiet.end`."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _print(self, what: Any) -> None:
        """Above the bar, if there is one."""
        from tqdm import tqdm

        with tqdm.external_write_mode(file=sys.stderr):
            self._console.print(what, markup=False)


def _bar(**settings: Any) -> Any:
    """A tqdm bar on stderr, as wide as the window."""
    from tqdm import tqdm

    return tqdm(file=sys.stderr, dynamic_ncols=True, **settings)


def screen(
    *, quiet: bool, as_json: bool, each_sample: bool = False, is_verbose: bool = False
) -> Quiet:
    """The display that fits: what the flags ask for, else by whether stderr is a terminal."""
    if as_json:
        return Json()
    if quiet:
        return Quiet()
    if sys.stderr.isatty():
        return Terminal(each_sample=each_sample, is_verbose=is_verbose)
    return Plain(is_verbose=is_verbose)


def _summary(figures: Figures, room: float = math.inf) -> str:
    """The figures of one moment in a few words; what has no room is left out, loss last."""
    loss = in_bits = val = speed = ""
    if "loss" in figures:
        loss, in_bits = f"loss {figures['loss']:.3f}", f" ({bits(figures['loss']):.2f} bits)"
    if "val_loss" in figures:
        val = f"val {figures['val_loss']:.3f}"
    if "chars_per_second" in figures:
        speed = f"{compact(figures['chars_per_second'])} chars/s"
    every = [(loss + in_bits, val, speed), (loss, val, speed), (loss, val), (loss,)]
    shown = ["  ".join(filter(None, parts)) for parts in every]
    return next((one for one in shown if len(one) <= room), "")


def table(columns: list[str], rows: list[list[str]], *, may_go: Sequence[str] = ()) -> None:
    """A table on stdout.

    Where a terminal is too narrow the widest column is folded, and if that is not enough the table
    goes without the columns that `may_go`, the first first. A number is never cut in two.
    """
    from rich.text import Text

    console = _console()
    cells = [[ascii.printable(_on_one_line(cell), sys.stdout) for cell in row] for row in rows]
    widths = _widths(columns, cells)
    kept, room = list(range(len(columns))), console.width if sys.stdout.isatty() else 1 << 30
    for name in may_go:
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


def bars(title: str, rows: Sequence[tuple[str, float]]) -> None:
    """Shares of one on stdout, each as a label, a percentage and a bar; a full bar is all of it."""
    from rich.cells import cell_len
    from rich.text import Text

    console = _console()
    labels = [ascii.printable(visible(label), sys.stdout) for label, _ in rows]
    widest = max(map(cell_len, labels))
    room = max(8, min(console.width, 100) - widest - 14)
    console.print(Text(visible(title)))
    for label, (_, share) in zip(labels, rows, strict=True):
        whole, eighths = divmod(math.ceil(share * room * 8), 8)
        line = Text(" " * (widest - cell_len(label)) + f"{label}  {100 * share:6.2f} %  ")
        line.append("█" * whole + " ▏▎▍▌▋▊▉"[eighths].strip(), "dark_orange3")
        line.rstrip()
        console.print(line, soft_wrap=True)


def panels(rows: Sequence[tuple[Sequence[str], str]]) -> None:
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
        drawn.add_row(Text("\n".join(words)), Text(_shortened(text)))
    _console().print(drawn)


def _shortened(text: str) -> str:
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
        _measure(console)
    return console


def _measure(console: Any) -> None:
    """Give a dumb terminal its own width: rich takes that for 80."""
    if console.is_dumb_terminal:
        with contextlib.suppress(OSError, ValueError):
            columns, rows = os.get_terminal_size(console.file.fileno())
            console.size = columns, rows


class Writer:
    """Writes generated text to `out`: safe on a terminal and each character at once, exact
    elsewhere and in blocks.

    For a model of bytes each character stands for the byte of that code.
    """

    def __init__(self, out: TextIO, *, is_bytes: bool) -> None:
        self._out, self._is_bytes = out, is_bytes
        self._is_terminal = out.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held: list[str] = []
        self._flushed = 0.0  # at first at once

    def __call__(self, text: str) -> None:
        """Write a text, at the latest with the next one that comes a moment after."""
        if self._is_terminal:
            if self._is_bytes:
                text = self._decoder.decode(text.encode("latin-1"))
            self._out.write(visible(text))
            self._out.flush()
            return
        self._held.append(text)
        now = time.monotonic()
        if now - self._flushed > _SECONDS_BETWEEN_BLOCKS:
            self._flush()
            self._flushed = now

    def end(self, *, new_line: bool) -> None:
        """All was written; a shell's prompt begins a line, a pipe gets no more than the text."""
        if new_line:
            self("\n")
        self._flush()

    def _flush(self) -> None:
        encoding = "latin-1" if self._is_bytes else "utf-8"  # whatever the locale says
        data = "".join(self._held).encode(encoding)
        self._held.clear()
        while data:  # an unbuffered stream may take a part only
            data = data[self._out.buffer.write(data) :]
        if not self._is_terminal:
            self._out.buffer.flush()


class Search:
    """How far a search is, on stderr: a bar on a terminal, a line now and then elsewhere.

    Where the terminal `is_shared` with what is found, the bar gives way to it.
    """

    def __init__(self, num: int, *, is_shared: bool) -> None:
        """`num` are wanted; -1 is without end."""
        self._num, self._is_shared = num, is_shared
        self._bar: Any = None
        self._began = self._last_line = time.monotonic()

    def go_on(self, num_found: int, num_tried: int, tries_left: int | None) -> None:
        """Count another try; `tries_left` estimates how many more it takes, by those that pass."""
        now = time.monotonic()
        if sys.stderr.isatty():
            if self._bar is None:
                self._bar = _bar(
                    total=max(self._num, 0) or None,
                    initial=num_found,
                    bar_format=_SEARCH_BAR,
                    miniters=0,
                    delay=0.5,
                    leave=False,
                )
            self._bar.set_description_str(
                self._in_words(num_found, num_tried, tries_left, now), refresh=False
            )
            self._bar.update(num_found - self._bar.n)
        elif now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            note(self._in_words(num_found, num_tried, tries_left, now))

    def found(self) -> None:
        """One is about to be written."""
        if self._is_shared:
            self.close()

    def close(self) -> None:
        """Take the bar away, if it is there."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _in_words(self, num_found: int, num_tried: int, tries_left: int | None, now: float) -> str:
        of = f" of {self._num:,}" if self._num > 0 else ""
        words = f"{num_found:,}{of} found, {num_tried:,} tried"
        if tries_left is not None and self._num > 0:
            seconds = tries_left * (now - self._began) / num_tried
            words += f", about {duration(seconds)} left at this rate"
        return words


class Counting:
    """A bar on stderr for things that are found one by one, or for bytes; `what` is its label.

    It comes after half a second, or `at_once` where it is known that something takes long.
    """

    def __init__(
        self,
        total: int,
        *,
        hidden: bool = False,
        are_bytes: bool = False,
        what: str = "",
        at_once: bool = False,
    ) -> None:
        self._bar = None
        if not hidden and sys.stderr.isatty():
            self._bar = _bar(
                total=total,
                bar_format=_BAR,
                delay=0 if at_once else 0.5,
                leave=False,
                unit_scale=are_bytes,
                desc=what,
            )

    def advance(self, num: int = 1) -> None:
        """So many more."""
        if self._bar is not None:
            self._bar.update(num)

    def so_far(self, done: int, total: int) -> None:
        """Set how many are done, and how many there are."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away, if it is there."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
