"""What a person names as a corpus → the files to read.

A name is a file, a folder, `-` for standard input, or `shakespeare`. It knows nothing of what is in
the files.
"""

import os
import shutil
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charrnn import shakespeare
from charrnn.errors import CorpusError, UsageError, storage_errors
from charrnn.storage import temporary_beside

STDIN = "-"
SHAKESPEARE = "shakespeare"


@dataclass(frozen=True)
class Source:
    """One file of a corpus and how to read it."""

    path: Path
    label: str  # what messages call it
    skip_unreadable: bool = False  # found in a folder: pass over it if it is not text
    is_play: bool = False  # markdown from the data package
    begin: int = 0  # in bytes: a large file is read in stretches
    end: int | None = None  # None: to the end of the file


def find(names: Sequence[str], *, spool_folder: Path) -> list[Source]:
    """The files behind the names, in order.

    Relative paths are looked for in the working folder, then in `data/`. Standard input is copied
    to a file in `spool_folder` first, for the corpus is read twice; `discard_spooled` removes it.
    Raises `CorpusError` for a name behind which there is nothing to read.
    """
    sources: list[Source] = []
    for name in names:
        if name == STDIN:
            if any(source.label == "standard input" for source in sources):
                raise UsageError("standard input (-) was named twice", "name it once")
            sources.append(_spool_stdin(spool_folder))
        elif name == SHAKESPEARE and not os.path.exists(name):
            plays = shakespeare.play_paths()
            sources += [Source(path, f"shakespeare/{path.name}", is_play=True) for path in plays]
        else:
            sources += _on_disk(name)
    return sources


def require_there(names: Sequence[str]) -> None:
    """Raise `CorpusError` where there is nothing behind a name; nothing is read."""
    for name in names:
        if name not in (STDIN, SHAKESPEARE):
            _locate(name)


def discard_spooled(sources: Sequence[Source]) -> None:
    """Remove the copy of standard input, if there is one."""
    for source in sources:
        if source.label == "standard input":
            source.path.unlink(missing_ok=True)


def _on_disk(name: str) -> list[Source]:
    """The source behind a path: itself if a file, every visible file below it if a folder."""
    path = _locate(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _folder(path)
        if not stat.S_ISREG(mode):
            raise CorpusError(
                f"{name} is not a regular file or folder",
                f"to read from a pipe type: charrnn train - < {name}",
            )
        with path.open("rb"):
            pass
    except OSError as error:
        raise CorpusError(
            f"cannot read {name}: {error.strerror}", "check its permissions"
        ) from error
    return [Source(path, name)]


def _locate(name: str) -> Path:
    """The path as given, or the one of that name under data/."""
    for path in (Path(name), Path("data") / name) if name else ():
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
    """Every regular file below a folder in sorted order; not what is hidden, nor our own runs."""
    paths = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "checkpoints"]
        paths += [Path(parent, name) for name in files if not name.startswith(".")]
    regular = sorted(path for path in paths if os.path.isfile(path))  # False where unreadable
    if not regular:
        raise CorpusError(f"the folder {folder} holds no files", "name a folder with text files")
    return [Source(path, str(path), skip_unreadable=True) for path in regular]


def _spool_stdin(folder: Path) -> Source:
    """Copy standard input to a temporary file."""
    if sys.stdin is None or sys.stdin.isatty():
        raise CorpusError("standard input is a terminal", "pipe a text in: charrnn train - < FILE")
    with storage_errors(f"cannot copy standard input to {folder}", "make room there"):
        folder.mkdir(parents=True, exist_ok=True)
        path = temporary_beside(folder / "stdin")
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
    return Source(path, "standard input")
