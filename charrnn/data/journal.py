"""What is finished of a long work, kept so that it survives a kill.

Each entry is a line with its own digest: one that was cut short or damaged is as if it had not been
written.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from charrnn._atomic import alone_at, discard_unfinished
from charrnn.errors import OTHER_FOLDER, CorpusError, UsageError, storage_errors


class Journal:
    """A file of results by number; each is a value that JSON knows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[int, tuple[int, int]] = {}  # where in the file the entries are
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            place = 0
            for line in file:
                digest, _, entry = line.rstrip(b"\n").partition(b" ")
                if digest == _digest(entry):
                    self._places[json.loads(entry)[0]] = place, len(line)
                place += len(line)

    def __contains__(self, number: int) -> bool:
        """Whether an earlier process added that result."""
        return number in self._places

    def __getitem__(self, number: int) -> Any:
        """The result. Raises KeyError where there is none."""
        place, num_bytes = self._places[number]
        with self._path.open("rb") as file:
            file.seek(place)
            return json.loads(file.read(num_bytes).partition(b" ")[2])[1]

    def get(self, number: int) -> Any:
        """The result; None where there is none."""
        return self[number] if number in self._places else None

    def add(self, number: int, value: Any) -> None:
        """Keep a result. Raises OSError where the disk refuses."""
        entry = json.dumps([number, value]).encode()
        with self._path.open("ab", buffering=0) as file:
            # A line begins with its newline, so that one cut short spoils no other.
            file.write(b"\n" + _digest(entry) + b" " + entry)


def _digest(entry: bytes) -> bytes:
    return hashlib.sha256(entry).hexdigest()[:16].encode()


@contextmanager
def resumable(path: Path, *partial: Path) -> Iterator[Journal]:
    """The journal of a work that goes on where it was killed, and begins anew after an error.
    While one process is at it, others that want the same wait.
    """
    with writable(path.parent):
        discard_unfinished(path.parent)
        with alone_at(path.with_suffix(".lock")):
            try:
                yield Journal(path)
            except (CorpusError, UsageError, OSError):
                _remove(path, *partial)
                raise
            _remove(path, *partial)


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


@contextmanager
def writable(cache: Path) -> Iterator[None]:
    """Turns what the disk refuses into an error with a remedy."""
    with storage_errors(
        f"cannot write the encoded corpus to {cache}",
        "make room there",
        if_forbidden=OTHER_FOLDER,
    ):
        cache.mkdir(parents=True, exist_ok=True)
        yield
