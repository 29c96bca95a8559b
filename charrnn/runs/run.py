"""The folder of a run: its checkpoints, its metrics, its lock.

checkpoints/
  NAME/
    last.safetensors       where `charrnn resume` goes on
    previous.safetensors   the one before it, in case a disk damages the last
    best.safetensors       the lowest validation loss so far
    metrics.jsonl          every figure, a line each
    launch.json            the launch by torchrun that it belongs to, until it is done
    lock                   held while a process trains the run
    holder                 the process that holds the lock
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charrnn._atomic import alone_at, discard_unfinished, keep_beside, write_atomically
from charrnn.errors import CheckpointError, LockedError, NewerError, storage_errors
from charrnn.runs import checkpoint, history
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.history import Row

LAUNCH = "launch.json"


@dataclass(frozen=True)
class Run:
    """One run; `Root.find` and `Root.create` return it with its name."""

    folder: Path
    _name: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What `charrnn resume` and `charrnn sample` take: its name, or its path."""
        return self._name or str(self.folder)

    @property
    def last(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "last.safetensors"

    @property
    def previous(self) -> Path:
        """The checkpoint that the last one took the place of."""
        return self.folder / "previous.safetensors"

    @property
    def best(self) -> Path:
        """The checkpoint with the lowest validation loss."""
        return self.folder / "best.safetensors"

    @property
    def metrics(self) -> Path:
        """Every figure of the run, a JSON object a line."""
        return self.folder / "metrics.jsonl"

    @property
    def launch(self) -> Path:
        """Which launch of torchrun it is of: see restarts.py."""
        return self.folder / LAUNCH

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    @property
    def _holder(self) -> Path:
        """Beside the lock, which Windows lets nobody else read."""
        return self.folder / "holder"

    @property
    def checkpoints(self) -> list[Path]:
        """Those that are there: last, previous, best."""
        return [path for path in (self.last, self.previous, self.best) if path.exists()]

    def newest_valid(self) -> tuple[Checkpoint, list[CheckpointError]]:
        """Where to go on: the last checkpoint, or if it is damaged the newest of the others; what
        was skipped.
        """
        return self._first_valid(self.last, *sorted((self.previous, self.best), key=_age))

    def best_valid(self) -> tuple[Checkpoint, list[CheckpointError]]:
        """Return the checkpoint to use the model of: the best, or if it is damaged or not there,
        the last or the one before. Training state is left out. Then the errors of those skipped.
        """
        best, skipped = self._first_valid(self.best, self.last, self.previous)
        return best.without_training_state(), skipped

    def _first_valid(self, *paths: Path) -> tuple[Checkpoint, list[CheckpointError]]:
        skipped: list[CheckpointError] = []
        for path in paths:
            if path.exists():
                try:
                    return checkpoint.read(path), skipped
                except NewerError:
                    raise  # it is whole, and further than any other
                except CheckpointError as error:
                    skipped.append(error)
        raise skipped[0] if skipped else no_checkpoint(self)

    def save(self, standing: Checkpoint) -> None:
        """Make this the last checkpoint; one of an earlier step that it replaces stays as
        `previous`, one that is damaged does not. Raises `StorageError`.

        A change of configuration is saved before a step is made by it, so the steps from the
        previous checkpoint to the last were made by the configuration of the previous one.
        """
        with contextlib.suppress(CheckpointError):
            if checkpoint.read_header(self.last).position.step < standing.position.step:
                keep_beside(self.last, self.previous)
        checkpoint.write(self.last, standing)

    def save_best(self, standing: Checkpoint) -> None:
        """Make this the best checkpoint. Raises `StorageError`."""
        checkpoint.write(self.best, standing)

    def has_best(self) -> bool:
        """Whether there is a best checkpoint, or what is left of one."""
        return self.best.exists()

    def tidy(self, step: int) -> None:
        """Before going on after a step: remove what a process that was killed left half done."""
        discard_unfinished(self.folder)
        self.forget_metrics_after(step)

    def set_aside_damaged(self) -> Path:
        """Keep a damaged last checkpoint under a name where nothing will replace it or take it for
        whole. Raises `StorageError`.
        """
        kept = self.last.with_suffix(".damaged")
        with _refused(self.folder), contextlib.suppress(FileNotFoundError):
            os.replace(self.last, kept)
        return kept

    def written_ns(self) -> int:
        """When a checkpoint was last written, in nanoseconds of the system's clock."""
        return max(path.stat().st_mtime_ns for path in self.folder.glob("*.safetensors"))

    def header(self) -> CheckpointHeader:
        """Return the header of the newest checkpoint that has a valid one."""
        errors = []
        for path in self.checkpoints:
            try:
                return checkpoint.read_header(path)
            except CheckpointError as error:
                errors.append(error)
        raise errors[0] if errors else no_checkpoint(self)

    def discard_if_unborn(self) -> None:
        """Remove the folder of a run that could not save even once, so that its name is free."""
        with contextlib.suppress(OSError):
            if not self.checkpoints:
                for leftover in (self._lock, self._holder, self.launch):
                    leftover.unlink(missing_ok=True)
                self.folder.rmdir()

    def best_header(self) -> CheckpointHeader | None:
        """Return the header of the best checkpoint; None before the first validation."""
        try:
            return checkpoint.read_header(self.best)
        except CheckpointError:
            return None

    def best_metrics(self) -> Mapping[str, float]:
        """Return the metrics of the best checkpoint; none before the first validation."""
        best = self.best_header()
        return {} if best is None else best.metrics

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process. Raises `LockedError` naming who holds it.

        The kernel drops the lock with the process, however that ends.
        """
        with contextlib.ExitStack() as held:
            with _refused(self.folder):
                try:
                    held.enter_context(alone_at(self._lock, wait=False))
                except BlockingIOError as error:
                    raise LockedError(
                        f"the run {self.name!r} is being trained by {self._told_holder()}",
                        "wait for it, or end it",
                    ) from error
            with contextlib.suppress(OSError):  # a full disk: the lock itself holds all the same
                holder = f"process {os.getpid()} on {socket.gethostname()}"
                self._holder.write_text(holder, encoding="utf-8")
            yield

    def _told_holder(self) -> str:
        try:
            return self._holder.read_text(encoding="utf-8") or "another process"
        except (OSError, UnicodeDecodeError):
            return "another process"

    def record(self, figures: dict[str, Any]) -> None:
        """Append one line to the metrics."""
        with self.metrics.open("a") as file:
            file.write(json.dumps(figures) + "\n")

    def recorded(self) -> Iterator[dict[str, Any]]:
        """The metrics that can be read, a line at a time, for there may be a great many."""
        if self.metrics.exists():
            with self.metrics.open(errors="replace") as file:
                for line in file:
                    with contextlib.suppress(ValueError, RecursionError):
                        figures = json.loads(line)
                        if isinstance(figures, dict):
                            yield figures

    def history(self) -> list[Row]:
        """Return what was recorded, a row for each line of metrics, in order."""
        return list(history.rows(self.recorded()))

    def forget_metrics_after(self, step: int) -> None:
        """Drop the lines of steps that a resumed run will make again, and one cut short by a
        crash.
        """
        if not self.metrics.exists():
            return
        with _refused(self.folder):
            lines = self.metrics.read_text(errors="replace").splitlines()
            kept = [line for line in lines if _step_of(line) <= step]
            write_atomically(self.metrics, ["".join(line + "\n" for line in kept).encode()])


def _refused(folder: Path) -> AbstractContextManager[None]:
    intact = "what is there is intact"
    return storage_errors(
        f"cannot write in {folder}", intact, if_forbidden=f"make it writable; {intact}"
    )


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _age(path: Path) -> int:
    """Fewer for a checkpoint that has come further."""
    try:
        return -checkpoint.read_header(path).position.step
    except CheckpointError:
        return 0


def no_checkpoint(run: Run) -> CheckpointError:
    """Return the error of a folder without a checkpoint."""
    return CheckpointError(
        f"the run {run.name!r} has no checkpoint yet", "train it, or see: charrnn runs"
    )
