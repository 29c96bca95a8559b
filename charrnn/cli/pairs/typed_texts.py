"""Texts for a model of pairs or labels: typed as arguments, or lines of standard input for -."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from charrnn._text import in_a_shell, some
from charrnn.cli.console.streams import note
from charrnn.errors import UsageError

READ_AS_UNKNOWN = "read as an unknown symbol"
_Answer = TypeVar("_Answer")

if TYPE_CHECKING:
    from charrnn.cli.console.streams import TextWriter
    from charrnn.config import DataConfig, PairsConfig

_MOST_TOLD = 1000  # unknown symbols


def require_texts(texts: Sequence[str] | None, *, command: str) -> list[str]:
    """Return the texts that were typed. Raises `UsageError` if there are none."""
    if not texts:
        raise UsageError(
            f"there is no text to {command}", "type it, or - to read lines from standard input"
        )
    return list(texts)


def note_names(typed: Sequence[str], run: Sequence[str] | None, *, command: str) -> None:
    """Tell what to type if a text looks like the name of a file or of a run."""
    from charrnn.cli import inputs

    if len(typed) > 1 or typed == ["-"]:
        return
    (text,) = typed
    if os.path.isfile(text):
        typed_name = in_a_shell(text)
        note(f"{text} is also a file; to {command} its lines: charrnn {command} - < {typed_name}")
    elif run is None and inputs.root().has(text):
        note(f"{text} is also a run; to use that run: charrnn {command} --run {text} TEXT")


def input_config(data: "PairsConfig", encoding: str | None) -> "DataConfig":
    """Return how standard input is decoded: as the run's pairs, unless an encoding is given."""
    from charrnn.config import DataConfig

    errors = "strict" if data.errors == "strict" else "replace"
    return DataConfig(encoding=encoding or data.encoding, errors=errors)


def windows(
    typed: Sequence[str], data: "PairsConfig", encoding: str | None, *, command: str
) -> Iterator[list[str]]:
    """Yield lines to answer: those that were typed together, those of standard input as they come,
    decoded as the run's pairs. None is left out, for each is answered.
    """
    from charrnn.cli import inputs

    config = input_config(data, encoding)
    for is_asking, group in itertools.groupby(typed, lambda text: text == "-"):
        if is_asking:
            yield from inputs.lines_as_they_come(config)
        else:
            yield lines_of(group, command=command)


def lines_of(typed: Iterable[str], *, command: str) -> list[str]:
    """Return the lines of typed texts. Raises `UsageError` for what is not UTF-8."""
    lines = [line for text in typed for line in text.removesuffix("\n").split("\n")]
    for line in lines:
        try:
            line.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"the text is not UTF-8: character {error.start + 1}",
                f"pipe it in: charrnn {command} - --encoding latin-1",
            ) from error
    return lines


def answered(
    windows: Iterable[list[str]],
    answer_many: Callable[[list[str]], Iterable[_Answer]],
    unknown: "UnknownSymbols",
    out: "TextWriter",
) -> Iterator[tuple[str, _Answer]]:
    """Yield each line with its answer. What is written of a window goes out before the next one is
    read. Raises `UsageError` for a line that cannot be answered, with its number.
    """
    num_answered = 0
    for lines in windows:
        unknown.note(lines)
        try:
            for line, answer in zip(lines, answer_many(lines), strict=True):
                num_answered += 1
                yield line, answer
        except UsageError as error:  # too long a line
            raise UsageError(f"line {num_answered + 1}: {error.message}", error.hint) from error
        finally:
            out.end(new_line=False)


class UnknownSymbols:
    """Names the symbols that a model never saw, each once; of very many only the first."""

    def __init__(
        self,
        unknown_in: Callable[[str], Iterable[str]],
        *,
        became: str = READ_AS_UNKNOWN,
    ) -> None:
        """`unknown_in` returns those of a text; `became` says what is done with them."""
        self._unknown_in, self._became = unknown_in, became
        self._told: set[str] = set()

    def note(self, lines: Iterable[str]) -> None:
        """Name those of some lines that have not been named yet."""
        if len(self._told) >= _MOST_TOLD:
            return
        every = dict.fromkeys(itertools.chain(*map(self._unknown_in, lines)))
        new = [each for each in every if each not in self._told]
        if new:
            self._told.update(new)
            note(f"the model never saw {some(map(_named, new), 5)}: {self._became}")
        if len(self._told) >= _MOST_TOLD:
            note("more unknown symbols are not named")


def _named(unknown: str) -> str:
    """Return a symbol for a message: quoted, a single character with its code point."""
    return f"{unknown!r} (U+{ord(unknown):04X})" if len(unknown) == 1 else repr(unknown)
