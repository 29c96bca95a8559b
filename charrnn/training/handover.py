"""How the first of several processes brings the others in: it finds the run, settles every number
and hands all of it on, so that no other process has to share a disk with it, or to decide anything.

What is handed on is a checkpoint, in the form of its file.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrnn.errors import CharRNNError, FirstProcessError, PeerError
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.run import Run
from charrnn.training.distributed import Group


@dataclass(frozen=True)
class Elsewhere(Run):
    """A run that another process keeps: here nothing is written, and nothing found."""

    def tidy(self, step: int) -> None:
        """See `Run.tidy`."""

    def save(self, standing: Checkpoint) -> None:
        """See `Run.save`."""

    def save_best(self, standing: Checkpoint) -> None:
        """See `Run.save_best`."""

    def has_best(self) -> bool:
        """See `Run.has_best`."""
        return False

    def record(self, figures: dict[str, Any]) -> None:
        """See `Run.record`."""

    def recorded(self) -> Iterator[dict[str, Any]]:
        """See `Run.recorded`."""
        return iter(())

    def forget_metrics_after(self, step: int) -> None:
        """See `Run.forget_metrics_after`."""


def invite(group: Group, run: Run, standing: Checkpoint) -> None:
    """Tell the others what all train: a checkpoint, its arrays included. Those of a run that has
    not begun are the weights alone.
    """
    if group.num_ranks == 1:
        return
    group.bytes_of_first(json.dumps({"folder": str(run.folder)}).encode())
    of_first(group, lambda: standing)
    with group.first_of_each_machine_first():
        pass


def accepted(group: Group) -> tuple[Run, Checkpoint]:
    """What the first process invites this one to, which is to enter `first_of_each_machine_first`
    next. Raises `FirstProcessError` where there is nothing to join.
    """
    told = json.loads(group.bytes_of_first(b""))
    if "error" in told:
        raise FirstProcessError(told["error"])
    return Elsewhere(Path(told["folder"])), of_first(group, lambda: None)


@contextmanager
def leading(group: Group) -> Iterator[None]:
    """An error that comes before the invitation is told to those who wait for it."""
    try:
        yield
    except PeerError:
        raise
    except CharRNNError as error:
        group.bytes_of_first(json.dumps({"error": type(error).__name__}).encode())
        raise


def of_first(group: Group, find: Callable[[], Checkpoint | None]) -> Checkpoint:
    """The checkpoint that the first process finds."""
    found = find() if group.rank == 0 else None
    if group.num_ranks > 1:
        data = group.bytes_of_first(b"" if found is None else checkpoint.to_bytes(found))
        found = found or checkpoint.from_bytes(data)
    assert found is not None
    return found
