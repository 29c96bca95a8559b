"""A run's folder: its checkpoints, its metrics, its lock; and how a run is found.

checkpoints/
  NAME/
    last.safetensors   where `charrnn resume` goes on
    best.safetensors   the lowest validation loss so far
    metrics.jsonl      every figure, a line each
    lock               held while a process trains the run
"""

import contextlib
import fcntl
import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrnn import checkpoint
from charrnn.checkpoint import Checkpoint, Progress
from charrnn.errors import CheckpointError, LockedError, StorageError, UsageError
from charrnn.storage import write_atomically

ROOT = Path("checkpoints")
CORPUS_CACHE = ROOT / ".corpora"
_NAME = re.compile(r"\w[\w.+-]*")


@dataclass(frozen=True)
class Run:
    """One folder under checkpoints/."""

    folder: Path

    @property
    def name(self) -> str:
        """What `charrnn resume` and `charrnn sample` take."""
        return self.folder.name if self.folder.parent == ROOT else str(self.folder)

    @property
    def last(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "last.safetensors"

    @property
    def best(self) -> Path:
        """The checkpoint with the lowest validation loss."""
        return self.folder / "best.safetensors"

    @property
    def metrics(self) -> Path:
        """Every figure of the run, a JSON object a line."""
        return self.folder / "metrics.jsonl"

    def newest_valid(self) -> tuple[Checkpoint, list[CheckpointError]]:
        """The last checkpoint or, where it is damaged, the best; and what was wrong with those
        skipped.
        """
        skipped: list[CheckpointError] = []
        for path in (self.last, self.best):
            if path.exists():
                try:
                    return checkpoint.read(path), skipped
                except CheckpointError as error:
                    skipped.append(error)
        raise skipped[0] if skipped else _no_checkpoint(self)

    def to_speak(self) -> Path:
        """The checkpoint to sample from: the best, or the last where nothing was validated yet."""
        for path in (self.best, self.last):
            if path.exists():
                return path
        raise _no_checkpoint(self)

    def best_progress(self) -> Progress:
        """Step and losses of the best checkpoint; none of it where nothing was validated yet."""
        return checkpoint.read_header(self.best).progress if self.best.exists() else Progress()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process. Raises `LockedError` naming who holds it.

        The kernel drops the lock with the process, however that ends.
        """
        with _refused(self.folder):
            lock = (self.folder / "lock").open("a+")
        with lock as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                holder = file.read().strip() or "another process"
                raise LockedError(
                    f"the run {self.name!r} is being trained by {holder}", "wait for it, or end it"
                ) from error
            with contextlib.suppress(OSError):  # a full disk: the lock itself holds all the same
                file.truncate(0)
                file.write(f"process {os.getpid()} on {socket.gethostname()}")
                file.flush()
            yield

    def record(self, figures: dict[str, Any]) -> None:
        """Append one line to the metrics."""
        with self.metrics.open("a") as file:
            file.write(json.dumps(figures) + "\n")

    def forget_metrics_after(self, step: int) -> None:
        """Drop the lines of steps that a resumed run will make again, and one cut short by a
        crash.
        """
        if not self.metrics.exists():
            return
        kept = [line for line in self.metrics.read_text().splitlines() if _step_of(line) <= step]
        with _refused(self.folder):
            write_atomically(self.metrics, [line.encode() + b"\n" for line in kept])


@contextmanager
def _refused(folder: Path) -> Iterator[None]:
    """Whatever the disk refuses becomes a `StorageError`."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write in {folder}: {error.strerror}", "what is there is intact"
        ) from error


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _no_checkpoint(run: Run) -> CheckpointError:
    return CheckpointError(
        f"the run {run.name!r} has no checkpoint yet", "train it, or see: charrnn runs"
    )


def create(name: str | None, *, default: str) -> Run:
    """A new run; an existing one is never touched.

    Without a name it takes the default, numbered when that is taken. Raises `UsageError` for a
    name that is taken or cannot be one, `StorageError` where the folder cannot be made.
    """
    require_free(name)
    stem = re.sub(r"[^\w.+-]+", "-", default).strip("-.") or "run"
    candidates = [name] if name else [stem, *(f"{stem}-{n}" for n in range(2, 10_000))]
    try:
        ROOT.mkdir(exist_ok=True)
        for candidate in candidates:
            try:
                (ROOT / candidate).mkdir()  # fails if it is there: two launches never share a run
                return Run(ROOT / candidate)
            except FileExistsError:
                continue
    except OSError as error:
        raise StorageError(f"cannot make the folder {ROOT}: {error.strerror}") from error
    raise _taken(candidates[0])


def require_free(name: str | None) -> None:
    """Raise `UsageError` where a new run cannot have that name; None asks for any."""
    if name is None:
        return
    if not _NAME.fullmatch(name):
        raise UsageError(f"--run {name!r} cannot name a run", "use letters, digits, - _ . +")
    if (ROOT / name).exists():
        raise _taken(name)


def _taken(name: str) -> UsageError:
    return UsageError(f"--run {name} is taken", f"type: charrnn resume {name}, or another name")


def find(name: str | None) -> Run:
    """The run of that name, the run in that folder, or the newest. Raises `CheckpointError`."""
    if name is None:
        found = everything()
        if not found:
            raise CheckpointError("there is no run in checkpoints/ yet", "type: charrnn train")
        return found[0]
    for folder in (ROOT / name, Path(name)):
        if folder.is_dir():
            return Run(folder)
    known = ", ".join(run.name for run in everything()[:5]) or "none yet"
    raise CheckpointError(f"there is no run {name!r}", f"there are: {known}")


def find_to_speak(name: str | None) -> Path:
    """The checkpoint file meant by a run's name, a folder or a file's own path."""
    if name is not None and not (ROOT / name).is_dir() and Path(name).is_file():
        return Path(name)
    return find(name).to_speak()


def everything() -> list[Run]:
    """All runs that have a checkpoint, the one most recently trained first."""
    if not ROOT.is_dir():
        return []
    times = {}
    for folder in ROOT.iterdir():
        written = [path.stat().st_mtime_ns for path in folder.glob("*.safetensors")]
        if written and not folder.name.startswith("."):
            times[Run(folder)] = max(written)
    return sorted(times, key=lambda run: -times[run])
