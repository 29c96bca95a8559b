"""What commands are given to read: a run, a prompt, files, standard input; and what is said of what
a model cannot read in them.

Standard input is read only where - asks for it: a command may stand in a loop that reads a list
from there, or under a program that keeps it open and writes nothing.
"""

import codecs
import contextlib
import dataclasses
import os
import select
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from charrnn._text import number_of
from charrnn.cli.console.progress import ProgressBar
from charrnn.cli.console.streams import note
from charrnn.errors import CorpusError, UsageError
from charrnn.runs.root import Root

if TYPE_CHECKING:
    from charrnn.config import DataConfig
    from charrnn.generation.model import Model
    from charrnn.runs.checkpoint import Checkpoint, CheckpointHeader
    from charrnn.sources.input_text import InputText

_CHUNK_BYTES = 1 << 20
_VARIABLE = "CHARRNN_CHECKPOINTS"  # of the environment: another folder of runs


def root() -> Root:
    """Return where runs are: in checkpoints/, else in the folder that the environment names."""
    other = os.environ.get(_VARIABLE)
    others = (Path(other).expanduser(),) if other else ()
    return Root(Path("checkpoints"), others, f"{_VARIABLE}=FOLDER says where else they are")


def checkpoint_of(run: str | None) -> "Checkpoint":
    """What a run speaks with, its best checkpoint; a damaged one that is passed over is named."""
    found, skipped = root().best_checkpoint(run)
    for error in skipped:
        note(f"{error.message}; taking step {found.position.step} instead")
    return found


def model_of(found: "Checkpoint") -> "Model":
    """The model of a checkpoint; while it reads a long prompt, a bar shows how far it is."""
    from charrnn.generation.model import Model

    bar: ProgressBar | None = None

    def tell(done: int, total: int) -> None:
        nonlocal bar
        if bar is None and done < total:
            bar = ProgressBar(total, what="reading the prompt")
        if bar is not None:
            bar.so_far(done, total)
        if bar is not None and done == total:
            bar.close()
            bar = None

    return dataclasses.replace(Model.of(found), progress=tell)


def _say_folded(model: "Model", prompt: str) -> None:
    """Tell which characters of a prompt are read in a simpler form."""
    if forms := model.folded(prompt):
        read = ", ".join(f"{character} as {form}" for character, form in forms.items())
        note(f"reading {read}, which the model knows")


def say_unknown(model: "Model", *prompts: str) -> None:
    """Name the characters of some prompts that the model never saw, and those prompts of which it
    knows nothing.
    """
    _say_folded(model, "".join(prompts))
    unread = [prompt for prompt in prompts if prompt and not model.known(prompt)]
    for prompt in unread:
        note(f"the model knows nothing of the prompt {prompt[:40]!r}: it is left out")
    for character in model.unknown("".join(prompt for prompt in prompts if prompt not in unread)):
        note(f"the model never saw {character!r} (U+{ord(character):04X}): left out of the prompt")


def prompt(
    typed: str | None,
    file: str | None,
    found: "CheckpointHeader",
    *,
    encoding: str | None,
    asking: str,
) -> str | bytes:
    """The prompt: as typed, or from a file in that encoding (the run's, if it is None), - being
    standard input, without the last newline of that. `asking` is what to type for standard input,
    should it have been meant.
    """
    if typed is not None and file is not None:
        raise UsageError("--prompt and --prompt-file were both given", "choose one")
    if typed is not None:
        return os.fsencode(typed)
    if file is None:
        note_unread(asking)
        return b""
    text = _contents(file, found, encoding)
    if file != "-":
        return text
    return text.removesuffix("\n") if isinstance(text, str) else _without_last_newline(text)


def prompts(file: str, found: "CheckpointHeader", *, encoding: str | None) -> Sequence[str | bytes]:
    """The lines of a file, each a prompt: see `prompt`. Raises `UsageError` where there is none."""
    text = _contents(file, found, encoding)
    if not text:
        name = "standard input" if file == "-" else file
        raise UsageError(f"{name} holds no prompt", "write one in each line")
    return text.removesuffix("\n").split("\n") if isinstance(text, str) else text.splitlines()


def _contents(file: str, found: "CheckpointHeader", encoding: str | None) -> str | bytes:
    """A file's text, or its bytes for a model of these."""
    from charrnn.sources.input_text import config_for_input

    config = config_for_input(found.data, encoding)
    given = opened(file, config)
    return b"".join(given.chunks) if config.is_bytes else "".join(given.decoded())


def _without_last_newline(data: bytes) -> bytes:
    """What was meant, where `echo` adds a newline to it."""
    return data.removesuffix(b"\r\n") if data.endswith(b"\r\n") else data.removesuffix(b"\n")


def opened(
    name: str, config: "DataConfig", *, tell: Callable[[int], None] = lambda num_bytes: None
) -> "InputText":
    """A file, - being standard input; `tell` is called with the
    bytes on disk as they are read. Raises `UsageError` where it cannot be.
    """
    from charrnn.sources.input_text import InputText

    if name == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed", "pipe a text in, or name a file")
        name, chunks = "standard input", _read_stdin(unpack=not config.is_bytes, tell=tell)
        return InputText(name, _watched(chunks, name, config), config)
    try:
        if not Path(name).is_fifo():
            with Path(name).open("rb"):  # that it is not there is said at once
                pass
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}", "check the path") from error
    chunks = _read(Path(name), unpack=not config.is_bytes, tell=tell)
    return InputText(name, _watched(chunks, name, config), config)


def _watched(chunks: Iterator[bytes], name: str, config: "DataConfig") -> Iterator[bytes]:
    """Pass chunks on, with a note where a text in UTF-8, which nearly every terminal gives, would
    be read as something else without an error.
    """
    for k, data in enumerate(chunks):
        if k == 0 and not config.is_bytes and _is_taken_for_another(data, config.encoding):
            note(
                f"{name} is UTF-8 as well, and read as {config.encoding} like the run's corpus; for"
                " UTF-8 say --encoding utf-8"
            )
        yield data


def _is_taken_for_another(data: bytes, encoding: str) -> bool:
    """Whether a text in UTF-8 reads as another one in that encoding."""
    from charrnn.sources import decoding, detection

    if decoding.is_utf8(encoding) or data.isascii() or not detection.is_utf8(data):
        return False
    with contextlib.suppress(UnicodeError):
        return bool(codecs.getincrementaldecoder(encoding)().decode(data))
    return False


def known(model: "Model", names: Sequence[str], config: "DataConfig", *, at_most: int) -> str:
    """The beginning of some files, one after another, in characters that the model knows.

    Raises `UsageError` for what is not in the encoding and `CorpusError` where there is nothing.
    """
    texts = (opened(name, config) for name in names)
    text, num_unknown = "", 0
    for piece in chain.from_iterable(text.decoded() for text in texts):
        read = model.known(piece)
        num_unknown += sum(map(piece.count, model.unknown(piece)))
        text += read[: at_most - len(text)]
        if len(text) == at_most:
            break
    say_unknown_of(num_unknown)
    if not text:
        raise CorpusError("there is no character to read", "give a file with text")
    return text


def say_unknown_of(num_unknown: int, *, has_symbol: bool = False) -> None:
    """Tell how many characters of a text the model does not know, and what became of them."""
    if num_unknown:
        became = "read as its unknown symbol" if has_symbol else "left out"
        what = number_of(num_unknown, "character")
        note(f"{what} that the model does not know: {became}")


def _read(path: Path, *, unpack: bool, tell: Callable[[int], None]) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _chunks(file, str(path), unpack=unpack, tell=tell)


def _chunks(
    file: BinaryIO, label: str, *, unpack: bool, tell: Callable[[int], None]
) -> Iterator[bytes]:
    """What is in a file, or packed in it, a megabyte at a time."""
    from charrnn.sources import file_types

    opened = file_types.unpacked(file) if unpack else file
    can_tell, place = file.seekable(), 0
    with file_types.damage_named(label):
        while data := opened.read(_CHUNK_BYTES):
            before, place = place, file.tell() if can_tell else place + len(data)
            tell(place - before)
            yield data


def note_unread(asking: str) -> None:
    """Where standard input holds a text that nobody asked for: say what asks for it."""
    if _is_waiting():
        note(f"standard input is not read unless asked for; to read it: {asking}")


def _is_waiting() -> bool:
    """Whether a pipe or a file at standard input has something to read. Nothing is taken from it,
    and nothing is waited for.
    """
    try:
        facts = os.fstat(0)
        if stat.S_ISREG(facts.st_mode):
            return os.lseek(0, 0, os.SEEK_CUR) < facts.st_size
        if sys.platform != "win32" and stat.S_ISFIFO(facts.st_mode):
            poll = select.poll()
            poll.register(0, select.POLLIN)
            return any(event & select.POLLIN for _, event in poll.poll(0))
    except OSError:
        pass
    return False


def _read_stdin(*, unpack: bool, tell: Callable[[int], None]) -> Iterator[bytes]:
    if sys.stdin.isatty():
        note("reading what you type; Ctrl-D ends it")
    yield from _chunks(sys.stdin.buffer, "standard input", unpack=unpack, tell=tell)
