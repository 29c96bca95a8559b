"""Reporters: how a run is shown on a terminal, in a log, or to a program."""

import math
import sys
import time
from typing import Any

from charrnn._text import Reporter, visible
from charrnn.cli.console.figures import Clock, Metrics, duration, summary
from charrnn.cli.console.progress import BAR, SECONDS_BETWEEN_LINES, bar
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.console.tables import first_lines, measure

_SECONDS_BETWEEN_SAMPLES, _LEAST_BETWEEN_SAMPLES = 30.0, 10.0
_FIRST_STEPS = 150  # every sample up to this step is shown
_BAR_MARGIN, _TIME_BAR_MARGIN = 28, 18  # columns for the bar and the count or time before it


class WarningReporter(Reporter):
    """Shows warnings alone (`--quiet`); the base of the others."""

    _clock: Clock | None = None

    def warn(self, sentence: str) -> None:
        """Show a warning on stderr."""
        note(sentence)

    def set_time_limit(self, began: float, seconds: float) -> None:
        """Start the clock that is shown instead of the number of steps."""
        self._clock = Clock(began, seconds)

    def time_taken(self) -> str:
        """Return the time that the clock shows, for the last line of a run."""
        return "" if self._clock is None else f" in {duration(round(self._clock.elapsed))}"


class JsonReporter(WarningReporter):
    """Prints all metrics as lines of JSON on stdout (`--json`)."""

    def show_metrics(self, metrics: Metrics) -> None:
        """Print a line of JSON."""
        print_json(metrics, flush=True)


class LogReporter(WarningReporter):
    """Prints a plain line now and then, for logs."""

    def __init__(self, *, is_verbose: bool = False) -> None:
        self._is_verbose = is_verbose
        self._metrics: dict[str, Any] = {}  # the latest of each
        self._steps = 0
        self._last_line, self._step_of_line = -math.inf, 0

    def show(self, sentence: str) -> None:
        """Print a sentence on stderr."""
        print(visible(sentence), file=sys.stderr, flush=True)

    def show_detail(self, sentence: str) -> None:
        """Print a sentence if details were asked for."""
        if self._is_verbose:
            self.show(sentence)

    def start_training(self, step: int, steps: int) -> None:
        """Remember the number of steps."""
        self._steps = steps

    def set_num_steps(self, steps: int) -> None:
        """Remember the number of steps."""
        self._steps = steps

    def show_metrics(self, metrics: Metrics) -> None:
        """Print a line at every validation, and every ten seconds."""
        self._metrics |= metrics
        is_due = time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES
        is_last = self._metrics["step"] == self._steps  # a validation may follow
        is_due = is_due and not is_last and bool(summary(self._metrics))
        if "val_loss" in metrics or is_due:
            self._print_line()

    def show_sample(self, text: str, step: int) -> None:
        """Print a sample, its lines marked, since they may look like any other line."""
        if step > self._step_of_line or not step:
            self._print_line()
        for line in text.rstrip().expandtabs(4).split("\n"):
            self.show(f"  | {line}".rstrip())

    def end_progress(self) -> None:
        """Print the last metrics, unless they have been printed."""
        if self._metrics.get("step", 0) > self._step_of_line:
            self._print_line()

    def _print_line(self) -> None:
        step = self._metrics["step"]
        self._last_line, self._step_of_line = time.monotonic(), step
        at = f"step {step}/{self._steps}" if self._clock is None else f"step {step}  {self._clock}"
        self.show(f"{at}  {summary(self._metrics)}".rstrip())


class TerminalReporter(WarningReporter):
    """Shows a bar, and above it a panel with a fresh sample now and then."""

    def __init__(self, *, each_sample: bool = False, is_verbose: bool = False) -> None:
        """With `each_sample`, show exactly the samples that the run keeps."""
        from rich.console import Console

        self._is_verbose = is_verbose
        self._each_sample, self._sampled = each_sample, -math.inf
        self.seconds_between_samples = math.inf if each_sample else _SECONDS_BETWEEN_SAMPLES
        self._console = Console(stderr=True, highlight=False)
        measure(self._console)
        self._metrics: dict[str, Any] = {}  # the latest of each
        self._step = self._steps = 0
        self._bar: Any = None

    def show(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._print(visible(sentence))

    def show_detail(self, sentence: str) -> None:
        """Print a sentence above the bar if details were asked for."""
        if self._is_verbose:
            self.show(sentence)

    def warn(self, sentence: str) -> None:
        """Print a warning above the bar."""
        self._print(f"charrnn: {visible(sentence)}")

    def show_reading(self, done: int, total: int) -> None:
        """Move the bar of the corpus; it comes after half a second."""
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

    def start_training(self, step: int, steps: int) -> None:
        """Draw a bar of the steps, or of the time."""
        self.end_progress()
        self._step, self._steps = step, steps
        if self._clock is None:
            self._bar = bar(initial=step, total=steps, bar_format=BAR, smoothing=0.1)
        else:  # updated at every step, drawn ten times a second
            self._bar = bar(total=self._clock.seconds, bar_format=self._time_bar(), miniters=0)

    def set_num_steps(self, steps: int) -> None:
        """Correct the length of the bar."""
        self._steps = steps
        if self._clock is None:
            self._bar.total = steps

    def show_step(self, step: int) -> None:
        """Move the bar."""
        self._step = step
        if self._clock is None:
            self._bar.update(step - self._bar.n)
            return
        self._describe()
        self._bar.update(min(self._clock.elapsed, self._clock.seconds) - self._bar.n)

    def show_metrics(self, metrics: Metrics) -> None:
        """Write the metrics beside the bar."""
        self._metrics |= metrics
        self._describe()

    def _time_bar(self) -> str:
        return f"{self._clock} |{{bar}}| {{desc}}"

    def _describe(self) -> None:
        """Write beside the bar as many metrics as there is room for."""
        room, at = self._console.width - _BAR_MARGIN, ""
        if self._clock is not None:
            room, at = self._console.width - _TIME_BAR_MARGIN, f"step {self._step:,}  "
            self._bar.bar_format = self._time_bar()
        self._bar.set_description_str(at + summary(self._metrics, room - len(at)), refresh=False)

    def show_sample(self, text: str, step: int) -> None:
        """Print a panel above the bar, unless the last one is a few seconds old."""
        from rich import box
        from rich.panel import Panel
        from rich.text import Text

        is_shown = self._each_sample or step <= _FIRST_STEPS or step == self._steps
        if not is_shown and time.monotonic() - self._sampled < _LEAST_BETWEEN_SAMPLES:
            return
        self._sampled = time.monotonic()
        body = Text(first_lines(visible(text).expandtabs(4)))
        at = "" if self._clock is None else f", {duration(self._clock.elapsed)}"
        title = f"step {step:,}{at}"
        self._print(Panel(body, title=title, box=box.ROUNDED, border_style="dim"))

    def end_progress(self) -> None:
        """Leave the bar as it is, and let the next one begin a new line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _print(self, what: Any) -> None:
        """Print above the bar, if there is one."""
        from tqdm import tqdm

        with tqdm.external_write_mode(file=sys.stderr):
            self._console.print(what, markup=False)


def choose_reporter(
    *, quiet: bool, as_json: bool, each_sample: bool = False, is_verbose: bool = False
) -> Reporter:
    """Return the reporter that the flags ask for; else one for a terminal, or for a log."""
    if as_json:
        return JsonReporter()
    if quiet:
        return WarningReporter()
    if sys.stderr.isatty():
        return TerminalReporter(each_sample=each_sample, is_verbose=is_verbose)
    return LogReporter(is_verbose=is_verbose)
