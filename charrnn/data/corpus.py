"""The corpus of a run: what identifies it, and in which folders it and its encoded copy are.

FOLDER/                     a corpus is looked for here first, then where the program runs
  checkpoints/
    .corpora/               the cache: encoded copies of corpora, and indexes of them
    NAME/best.safetensors
"""

import contextlib
import dataclasses
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from charrnn.config import DataConfig
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError, storage_errors

CACHE = ".corpora"
NAMES_IN_A_RUN = ("last.safetensors", "previous.safetensors", "best.safetensors")
THE_RUN = "use the run that it is a copy of"  # a hint, where no other text will do
LEFT_OUT, NO_SHA256 = "(left out)", "0" * 64  # name and digest of a corpus that was left out


class Facts(Protocol):
    """What a checkpoint keeps of a corpus, whatever that is made of."""

    @property
    def is_left_out(self) -> bool:
        """Whether name and digest of the corpus were left out, as in a copy to hand over."""


def require_told(facts: Facts, *, hint: str = f"name a file, or {THE_RUN}") -> None:
    """Raise `CorpusError` if the facts about the corpus were left out of a checkpoint."""
    if facts.is_left_out:
        raise CorpusError("what this model learned was left out when it was copied", hint)


@dataclass(frozen=True)
class CorpusFacts:
    """What a run learns from: enough to find it again and to know whether it is the same."""

    names: tuple[str, ...]  # as typed
    sha256: str
    num_chars: int  # validation text included
    val_names: tuple[str, ...] = ()  # names of a separate validation text
    files_sha256: str = ""  # digest of where the files begin; "" before format 6, which ignored it

    @property
    def is_left_out(self) -> bool:
        """Whether name and digest of the corpus were left out, as in a copy to hand over."""
        return self.sha256 == NO_SHA256 and self.num_chars == 0

    def left_out(self) -> "CorpusFacts":
        """Return facts with the name, the digest and the size of the corpus left out."""
        return CorpusFacts((LEFT_OUT,), NO_SHA256, 0)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> "CorpusFacts":
        """Return the facts with these values. Raises ValueError or TypeError if not valid."""
        facts = cls(**values | {name: tuple(values[name]) for name in ("names", "val_names")})
        texts = (*facts.names, *facts.val_names, facts.sha256, facts.files_sha256)
        if not facts.names or not all(isinstance(text, str) for text in texts):
            raise TypeError("its corpus has no name")
        if not re.fullmatch("[0-9a-f]{64}", facts.sha256) or type(facts.num_chars) is not int:
            raise ValueError("its corpus has no SHA-256 or no length")
        return facts


@dataclass(frozen=True)
class CorpusReference:
    """A corpus that a run has read: how to read, encode and split it again."""

    facts: CorpusFacts
    vocab: Vocab
    config: DataConfig
    seed: int  # decides the order of records
    path: Path | None = None  # of the run's checkpoint; None: a run in ./checkpoints


@dataclass(frozen=True)
class Folders:
    """Where a run's corpus is looked for, and where copies and indexes of it are kept."""

    cache: Path
    search: tuple[Path, ...] = (Path(),)


@contextmanager
def folders_of(path: Path | None) -> Iterator[Folders]:
    """The folders of the run that has this checkpoint, for reading its corpus.

    Where the cache cannot be written, or the checkpoint is not in a run's folder, a temporary
    folder takes the cache's place: all that is in the cache can be read there, and new files in it
    are lost at the end.
    """
    path = Path("checkpoints/run/last.safetensors") if path is None else path
    root = path.parent.parent
    if not path.is_absolute() and (len(path.parts) < 3 or ".." in path.parts):
        root = Path(os.path.abspath(path)).parent.parent
    cache = root / CACHE
    is_same = os.path.realpath(root.parent) == os.path.realpath(".")
    search = (root.parent,) if is_same else (root.parent, Path())
    if (path.name in NAMES_IN_A_RUN or cache.is_dir()) and _is_writable(cache):
        yield Folders(cache, search)
        return
    with temporary_folder() as folder:
        for file in cache.glob("*") if cache.is_dir() else ():
            with contextlib.suppress(OSError):  # without the link, the file is made again
                (folder / file.name).symlink_to(os.path.abspath(file))
        yield Folders(folder, search)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that is gone at the end. Raises `StorageError`."""
    import tempfile  # here, for checkpoints are read by commands that need no corpus

    with storage_errors("cannot make a temporary folder", "make room, or set TMPDIR"):
        made = tempfile.TemporaryDirectory(prefix="charrnn-", ignore_cleanup_errors=True)
    with made as folder:
        yield Path(folder)


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it does not exist."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
