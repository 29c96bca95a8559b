"""Claims on files of the cache: a process needs them that has not saved a run yet.

`charrnn remove` takes the files that no run needs any more. A process that starts a run finds them,
reads them, and saves the run afterwards; in between its claim keeps them. Files are removed while
no claim can be added, so a process finds either all of them or none.

    .claim-0.json.MACHINE.PID.tmp    which files, by what they were made of; goes with the process
    claims.lock                      held while a claim is added, and while files are removed
"""

import contextlib
import itertools
import json
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charrnn._atomic import alone_at, discard_unfinished, temporary_beside
from charrnn.data.encoding import cache_files
from charrnn.data.encoding.cache_files import Listing

_LOCK = "claims.lock"
_numbers = itertools.count()  # of the claims of this process


class Claim:
    """Keeps the files about a corpus until it is released, or the process ends."""

    def __init__(self, stem: Path, sha256: str, files_sha256: str = "") -> None:
        """Take what `Listing.files_of` takes. Raises `StorageError`."""
        cache = stem.parent
        path = temporary_beside(cache / f"claim-{next(_numbers)}.json")
        with cache_files.writable(cache), alone_at(cache / _LOCK):
            path.write_text(json.dumps([stem.name, sha256, files_sha256]))
        self._end = weakref.finalize(self, _remove, path)

    def release(self) -> None:
        """Give the files up: a run on the disk needs them now, or nobody does."""
        self._end()


@contextmanager
def claimed(cache: Path) -> Iterator[set[Path]]:
    """Give the files of a cache that are claimed; while this is entered, no claim is added.

    Claims of processes that were killed do not count, but for those of other machines. Raises
    OSError where the disk refuses.
    """
    if not cache.is_dir():
        yield set()
        return
    with alone_at(cache / _LOCK):
        discard_unfinished(cache)
        listing = Listing(cache)
        yield set().union(*(_files_of(path, listing) for path in cache.glob(".claim-*.tmp")))


def _files_of(claim: Path, listing: Listing) -> set[Path]:
    """Return the files of a claim; all if it cannot be read, none if it is released just now."""
    try:
        stem, sha256, files_sha256 = json.loads(claim.read_text())
        return listing.files_of(Path(stem), sha256, files_sha256)
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, TypeError):
        return set(claim.parent.iterdir())


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
