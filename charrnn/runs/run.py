"""The folder of a run: its checkpoints, its metrics, its lock.

checkpoints/
  NAME/
    last.safetensors       where `charrnn resume` goes on
    previous.safetensors   the one before it, in case a disk damages the last
    best.safetensors       the best so far on the validation split
    metrics.jsonl          every figure, a line each
    launch.json            the launch by torchrun that it belongs to, until it is done
    last.damaged           a damaged last checkpoint that was set aside
    tensorboard/           what TensorBoard shows
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
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from charrnn._atomic import (
    alone_at,
    discard_unfinished,
    is_temporary,
    keep_beside,
    write_atomically,
)
from charrnn.errors import CheckpointError, LockedError, NewerError, storage_errors
from charrnn.runs import checkpoint, history
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.history import Row

LAUNCH = "launch.json"
TENSORBOARD = "tensorboard"
DAMAGED = "last.damaged"


@dataclass(frozen=True)
class Run:
    """A run. `Root.find` and `Root.create` return it with its name."""

    folder: Path
    _name: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What commands take for it: its name, or its path where the name means another run."""
        return self._name or str(self.folder)

    @property
    def last(self) -> Path:
        """Path of the newest checkpoint."""
        return self.folder / "last.safetensors"

    @property
    def previous(self) -> Path:
        """Path of the checkpoint that the last one replaced."""
        return self.folder / "previous.safetensors"

    @property
    def best(self) -> Path:
        """Path of the checkpoint that was best on the validation split."""
        return self.folder / "best.safetensors"

    @property
    def metrics(self) -> Path:
        """Path of the metrics, a JSON object a line."""
        return self.folder / "metrics.jsonl"

    @property
    def launch(self) -> Path:
        """Path of the note about the launch that created it: see restarts.py."""
        return self.folder / LAUNCH

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    @property
    def _holder(self) -> Path:
        """A file beside the lock, because Windows lets no other process read that one."""
        return self.folder / "holder"

    @property
    def checkpoints(self) -> list[Path]:
        """The paths that exist: last, previous, best."""
        return list(filter(os.path.exists, (self.last, self.previous, self.best)))

    def newest_valid(self) -> tuple[Checkpoint, list[CheckpointError]]:
        """Return the checkpoint to resume from: the last, or if it is damaged the newest of the
        others. Then the errors of those that were skipped.

        Raises `CheckpointError` if none is valid.
        """
        others = sorted((self.previous, self.best), key=_step_in, reverse=True)
        return self._first_valid(self.last, *others)

    def best_valid(self) -> tuple[Checkpoint, list[CheckpointError]]:
        """Return the checkpoint to use the model of, without training state: the best, or if that
        is damaged or missing, the last or the previous one. Then the errors of those that were
        skipped. Raises `CheckpointError` if none is valid.
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
                    raise  # it is intact, and has come further than any other
                except CheckpointError as error:
                    skipped.append(error)
        raise skipped[0] if skipped else no_checkpoint(self)

    def save(self, newest: Checkpoint) -> None:
        """Write the last checkpoint. The one that it replaces becomes `previous`, unless it is
        damaged or of the same step. Raises `StorageError`.

        A change of configuration is saved before a step is made with it. So the steps from the
        previous checkpoint to the last were made with the configuration of the previous one.
        """
        with contextlib.suppress(CheckpointError):
            if checkpoint.read_header(self.last).position.step < newest.position.step:
                keep_beside(self.last, self.previous)
        checkpoint.write(self.last, newest)

    def save_best(self, best: Checkpoint) -> None:
        """Write the best checkpoint. Raises `StorageError`."""
        checkpoint.write(self.best, best)

    def has_best(self) -> bool:
        """Whether there is a best checkpoint, even a damaged one."""
        return self.best.exists()

    def clean_up(self, step: int) -> None:
        """Remove what a killed process left unfinished, before training goes on after a step."""
        discard_unfinished(self.folder)
        self.drop_metrics_after(step)

    def set_aside_damaged(self) -> Path:
        """Rename a damaged last checkpoint, so that nothing replaces it or reads it. Returns the
        new path. Raises `StorageError`.
        """
        kept = self.folder / DAMAGED
        with _write_errors(self.folder), contextlib.suppress(FileNotFoundError):
            os.replace(self.last, kept)
        return kept

    def last_saved_ns(self) -> int:
        """Return when a checkpoint was last written, in nanoseconds of the system's clock; 0 where
        another process has removed them.
        """
        times = [0]
        for path in self.folder.glob(f"*{checkpoint.SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                times.append(path.stat().st_mtime_ns)
        return max(times)

    def newest_header(self) -> CheckpointHeader:
        """Return the header of the newest checkpoint that has a valid one.

        Raises `CheckpointError` if none has.
        """
        errors = []
        for path in self.checkpoints:
            try:
                return checkpoint.read_header(path)
            except CheckpointError as error:
                errors.append(error)
        raise errors[0] if errors else no_checkpoint(self)

    def remove_if_never_saved(self) -> None:
        """Remove the folder of a run without a checkpoint, so that its name is free."""
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
        """Lock the run for this process. Raises `LockedError` naming the process that has it.

        The kernel drops the lock with the process, however that ends.
        """
        with contextlib.ExitStack() as held:
            with _write_errors(self.folder):
                try:
                    held.enter_context(alone_at(self._lock, wait=False))
                except BlockingIOError as error:
                    raise LockedError(
                        f"the run {self.name!r} is being trained by {self._name_of_holder()}",
                        "wait for it, or end it",
                    ) from error
            with contextlib.suppress(OSError):  # on a full disk the lock itself still holds
                holder = f"process {os.getpid()} on {socket.gethostname()}"
                self._holder.write_text(holder, encoding="utf-8")
            yield

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Hold the run's lock while its folder is moved or removed.

        Raises `LockedError` while it is trained, `CheckpointError` if another process moved it.
        """
        with contextlib.ExitStack() as held:
            held.enter_context(self.locked())
            if not self.checkpoints:
                self.remove_if_never_saved()
                raise CheckpointError(f"the run {self.name!r} has gone", "see: charrnn runs")
            if find_spec("fcntl") is None:  # on Windows no folder with a lock in it can be moved
                held.close()
            yield

    def foreign_files(self) -> list[str]:
        """Return the names of what is in the folder and no part of a run."""
        own = {path.name for path in (self.last, self.previous, self.best, self.metrics)}
        own |= {self._lock.name, self._holder.name, LAUNCH, TENSORBOARD, DAMAGED, ".DS_Store"}
        names = (path.name for path in self.folder.iterdir())
        return sorted(name for name in names if name not in own and not is_temporary(name))

    def num_bytes(self) -> int:
        """Return how much of the disk its files take; one with two names counts once."""
        every = (path.lstat() for path in self.folder.rglob("*") if not path.is_dir())
        return sum({(facts.st_dev, facts.st_ino): facts.st_size for facts in every}.values())

    def _name_of_holder(self) -> str:
        try:
            return self._holder.read_text(encoding="utf-8") or "another process"
        except (OSError, UnicodeDecodeError):
            return "another process"

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Append a line to the metrics."""
        with self.metrics.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def metrics_lines(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of metrics that can be read; there may be millions."""
        if self.metrics.exists():
            with self.metrics.open(errors="replace") as file:
                for line in file:
                    with contextlib.suppress(ValueError, RecursionError):
                        values = json.loads(line)
                        if isinstance(values, dict):
                            yield values

    def history(self) -> list[Row]:
        """Return what was recorded, a row for each line of metrics, in order."""
        return list(history.rows(self.metrics_lines()))

    def drop_metrics_after(self, step: int) -> None:
        """Drop the lines of steps that are made again, and a line cut short by a crash."""
        if not self.metrics.exists():
            return
        with _write_errors(self.folder):
            lines = self.metrics.read_text(errors="replace").splitlines()
            kept = [line for line in lines if _step_of(line) <= step]
            write_atomically(self.metrics, ["".join(line + "\n" for line in kept).encode()])


def _write_errors(folder: Path) -> AbstractContextManager[None]:
    intact = "what is there is intact"
    return storage_errors(
        f"cannot write in {folder}", intact, if_forbidden=f"make it writable; {intact}"
    )


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _step_in(path: Path) -> int:
    """Return the step of a checkpoint; 0 if its header is not valid."""
    try:
        return checkpoint.read_header(path).position.step
    except CheckpointError:
        return 0


def used_instead(used: CheckpointHeader, damaged: CheckpointError) -> str:
    """Return the sentence that tells which checkpoint is used in place of a damaged one."""
    return f"{damaged.message}; using step {used.position.step:,} instead"


def no_checkpoint(run: Run) -> CheckpointError:
    """Return the error of a folder without a checkpoint."""
    return CheckpointError(
        f"the run {run.name!r} has no checkpoint yet", "train it, or see: charrnn runs"
    )
