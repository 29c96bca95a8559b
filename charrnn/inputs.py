"""What commands are given to read: a run, a prompt, files, a pipe; and what is said of those parts
that a model cannot read.
"""

import os
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn import display, runs
from charrnn.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from charrnn.checkpoint import Checkpoint
    from charrnn.model import Model

_CHUNK_BYTES = 1 << 20


def checkpoint_of(run: str | None) -> "Checkpoint":
    """What a run speaks with, its best checkpoint; a damaged one that is passed over is named."""
    found, skipped = runs.find_to_speak(run)
    for error in skipped:
        display.note(f"{error.message}; taking step {found.progress.step} instead")
    return found


def say_unknown(model: "Model", prompt: str) -> None:
    """Name the characters of a prompt that the model never saw."""
    for character in model.unknown(prompt):
        display.note(
            f"the model never saw {character!r} (U+{ord(character):04X}): left out of the prompt"
        )


def prompt(typed: str | None, file: str | None) -> bytes:
    """The prompt's bytes: as typed, from a file, or piped in."""
    if typed is not None and file is not None:
        raise UsageError("--prompt and --prompt-file were both given", "choose one")
    if typed is not None:
        return os.fsencode(typed)
    if file is None:
        return contents("-") if is_piped() else b""
    return contents(file)


def contents(file: str) -> bytes:
    """A file's bytes, - being standard input. Raises `UsageError` where it cannot be read."""
    return b"".join(chunks(file))


def chunks(file: str) -> Iterator[bytes]:
    """The same, a megabyte at a time."""
    if file == "-":
        return _read_stdin()
    try:
        with Path(file).open("rb"):  # that it is not there is said at once
            return _read(Path(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "check the path") from error


def known(model: "Model", names: Sequence[str], *, at_most: int) -> str:
    """The beginning of some files, one after another, in characters that the model knows.

    Raises `UsageError` for a text that is not UTF-8 and `CorpusError` where there is nothing.
    """
    from charrnn.reading import File, spelled

    files = (File(label(name), chunks(name)) for name in names)
    text, num_unknown = "", 0
    for piece in chain.from_iterable(
        spelled(file, is_bytes=model.vocab.is_bytes) for file in files
    ):
        read = model.known(piece)
        num_unknown += len(piece) - len(read)
        text += read[: at_most - len(text)]
        if len(text) == at_most:
            break
    say_unknown_of(num_unknown)
    if not text:
        raise CorpusError("there is no character to read", "give a file with text")
    return text


def label(name: str) -> str:
    """What a file is called in messages."""
    return "standard input" if name == "-" else name


def say_unknown_of(num_unknown: int, *, has_symbol: bool = False) -> None:
    """Tell how many characters of a text the model does not know, and what became of them."""
    if num_unknown:
        became = "read as its unknown symbol" if has_symbol else "left out"
        what = display.number_of(num_unknown, "character")
        display.note(f"{what} that the model does not know: {became}")


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK_BYTES), b"")


def is_piped() -> bool:
    """Whether standard input is a pipe or a file, rather than a terminal, a device or nothing."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _read_stdin() -> Iterator[bytes]:
    if not select.select([0], [], [], 1.0)[0]:
        display.note("waiting for standard input; < /dev/null gives none")
    yield from iter(lambda: sys.stdin.buffer.read(_CHUNK_BYTES), b"")
