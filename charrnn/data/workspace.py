"""Where a run is at home: the folders in which the names of its corpus are looked for, and the
cache of what was made of it.

    FOLDER/                     the names are looked for here first, then where the program stands
      checkpoints/
        .corpora/               encoded copies of texts, and what else takes time to make
        NAME/best.safetensors
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from charrnn.errors import storage_errors

CACHE = ".corpora"
_OF_RUNS = ("last.safetensors", "previous.safetensors", "best.safetensors")


@dataclass(frozen=True)
class Home:
    """Where a corpus is looked for, and where what is made of it is kept."""

    cache: Path
    folders: tuple[Path, ...] = (Path(),)


@contextmanager
def of(checkpoint: Path | None) -> Iterator[Home]:
    """The home of the run that a checkpoint is of, for reading.

    Where nothing may be written, or the checkpoint lies alone, what is made is lost again: it is
    kept in a temporary folder, in which all that the cache has can be read.
    """
    path = Path("checkpoints/run/last.safetensors") if checkpoint is None else checkpoint
    root = path.parent.parent
    if not path.is_absolute() and (len(path.parts) < 3 or ".." in path.parts):
        root = Path(os.path.abspath(path)).parent.parent
    cache = root / CACHE
    is_same = os.path.realpath(root.parent) == os.path.realpath(".")
    folders = (root.parent,) if is_same else (root.parent, Path())
    if (path.name in _OF_RUNS or cache.is_dir()) and _may_write(cache):
        yield Home(cache, folders)
        return
    with _temporary() as folder:
        for made in cache.glob("*") if cache.is_dir() else ():
            with contextlib.suppress(OSError):  # without it, it is made again
                (folder / made.name).symlink_to(os.path.abspath(made))
        yield Home(folder, folders)


@contextmanager
def _temporary() -> Iterator[Path]:
    with storage_errors("cannot make a temporary folder", "make room, or set TMPDIR"):
        held = tempfile.TemporaryDirectory(prefix="charrnn-", ignore_cleanup_errors=True)
    with held as folder:
        yield Path(folder)


def _may_write(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made itself where it is not there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
