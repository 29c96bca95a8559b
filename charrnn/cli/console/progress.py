"""Progress bars on stderr; while a run trains, `reporters` fills one in."""

import sys
import time
from typing import Any

from charrnn.cli.console.figures import duration
from charrnn.cli.console.streams import note

SECONDS_BETWEEN_LINES = 10.0
BAR = "{n_fmt}/{total_fmt} |{bar}| {remaining} left  {desc}"
_SEARCH_BAR = "|{bar}| {desc}"


def bar(**settings: Any) -> Any:
    """Return a tqdm bar on stderr, as wide as the window; a time left that is unknown is blank."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        @staticmethod
        def format_meter(*args: Any, **kwargs: Any) -> str:
            shown = str(tqdm.format_meter(*args, **kwargs))
            return shown.replace("| ? left", "|       ")  # there is no rate yet

    return Bar(file=sys.stderr, dynamic_ncols=True, **settings)


class SearchProgress:
    """How far a search for samples is: a bar on a terminal, a line now and then elsewhere.

    Where stdout and stderr are one terminal (`is_shared`), the bar makes room for each sample.
    """

    def __init__(self, num: int, *, limit: int, is_shared: bool) -> None:
        """Search for `num` samples (-1: without end); give up after `limit` rejected in a row."""
        self._num, self._limit, self._is_shared = num, limit, is_shared
        self._bar: Any = None
        self._began = self._last_line = time.monotonic()

    def update(self, num_accepted: int, num_tried: int, tries_left: int | None) -> None:
        """Count a rejected sample; `tries_left` estimates how many more have to be tried."""
        now = time.monotonic()
        if sys.stderr.isatty():
            if self._bar is None:
                self._bar = bar(
                    total=max(self._num, 0) or None,
                    initial=num_accepted,
                    bar_format=_SEARCH_BAR,
                    miniters=0,
                    delay=0.5,
                    leave=False,
                )
            self._bar.set_description_str(
                self._in_words(num_accepted, num_tried, tries_left, now), refresh=False
            )
            self._bar.update(num_accepted - self._bar.n)
        elif now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            note(self._in_words(num_accepted, num_tried, tries_left, now))

    def make_room(self) -> None:
        """Take the bar away, since a sample is about to be written to the same terminal."""
        if self._is_shared:
            self.close()

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _in_words(
        self, num_accepted: int, num_tried: int, tries_left: int | None, now: float
    ) -> str:
        if not num_accepted:
            return f"tried {num_tried:,} of at most {self._limit:,}, none accepted yet"
        of = f" of {self._num:,}" if self._num > 0 else ""
        words = f"{num_accepted:,}{of} accepted, {num_tried:,} tried"
        if tries_left is not None and self._num > 0:
            seconds = tries_left * (now - self._began) / num_tried
            words += f", about {duration(seconds)} left"
        return words


class PassingBar:
    """A `ProgressBar` that comes when there is something to tell, again after it was closed."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._bar: ProgressBar | None = None

    def so_far(self, done: int, total: int) -> None:
        """Set how many are done, and how many there are."""
        if self._bar is None:
            self._bar = ProgressBar(total, what=self._what)
        self._bar.so_far(done, total)

    def close(self) -> None:
        """Take the bar away, if there is one: something else is to be written."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class ProgressBar:
    """A bar on stderr for things that are done one by one, or for bytes; `what` is its label.

    It comes after half a second, or `at_once` for what is known to take long.
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
            self._bar = bar(
                total=total,
                bar_format=BAR,
                delay=0 if at_once else 0.5,
                leave=False,
                unit_scale=are_bytes,
                desc=what,
            )

    def advance(self, num: int = 1) -> None:
        """Count this many more."""
        if self._bar is not None:
            self._bar.update(num)

    def so_far(self, done: int, total: int) -> None:
        """Set how many are done, and how many there are."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
