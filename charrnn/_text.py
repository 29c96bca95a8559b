"""Text for people: a reporter to send it to, sentences, and characters that are safe to show."""

import math
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

ProgressCallback = Callable[[int, int], None]  # called with how much is done, and of how much
CountBytes = Callable[[int], None]  # called with the number of bytes that were just read


def ignore_progress(done: int, total: int) -> None:
    """A `ProgressCallback` that does nothing."""


def ignore_bytes(num_bytes: int) -> None:
    """A `CountBytes` that does nothing."""


def after(num_before: int, total: int, progress: ProgressCallback) -> ProgressCallback:
    """Return the `ProgressCallback` of a part that comes after `num_before` of `total`."""
    return lambda done, _: progress(num_before + done, total)


class Reporter:
    """Tells a person what happens. This one is silent; `cli.console.reporters` has others."""

    seconds_between_samples = math.inf  # of a run, besides those at its validations

    def show(self, sentence: str) -> None:
        """Show a sentence."""

    def show_detail(self, sentence: str) -> None:
        """Show a sentence to those who asked for details."""

    def warn(self, sentence: str) -> None:
        """Show a warning."""

    def show_reading(self, done: int, total: int) -> None:
        """Show how many bytes of the corpus have been read."""

    def set_time_limit(self, began: float, seconds: float) -> None:
        """Show the time, from `began` in monotonic seconds, instead of the number of steps."""

    def start_training(self, step: int, steps: int) -> None:
        """Show that training goes on after `step` of `steps`."""

    def set_num_steps(self, steps: int) -> None:
        """Correct the number of steps of the run."""

    def show_step(self, step: int) -> None:
        """Show that a step was made."""

    def show_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Show a line of metrics."""

    def show_sample(self, text: str, step: int) -> None:
        """Show a sample of the model at this step."""

    def end_progress(self) -> None:
        """Take away the bar of what has just ended."""

    def time_taken(self) -> str:
        """Return how long a run with a time limit took (" in 3:00"); "" for other runs."""
        return ""


def in_a_shell(word: str) -> str:
    """Return a word as one types it in a shell: in quotes where a shell would take it apart."""
    return shlex.quote(word)


def number_of(count: int, thing: str) -> str:
    """Return a count with its noun: 1 character, 2,000 characters."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def bits(nats: float) -> float:
    """Convert a loss from nats to bits."""
    return nats / math.log(2)


def percent(share: float) -> str:
    """Return a share with one digit after the point: 8.3 %."""
    return f"{100 * share:.1f} %"


def some(names: Iterable[str], most: int = 3) -> str:
    """Return the first names, and whether there are more: a, b, c, …"""
    names = list(names)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def valid_unicode(text: str) -> str:
    """Return a text with U+FFFD for each half of a surrogate pair, which no encoding has: Python
    has them for what is not UTF-8 in the name of a file.
    """
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def json_text(value: Any) -> str:
    """Return a value as JSON in ASCII that every program can read (see `valid_unicode`)."""
    import json  # here, for --help needs none

    return _HALF_IN_JSON.sub(lambda found: found[1] or r"\ufffd", json.dumps(value))


# a backslash or a whole pair, to be kept; or half a pair
_HALF_IN_JSON = re.compile(r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\ud[89a-f]..")


def visible(text: str) -> str:
    """Return a text with control characters as symbols (ESC as ␛) and in valid Unicode: it cannot
    drive a terminal, and any file can hold it.
    """
    return text.translate(_SYMBOLS)


_SYMBOLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"}
_SYMBOLS |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_SYMBOLS |= dict.fromkeys(
    (*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD
)  # they reverse the direction of a line
_SYMBOLS |= dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD)  # no SVG can hold them


def symbol(character: str) -> str:
    """Return a visible form of one character: ↵ for a line end, ⇥ for a tab, ␣ for a space, its
    code point if it has no width.
    """
    return _BLANKS.get(character) or visible(character)


_BLANKS = {"\n": "↵", "\t": "⇥", " ": "␣"}
_BLANKS |= {chr(code): f"U+{code:04X}" for code in (0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF)}


def one_line(text: str) -> str:
    """Return a text with symbols for line ends, tabs and what has no width; spaces stay."""
    return "".join(character if character == " " else symbol(character) for character in text)


def lone_symbol(text: str) -> str:
    """Return a visible form of a symbol that stands by itself, in a table or beside an axis.

    Like `symbol`; and a combining mark sits on a dotted circle, a part of a Korean syllable is the
    letter that people write alone.
    """
    if len(text) != 1:
        return "".join(map(symbol, text))
    if unicodedata.category(text) in ("Mn", "Mc", "Me"):
        return f"\N{DOTTED CIRCLE}{text}"
    _, is_part, letter = unicodedata.name(text, "").partition("SEONG ")  # CHOSEONG KIYEOK, …
    try:
        return unicodedata.lookup(f"HANGUL LETTER {letter}") if is_part else symbol(text)
    except KeyError:  # an old letter
        return symbol(text)
