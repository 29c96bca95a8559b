"""How a run reports to a person or a program: bars on a terminal, lines in a log, JSON."""

import json
import math
import sys
import time
from typing import Any

from charrnn._text import Screen, visible
from charrnn.cli.console.figures import Clock, Figures, duration, summary
from charrnn.cli.console.progress import BAR, SECONDS_BETWEEN_LINES, bar
from charrnn.cli.console.streams import note
from charrnn.cli.console.tables import first_lines, measure

_SECONDS_BETWEEN_SAMPLES, _LEAST_BETWEEN_SAMPLES = 30.0, 10.0
_FIRST_STEPS = 150  # of which each sample is shown
_ROOM_FOR_BAR, _ROOM_FOR_TIME_BAR = 28, 18  # with what stands around it


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
        is_due = time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES
        is_last = self._shown["step"] == self._steps  # a validation may follow
        is_due = is_due and not is_last and bool(summary(self._shown))
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
        self.say(f"{at}  {summary(self._shown)}".rstrip())


class Terminal(Quiet):
    """For people: a bar that stays, and a panel with a fresh sample now and then."""

    def __init__(self, *, each_sample: bool = False, is_verbose: bool = False) -> None:
        """`each_sample` shows just those that the run keeps, however fast they come."""
        from rich.console import Console

        self._is_verbose = is_verbose
        self._each_sample, self._sampled = each_sample, -math.inf
        self.seconds_between_samples = math.inf if each_sample else _SECONDS_BETWEEN_SAMPLES
        self._console = Console(stderr=True, highlight=False)
        measure(self._console)
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
            self._bar = bar(
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
            self._bar = bar(initial=step, total=steps, bar_format=BAR, smoothing=0.1)
        else:  # looked at after each step, drawn ten times a second
            self._bar = bar(total=self._clock.seconds, bar_format=self._time_bar(), miniters=0)

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
        self._bar.set_description_str(at + summary(self._shown, room - len(at)), refresh=False)

    def sample(self, text: str, step: int) -> None:
        """See `Quiet.sample`."""
        from rich import box
        from rich.panel import Panel
        from rich.text import Text

        is_wanted = self._each_sample or step <= _FIRST_STEPS or step == self._steps
        if not is_wanted and time.monotonic() - self._sampled < _LEAST_BETWEEN_SAMPLES:
            return
        self._sampled = time.monotonic()
        body = Text(first_lines(visible(text).expandtabs(4)))
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


def screen_for(
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
