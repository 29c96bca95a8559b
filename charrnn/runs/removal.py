"""Remove runs, and the encoded corpora that no other run needs.

A corpus is encoded once for all runs of a folder (data/encoding/cache_files.py). It goes with the
last run that learned it, unless a process is about to start a run with it
(data/encoding/claims.py); where a run of the folder cannot be read, every corpus stays.
"""

import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from charrnn._atomic import discard_unfinished, remove_folder
from charrnn._text import some
from charrnn.data.corpus import CACHE
from charrnn.data.encoding import cache_files, claims
from charrnn.data.encoding.cache_files import Listing
from charrnn.data.pairs import encoded
from charrnn.errors import CheckpointError, UsageError, storage_errors
from charrnn.runs.checkpoint import SUFFIX
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.root import Root
from charrnn.runs.run import Run


@dataclass(frozen=True)
class Removal:
    """Some runs, and the files of encoded corpora that are of no use without them."""

    runs: tuple[Run, ...]
    corpora: frozenset[Path]

    def num_bytes(self) -> int:
        """Return how much of the disk comes back."""
        return sum(run.num_bytes() for run in self.runs) + self.num_bytes_of_corpora()

    def num_bytes_of_corpora(self) -> int:
        """Return how much of that is encoded corpora."""
        return sum(path.stat().st_size for path in self.corpora if path.exists())

    def students(self) -> list[Run]:
        """Return the unfinished runs in the same folders that stay, and lose a teacher."""
        gone = {run.folder.resolve() for run in self.runs}
        beside = (Root(folder).runs() for folder in {run.folder.parent for run in self.runs})
        staying = (run for run in chain(*beside) if run.folder.resolve() not in gone)
        return [run for run in staying if not gone.isdisjoint(_needed_teachers(run))]

    def carry_out(self) -> None:
        """Remove all of it, but for corpora that a run has come to need since this was planned. At
        any moment a run is there whole, or gone.

        Raises `LockedError` for a run that is trained meanwhile, `StorageError` where the disk
        refuses; the runs before it are gone then, and those after it are not.
        """
        for run in self.runs:
            discard_unfinished(run.folder.parent)
            cannot = f"cannot remove {run.folder}"
            with run.at_rest(), storage_errors(cannot, "check its permissions"):
                remove_folder(run.folder)
        for folder in {run.folder.parent for run in self.runs}:
            self._remove_corpora_of(folder)

    def _remove_corpora_of(self, folder: Path) -> None:
        """Remove those that neither a run needs now, nor a process that is starting one."""
        cache = folder / CACHE
        with contextlib.suppress(OSError), claims.claimed(cache) as claimed:
            needed = _needed_in(folder) | claimed  # in this order a run is in one of them
            for path in self.corpora - needed:
                if path.parent == cache:
                    with contextlib.suppress(OSError):  # Windows keeps what a process has mapped
                        os.unlink(path)


def planned(runs: Sequence[Run]) -> Removal:
    """Return what goes with some runs; nothing is removed yet.

    Raises `LockedError` for a run that is being trained, `UsageError` for a folder that is not a
    run's alone.
    """
    distinct = {run.folder.resolve(): run for run in runs}
    for run in distinct.values():
        _require_nothing_else_in(run)
        with run.at_rest():
            pass
    folders = {run.folder.parent for run in distinct.values()}
    corpora = (_unneeded_in(folder, distinct.keys()) for folder in folders)
    return Removal(tuple(distinct.values()), frozenset().union(*corpora))


def _needed_teachers(run: Run) -> set[Path]:
    """Return the folders of the teachers without which a run cannot be resumed. One that cannot be
    read cannot be resumed either, and needs none.
    """
    try:
        header = run.newest_header()
    except CheckpointError:
        return set()
    if header.speaks_only or header.position.step >= header.train.steps:
        return set()
    paths = [(run.folder.parent / name).resolve() for name in header.train.teachers]
    return {path.parent if path.suffix == SUFFIX else path for path in paths}


def _require_nothing_else_in(run: Run) -> None:
    if run.folder.is_symlink():
        raise UsageError(f"{run.folder} is a link to another folder", "remove that one by its path")
    if others := run.foreign_files():
        raise UsageError(
            f"{run.folder} holds what is no part of a run: {some(others)}", "move it elsewhere"
        )


def _unneeded_in(folder: Path, removed: Iterable[Path]) -> set[Path]:
    """Return the files of a folder's cache that only the removed runs need, and no process that is
    starting one.
    """
    files = _files_by_run(folder)
    if files is None:
        return set()
    going = [files.pop(run) for run in removed if run in files]
    with contextlib.suppress(OSError), claims.claimed(folder / CACHE) as claimed:
        return set().union(*going).difference(*files.values()) - claimed
    return set()  # what cannot be locked cannot be removed either


def _needed_in(folder: Path) -> set[Path]:
    """Return the files of a folder's cache that a run needs; all where one cannot be read."""
    files = _files_by_run(folder)
    return set((folder / CACHE).glob("*")) if files is None else set().union(*files.values())


def _files_by_run(folder: Path) -> dict[Path, set[Path]] | None:
    """Return the files of a folder's cache that each of its runs needs; None where one cannot be
    read.
    """
    cache = folder / CACHE
    listing = Listing(cache)
    try:
        return {
            run.folder.resolve(): _files_of(run.newest_header(), listing, cache)
            for run in Root(folder).runs()
        }
    except CheckpointError:
        return None


def _files_of(header: CheckpointHeader, listing: Listing, cache: Path) -> set[Path]:
    """Return the files of a cache that a run reads."""
    (facts,) = header.corpora.values()
    if facts.is_left_out:
        return set()
    if "pairs" in header.corpora:
        return listing.files_of(encoded.stem_of(facts.sha256, header.vocabs, cache), facts.sha256)
    stem = cache_files.stem(facts.sha256, header.vocab.to_json(), cache)
    return listing.files_of(stem, facts.sha256, facts.files_sha256)
