"""The names of a corpus → the files to read.

A name is a file, a folder, a pipe, `-` for standard input, or `shakespeare`.
"""

import contextlib
import os
import select
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from charrnn._atomic import temporary_beside
from charrnn.errors import OTHER_FOLDER, CorpusError, UsageError, storage_errors
from charrnn.sources import shakespeare

STDIN = "-"
_DESCRIPTORS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")  # of this process, hence of no other
_SECONDS_FOR_A_WRITER = 0.5  # to open a pipe; it may then take any time to write
SHAKESPEARE = "shakespeare"


@dataclass(frozen=True)
class Source:
    """One file of a corpus and how to read it."""

    path: Path
    label: str  # what messages call it
    skip_unreadable: bool = False  # found in a folder: skip it if it is not text
    is_one_of_many: bool = False  # its encoding may be another than that of the rest
    encoding: str | None = None  # None: the one that was asked for
    is_play: bool = False  # markdown from the data package
    is_spooled: bool = False  # a copy of what can be read only once
    begin: int = 0  # in bytes: a large file is read in stretches
    end: int | None = None  # None: to the end of the file


def find(
    names: Sequence[str], *, spool_folder: Path, folder: Path = Path(), num_before: int = 0
) -> list[Source]:
    """Find the files that are named, in order.

    Relative paths are looked for in `folder`, then in `data/` there. The corpus is read twice, so
    what can be read only once (standard input, a pipe, a process substitution) is copied to a file
    in `spool_folder` first; `discard_spooled` removes it. `num_before` counts the files of the same
    corpus that were found by another call. Raises `CorpusError` for a name without anything to
    read.
    """
    require_one_stdin(names)
    sources: list[Source] = []
    try:
        for name in names:
            copy = _copy_in(spool_folder, num_before + len(sources))
            if _is_stdin(name):
                sources.append(_spool_stdin(copy))
            elif name == SHAKESPEARE and not os.path.exists(name):
                plays = shakespeare.play_paths()
                sources += [
                    Source(path, f"shakespeare/{path.name}", is_play=True) for path in plays
                ]
            else:
                sources += _on_disk(name, folder, copy=copy)
    except BaseException:
        discard_spooled(sources)
        raise
    return [replace(source, is_one_of_many=len(sources) > 1) for source in sources]


class Sources(NamedTuple):
    """The files of a corpus; the last of them may be for validation alone."""

    files: list[Source]
    num_val: int

    @property
    def for_validation(self) -> list[bool]:
        """Which files are for validation."""
        first = len(self.files) - self.num_val
        return [number >= first for number in range(len(self.files))]


@contextmanager
def opened(
    names: Sequence[str],
    val_names: Sequence[str] = (),
    *,
    spool_folder: Path,
    folder: Path = Path(),
) -> Iterator[Sources]:
    """Find the files of a corpus, and of a text to validate it on, as `find` does.

    Copies of what can be read only once are removed at the end.
    """
    require_one_stdin([*names, *val_names])
    files: list[Source] = []
    try:
        files = find(names, spool_folder=spool_folder, folder=folder)
        val = find(val_names, spool_folder=spool_folder, folder=folder, num_before=len(files))
        files += val
        yield Sources(files, len(val))
    finally:
        discard_spooled(files)


def require_one_stdin(names: Sequence[str]) -> None:
    """Raise `UsageError` if standard input is named twice."""
    stdin = [name for name in names if _is_stdin(name)]
    if len(stdin) > 1:
        raise UsageError(f"standard input ({stdin[1]}) was named twice", "name it once")


def require_there(names: Sequence[str]) -> None:
    """Raise `CorpusError` for a name that does not exist. Nothing is read."""
    for name in names:
        if name not in (STDIN, SHAKESPEARE):
            _locate(name)


def discard_spooled(sources: Sequence[Source]) -> None:
    """Remove the copies of what can be read only once."""
    for source in sources:
        if source.is_spooled:
            source.path.unlink(missing_ok=True)


def can_be_read_once(name: str) -> bool:
    """Whether a name is standard input, a pipe or a process substitution."""
    if name == STDIN or name.startswith(_DESCRIPTORS):
        return True
    with contextlib.suppress(OSError, ValueError):
        return stat.S_ISFIFO(os.stat(name).st_mode)
    return False


def _is_stdin(name: str) -> bool:
    return name in (STDIN, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


def _on_disk(name: str, folder: Path, *, copy: Path) -> list[Source]:
    """The sources of a path: itself if it is a file, every visible file below it if a folder."""
    path = _locate(name, folder)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _folder(path)
        if stat.S_ISFIFO(mode):
            return [_spool_pipe(path, name, copy)]
        if not stat.S_ISREG(mode):
            raise CorpusError(
                f"{name} is not a file, a folder or a pipe",
                "name one, or pipe a text in: charrnn train -",
            )
        with path.open("rb"):
            pass
    except OSError as error:
        raise CorpusError(
            f"cannot read {name}: {error.strerror}", "check its permissions"
        ) from error
    return [Source(path, name)]


def _locate(name: str, folder: Path = Path()) -> Path:
    """The path in that folder, or else below data/ in it."""
    for path in (folder / name, folder / "data" / name) if name else ():
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            raise CorpusError(f"cannot read {name!r}: {error}", "check the path") from error
        return path
    raise CorpusError(
        f"there is no corpus {name!r}, neither here nor in data/",
        "name a file, a folder, - for standard input, or shakespeare",
    )


def _folder(folder: Path) -> list[Source]:
    """Every regular file below a folder in sorted order, except hidden files and our own runs."""
    paths = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "checkpoints"]
        paths += [Path(parent, name) for name in files if not name.startswith(".")]
    regular = sorted(path for path in paths if os.path.isfile(path))  # False where unreadable
    if not regular:
        raise CorpusError(f"the folder {folder} holds no files", "name a folder with text files")
    return [Source(path, str(path), skip_unreadable=True) for path in regular]


def _copy_in(folder: Path, number: int) -> Path:
    """Where a copy of what can be read only once goes."""
    return temporary_beside(folder / f"piped-{number}")


def _spool_stdin(copy: Path) -> Source:
    """Copy standard input to a temporary file."""
    if sys.stdin is None or sys.stdin.isatty():
        what = "closed" if sys.stdin is None else "a terminal"
        raise CorpusError(f"standard input is {what}", "pipe a text in: charrnn train - < FILE")
    return _spool(sys.stdin.buffer, "standard input", copy)


def _spool_pipe(path: Path, name: str, copy: Path) -> Source:
    """Copy what is written to a pipe to a temporary file, if there is a process that writes."""
    if sys.platform != "win32":
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # does not wait for a writer
        with open(descriptor, "rb", buffering=0) as pipe:
            select.select([pipe], [], [], _SECONDS_FOR_A_WRITER)
            beginning = pipe.read(1 << 16)  # None: there is a writer, which has not written yet
            if beginning != b"":
                os.set_blocking(descriptor, True)
                return _spool(pipe, name, copy, beginning=beginning or b"")
    raise CorpusError(
        f"the pipe {name} is empty: no program writes to it", "start the one that does first"
    )


def _spool(file: Any, label: str, copy: Path, *, beginning: bytes = b"") -> Source:
    with storage_errors(
        f"cannot copy {label} to {copy.parent}", "make room there", if_forbidden=OTHER_FOLDER
    ):
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("wb") as written:
            written.write(beginning)
            shutil.copyfileobj(file, written, 1 << 20)
    return Source(copy, label, is_spooled=True)
