"""The folder of all runs: create a run, find one, list them.

Callers name the folder; nothing here depends on the working folder or the environment.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeGuard

from charrnn._atomic import discard_unfinished, making_folder, rename_folder
from charrnn._text import in_a_shell
from charrnn.errors import CheckpointError, UsageError, storage_errors
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import SUFFIX, Checkpoint
from charrnn.runs.run import Run, no_checkpoint
from charrnn.runs.schemas import SCHEMAS

_NAME = re.compile(r"\w[\w.+-]*")
_MAX_BYTES = 150  # of a name: that of a temporary folder beside it is longer


@dataclass(frozen=True)
class Root:
    """The folder of all runs, and other such folders, in which a run is looked for afterwards."""

    folder: Path
    others: tuple[Path, ...] = ()
    hint: str = ""  # how a person names another folder; ends an error about a missing run

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders, in the order in which a run is looked for."""
        return (self.folder, *self.others)

    @property
    def for_new_runs(self) -> Path:
        """The first of the folders that exists; if none does, the last."""
        return next((folder for folder in self.folders if folder.is_dir()), self.folders[-1])

    def create(self, name: str | None, *, default: str) -> Run:
        """Create a run with a folder of its own; an existing run is never touched.

        Without a name it takes the default, with a number if that is in use. Raises `UsageError`
        for a name that is in use or not valid, `StorageError` where the folder cannot be made.
        """
        self.require_free(name)
        folder = self.for_new_runs
        candidates = [name] if name else list(_numbered(default))
        with storage_errors(f"cannot make the folder {folder}", "check the folder you are in"):
            folder.mkdir(parents=True, exist_ok=True)
            for candidate in candidates:
                try:
                    (folder / candidate).mkdir()  # two launches never share a run: it must be new
                    return self._run(folder / candidate)
                except FileExistsError:
                    continue
        raise _in_use(folder / candidates[0])

    def create_with(self, best: Checkpoint, name: str) -> Run:
        """Create a run whose one checkpoint is `best`, whole or not at all; raises as `create`."""
        self.require_free(name)
        folder = self.for_new_runs
        with storage_errors(f"cannot make a run in {folder}", "check the folder you are in"):
            folder.mkdir(parents=True, exist_ok=True)
            discard_unfinished(folder)
            with _taking(folder / name), making_folder(folder / name) as unfinished:
                Run(unfinished).save_best(best)
        return self._run(folder / name)

    def rename(self, run: Run, name: str) -> Run:
        """Give a run another name, in the folder that it is in; return it.

        Raises `UsageError` for a name that is in use or not valid, `LockedError` while the run is
        trained, `StorageError` where the disk refuses.
        """
        _require_valid(name)
        folder = run.folder.parent / name
        for taken in (folder, self._folder_of(name)):
            if taken is not None and os.path.lexists(taken):
                raise _in_use(taken)
        refused = storage_errors(
            f"cannot rename {run.folder}", "close what uses it, or check its permissions"
        )
        with run.at_rest(), refused, _taking(folder):
            rename_folder(run.folder, folder)
        return self._run(folder)

    def require_free(self, name: str | None) -> None:
        """Raise `UsageError` if a new run cannot have that name; None asks for any name."""
        if name is None:
            return
        _require_valid(name)
        if os.path.lexists(folder := self.for_new_runs / name):
            raise _in_use(folder)

    def find(self, name: str | None, *, tasks: Sequence[str] = ()) -> Run:
        """Return the run of that name, the run in that folder, or (None) the newest; with tasks,
        the newest that learned one of them. A named run may have learned another.

        Raises `CheckpointError` where there is none.
        """
        if name is None:
            return self._newest(tasks)
        path = Path(name)
        if path.name in ("", ".."):  # the working folder, or one above: its name is not typed
            path = path.resolve()
        for folder in (*(folder / path for folder in self.folders), path) if name else ():
            run = self._run(folder)
            if run.checkpoints:
                return run
            if os.path.isdir(folder):
                raise no_checkpoint(run)
        raise self._not_found(name)

    def best_checkpoint(
        self, name: str | None, *, tasks: Sequence[str] = ()
    ) -> tuple[Checkpoint, list[CheckpointError]]:
        """Return the checkpoint of a run to use the model of (see `Run.best_valid`), or the one in
        a file; None and tasks are those of `find`. Then the errors of damaged checkpoints that
        were skipped.
        """
        if self._is_file(name):
            return checkpoint.read(Path(name)).without_training_state(), []
        return self.find(name, tasks=tasks).best_valid()

    def require_there(self, name: str) -> None:
        """Raise `CheckpointError` if `best_checkpoint` would find nothing of that name."""
        if not self._is_file(name):
            self.find(name)

    def has(self, name: str) -> bool:
        """Whether there is a run of that name."""
        folder = self._folder_of(name) if _NAME.fullmatch(name) else None
        return folder is not None and bool(Run(folder).checkpoints)

    def runs(self) -> list[Run]:
        """Return all runs that have a checkpoint, the one most recently trained first: those of
        the first folder that has any.
        """
        return next(filter(None, map(self._runs_in, self.folders)), [])

    def no_run(self, tasks: Sequence[str] = ()) -> CheckpointError:
        """Return the error for a root without any run, or without one of some tasks."""
        schemas = [SCHEMAS[task] for task in tasks]
        flags = [schema.train_flag for schema in schemas if schema.flag]
        flag = f" FILE {' or '.join(flags)}" if flags else ""
        what = f" of {' or '.join(schema.learned for schema in schemas)}" if schemas else ""
        hint = self._with_hint(f"type: charrnn train{flag}")
        return CheckpointError(f"there is no run{what} in {self._searched()} yet", hint)

    def _not_found(self, name: str) -> CheckpointError:
        """Return the error for a name that no run has."""
        if self._is_file(name) and name.endswith(SUFFIX):
            hint = f"make a run of it: charrnn copy {in_a_shell(name)} NAME"
            return CheckpointError(f"{name} is a checkpoint file, not a run", hint)
        names = ", ".join(run.name for run in self.runs()[:5])
        hint = f"there are: {names}" if names else self._with_hint("there are none yet")
        return CheckpointError(f"there is no run {name!r} in {self._searched()}", hint)

    def _newest(self, tasks: Sequence[str]) -> Run:
        """Return the newest run, of one of the tasks if there are any. One that cannot be read
        counts as of any task, so that its damage is told.
        """
        for run in chain.from_iterable(map(self._runs_in, self.folders)):
            if not tasks or _task_of(run) in (*tasks, None):
                return run
        raise self.no_run(tasks if self.runs() else ())

    def _runs_in(self, folder: Path) -> list[Run]:
        """Return the runs in a folder that have a checkpoint, the newest first."""
        runs = [
            self._run(each)
            for each in (folder.iterdir() if folder.is_dir() else ())
            if not each.name.startswith(".") and any(each.glob(f"*{SUFFIX}"))
        ]
        return sorted(runs, key=Run.last_saved_ns, reverse=True)

    def _searched(self) -> str:
        return " or ".join(str(folder.absolute()) for folder in self.folders)

    def _with_hint(self, words: str) -> str:
        return f"{words}; {self.hint}" if self.hint else words

    def _run(self, folder: Path) -> Run:
        """Return the run in a folder; its name is its path where the name means another run."""
        has_name = folder.parent in self.folders
        has_name = has_name and self._folder_of(folder.name) in (None, folder)
        return Run(folder, folder.name if has_name else str(folder))

    def _folder_of(self, name: str) -> Path | None:
        folders = (root / name for root in self.folders)
        return next(filter(os.path.isdir, folders), None)  # False, too, for what is too long a name

    def _is_file(self, name: str | None) -> TypeGuard[str]:
        """Whether a checkpoint file is meant, rather than a run."""
        return name is not None and self._folder_of(name) is None and os.path.isfile(name)


def _task_of(run: Run) -> str | None:
    """Return the task that a run learned; None if no checkpoint of it can be read."""
    try:
        return run.newest_header().task
    except CheckpointError:
        return None


def _require_valid(name: str) -> None:
    invalid = f"{name!r} is not a valid name of a run"
    if not _NAME.fullmatch(name):
        raise UsageError(invalid, "use letters, digits, - _ . +")
    if name.endswith(SUFFIX):
        raise UsageError(invalid, f"{SUFFIX} ends the name of a checkpoint file")
    if len(name.encode()) > _MAX_BYTES:
        raise UsageError(f"{name[:20]!r}… is too long a name", f"use at most {_MAX_BYTES} bytes")


def _numbered(default: str) -> Iterator[str]:
    """Yield names made from a default: "poems", "poems-2", …"""
    stem = re.sub(r"[^\w.+-]+", "-", default)
    stem = _shortened(stem.removesuffix(SUFFIX)).strip("-.") or "run"
    yield stem
    yield from (f"{stem}-{number}" for number in range(2, 10_000))


def _shortened(name: str) -> str:
    """Return as much of a name as leaves room for a number behind it."""
    return name.encode()[: _MAX_BYTES - 10].decode(errors="ignore")


def _in_use(folder: Path) -> UsageError:
    """Return the error for a new run whose folder is there already, whatever is in it."""
    if not Run(folder).checkpoints:
        return UsageError(f"{folder} is there already", "choose another name")
    name = folder.name
    return UsageError(
        f"there is a run {name!r} already",
        f"choose another name, or type: charrnn resume {in_a_shell(name)}",
    )


@contextmanager
def _taking(folder: Path) -> Iterator[None]:
    """Raise `UsageError` where another process has made that folder meanwhile."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise _in_use(folder) from error
        raise
