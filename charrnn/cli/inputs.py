"""What commands read: runs, checkpoints, files and standard input.

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
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from charrnn._text import CountBytes, ignore_bytes, in_a_shell, number_of
from charrnn.cli.console.progress import PassingBar
from charrnn.cli.console.streams import note
from charrnn.errors import CorpusError, UsageError
from charrnn.runs import task_names
from charrnn.runs.root import Root
from charrnn.runs.run import used_instead

if TYPE_CHECKING:
    from charrnn.config import DataConfig
    from charrnn.generation.model import Model
    from charrnn.runs.checkpoint import Checkpoint
    from charrnn.runs.header import CheckpointHeader
    from charrnn.runs.run import Run
    from charrnn.sources.input_text import InputText

CHUNK_BYTES = 1 << 20
MAX_LINE = 1 << 24  # characters of a line of standard input that is held until its end comes
OF_TEXT = (task_names.LANGUAGE_MODEL,)
_VARIABLE = "CHARRNN_CHECKPOINTS"  # of the environment: another folder of runs


def root() -> Root:
    """Return where runs are: in checkpoints/, else in the folder that the environment names."""
    other = os.environ.get(_VARIABLE)
    others = (Path(other).expanduser(),) if other else ()
    return Root(Path("checkpoints"), others, f"{_VARIABLE}=FOLDER says where else they are")


def checkpoint_of(
    run: str | None,
    *,
    tasks: Sequence[str] = OF_TEXT,
    others: Container[str] = (),
    instead: str | None = None,
) -> "Checkpoint":
    """Return the best checkpoint of a run, or of the newest that learned one of the tasks, with a
    note for each damaged one that is skipped. Without tasks, a run of any one is taken; a run that
    is named may have learned one of the `others`, too.

    Raises `UsageError` for a run of another task; `instead` is the hint then, by default the
    command that uses it.
    """
    checkpoint, skipped = root().best_checkpoint(run, tasks=tasks)
    for error in skipped:
        note(used_instead(checkpoint, error))
    if tasks and checkpoint.task not in tasks and checkpoint.task not in others:
        raise UsageError(
            f"run {run} is a model of {checkpoint.schema.learned}",
            instead or f"use: {checkpoint.schema.command} {in_a_shell(str(run))}",
        )
    return checkpoint


def newest_and_best(run: "Run") -> "tuple[Checkpoint, Checkpoint]":
    """Return the checkpoint to resume a run from, and the one to use its model of; with a note for
    each damaged one that is skipped.
    """
    newest, skipped = run.newest_valid()
    best, others = run.best_valid()
    for checkpoint, errors in ((newest, skipped), (best, others)):
        for error in errors:
            note(used_instead(checkpoint, error))
    return newest, best


def checkpoints_of(
    runs: Sequence[str] | None, *, tasks: Sequence[str] = OF_TEXT, others: Container[str] = ()
) -> "list[Checkpoint]":
    """Return the best checkpoint of each run, or of the newest if none is named: see
    `checkpoint_of`.

    Raises `UsageError` for runs that cannot be averaged.
    """
    checkpoints = [checkpoint_of(run, tasks=tasks, others=others) for run in runs or (None,)]
    if len(checkpoints) > 1:
        from charrnn.generation.ensemble import require_alike

        require_alike(checkpoints)
    return checkpoints


def require_one_task(headers: "Iterable[CheckpointHeader]") -> None:
    """Raise `UsageError` for runs of different tasks, where they are to be compared."""
    learned = sorted({header.schema.learned for header in headers})
    if len(learned) > 1:
        raise UsageError(
            f"some of these runs are models of {' and some of '.join(learned)}",
            "name runs of one kind: their losses do not compare",
        )


def model_of(checkpoints: "Sequence[Checkpoint]") -> "Model":
    """Return the model of checkpoints (see `Model.ensemble`); it shows a bar while it reads a long
    prompt.
    """
    from charrnn.generation.model import Model

    bar = PassingBar("reading the prompt")

    def progress(done: int, total: int) -> None:
        if done < total:
            bar.so_far(done, total)
        else:
            bar.close()

    return dataclasses.replace(Model.ensemble(checkpoints), progress=progress)


def open_file(
    name: str,
    config: "DataConfig",
    *,
    count_bytes: CountBytes = ignore_bytes,
    as_it_comes: bool = False,
) -> "InputText":
    """Open a file, or standard input for -, to be decoded as the corpus is.

    `count_bytes` is called with the bytes on disk as they are read. Standard input is read in large
    chunks, or `as_it_comes`. Raises `UsageError` at once for a file that cannot be read.
    """
    from charrnn.sources.input_text import InputText

    unpack = not config.is_bytes
    if name == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed", "pipe a text in, or name a file")
        name = "standard input"
        chunks = _read_stdin(unpack=unpack, count_bytes=count_bytes, as_it_comes=as_it_comes)
        return InputText(name, _watched(chunks, name, config), config)
    try:
        if not Path(name).is_fifo():
            Path(name).open("rb").close()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}", "check the path") from error
    chunks = _read(Path(name), unpack=unpack, count_bytes=count_bytes)
    return InputText(name, _watched(chunks, name, config), config)


def _watched(chunks: Iterator[bytes], name: str, config: "DataConfig") -> Iterator[bytes]:
    """Pass chunks on, with a note where a text in UTF-8, which nearly every terminal gives, would
    be read as something else without an error.
    """
    may_be_misread = not config.is_bytes
    for data in chunks:
        if may_be_misread and not data.isascii():
            may_be_misread = False
            if _is_misread(data, config.encoding):
                note(
                    f"{name} is valid UTF-8, but is read as {config.encoding} like the run's"
                    " corpus; for UTF-8 add --encoding utf-8"
                )
        yield data


def _is_misread(data: bytes, encoding: str) -> bool:
    """Return whether a text in UTF-8 gives another one in this encoding."""
    from charrnn.sources import changes, detection

    if changes.is_utf8(encoding) or not detection.is_utf8(data):
        return False
    with contextlib.suppress(UnicodeError):
        return bool(codecs.getincrementaldecoder(encoding)().decode(data))
    return False


def read_known(model: "Model", names: Sequence[str], config: "DataConfig", *, at_most: int) -> str:
    """Return the beginning of some files, one after another, in characters that the model knows.

    Raises `UsageError` for what is not in the encoding and `CorpusError` where nothing is left.
    """
    files = (open_file(name, config) for name in names)
    text, num_unknown = "", 0
    for chunk in chain.from_iterable(file.decoded() for file in files):
        known = model.known(chunk)
        num_unknown += sum(map(chunk.count, model.unknown(chunk)))
        text += known[: at_most - len(text)]
        if len(text) == at_most:
            break
    note_num_unknown(num_unknown)
    if not text:
        raise CorpusError("there is no character to read", "give a file with text")
    return text


def note_num_unknown(num_unknown: int, *, has_symbol: bool = False) -> None:
    """Tell how many characters of a text the model does not know, and what became of them."""
    if num_unknown:
        became = "read as its unknown symbol" if has_symbol else "left out"
        what = number_of(num_unknown, "character")
        note(f"{what} that the model does not know: {became}")


def _read(path: Path, *, unpack: bool, count_bytes: CountBytes) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _chunks(file, str(path), unpack=unpack, count_bytes=count_bytes)


def lines_as_they_come(config: "DataConfig") -> Iterator[list[str]]:
    """Yield the lines of standard input, without their ends: in each list those that have come
    since the one before, so that who writes a line and waits gets an answer.

    Raises `UsageError` for a line without end.
    """
    held: list[str] = []  # parts of a line that has not ended
    for text in open_file("-", config, as_it_comes=True).decoded():
        *lines, rest = text.split("\n")
        if lines:
            yield ["".join([*held, lines[0]]), *lines[1:]]
            held = []
        held.append(rest)
        if sum(map(len, held)) > MAX_LINE:
            raise UsageError(
                f"standard input has a line of more than {MAX_LINE:,} characters",
                "is it a text in lines?",
            )
    if last := "".join(held):
        yield [last]


def _read_stdin(*, unpack: bool, count_bytes: CountBytes, as_it_comes: bool) -> Iterator[bytes]:
    if sys.stdin.isatty():
        note("reading what you type; Ctrl-D ends it")
    yield from _chunks(
        sys.stdin.buffer,
        "standard input",
        unpack=unpack,
        count_bytes=count_bytes,
        as_it_comes=as_it_comes,
    )


def _chunks(
    file: BinaryIO,
    label: str,
    *,
    unpack: bool,
    count_bytes: CountBytes,
    as_it_comes: bool = False,
) -> Iterator[bytes]:
    """Yield what is in a file, unpacked if it is compressed: a megabyte at a time, or what there is
    as soon as there is anything.
    """
    from charrnn.sources import file_types

    unpacked = file_types.unpacked(file) if unpack else file
    read = getattr(unpacked, "read1" if as_it_comes else "read")
    can_tell, place = file.seekable(), 0
    with file_types.damage_named(label):
        while data := read(CHUNK_BYTES):
            before, place = place, file.tell() if can_tell else place + len(data)
            count_bytes(place - before)
            yield data


def note_unread(asking: str) -> None:
    """Tell what to type, if standard input holds a text that nobody asked for."""
    if _is_waiting():
        note(f"standard input is not read unless asked for; to read it: {asking}")


def _is_waiting() -> bool:
    """Return whether a pipe or a file at standard input has something to read.

    Nothing is taken from it, and nothing is waited for.
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
