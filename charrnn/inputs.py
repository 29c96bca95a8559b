"""What commands are given to read: a run, a prompt, files, standard input; and what is said of what
a model cannot read in them.

Standard input is read only where - asks for it: a command may stand in a loop that reads a list
from there, or under a program that keeps it open and writes nothing.
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


def prompt(typed: str | None, file: str | None, *, asking: str) -> bytes:
    """The prompt's bytes: as typed, or from a file, - being standard input, without the last
    newline of that. `asking` is what to type for standard input, should it have been meant.
    """
    if typed is not None and file is not None:
        raise UsageError("--prompt and --prompt-file were both given", "choose one")
    if typed is not None:
        return os.fsencode(typed)
    if file is None:
        note_unread(asking)
        return b""
    return _without_last_newline(contents(file)) if file == "-" else contents(file)


def _without_last_newline(data: bytes) -> bytes:
    """What was meant, where `echo` adds a newline to it."""
    return data.removesuffix(b"\r\n") if data.endswith(b"\r\n") else data.removesuffix(b"\n")


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


def note_unread(asking: str) -> None:
    """Where standard input holds a text that nobody asked for: say what asks for it."""
    if _is_waiting():
        display.note(f"standard input is not read unless asked for; to read it: {asking}")


def _is_waiting() -> bool:
    """Whether a pipe or a file at standard input has something to read. Nothing is taken from it,
    and nothing is waited for.
    """
    try:
        facts = os.fstat(0)
        if stat.S_ISREG(facts.st_mode):
            return os.lseek(0, 0, os.SEEK_CUR) < facts.st_size
        if sys.platform == "win32" or not stat.S_ISFIFO(facts.st_mode):
            return False
        poll = select.poll()
        poll.register(0, select.POLLIN)
        return any(event & select.POLLIN for _, event in poll.poll(0))
    except OSError:
        return False


def _read_stdin() -> Iterator[bytes]:
    if sys.stdin.isatty():
        display.note("reading what you type; Ctrl-D ends it")
    yield from iter(lambda: sys.stdin.buffer.read(_CHUNK_BYTES), b"")
