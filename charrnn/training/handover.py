"""How the first of several processes gives a run to the others.

The first process finds the run and chooses every number. The others receive a checkpoint, in the
form of its file: they need no disk in common with the first process, and decide nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
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
class Handover:
    """A run to train. The checkpoint of a new one holds weights and constants, any other the whole
    training state.
    """

    run: Run
    checkpoint: Checkpoint
    teachers: Sequence[Checkpoint] = ()  # those of its configuration; none if the run is finished
    is_new: bool = False


@dataclass(frozen=True)
class RemoteRun(Run):
    """A run that another process keeps on its disk: here it is neither written nor read."""

    def clean_up(self, step: int) -> None:
        """Leave the files to the first process."""

    def save(self, newest: Checkpoint) -> None:
        """Leave saving to the first process."""

    def save_best(self, best: Checkpoint) -> None:
        """Leave saving to the first process."""

    def has_best(self) -> bool:
        """Return False: no file is here."""
        return False

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Leave the metrics to the first process."""

    def metrics_lines(self) -> Iterator[dict[str, Any]]:
        """Return no lines: no file is here."""
        return iter(())

    def drop_metrics_after(self, step: int) -> None:
        """Leave the metrics to the first process."""


def announce(group: Group, handed: Handover) -> None:
    """Send the run to the other processes, if there are any. The first process calls it."""
    if group.num_ranks == 1:
        return
    run = {"folder": str(handed.run.folder), "name": handed.run.name}
    message = {**run, "num_teachers": len(handed.teachers), "is_new": handed.is_new}
    group.broadcast_bytes(json.dumps(message).encode())
    for each in (handed.checkpoint, *handed.teachers):
        broadcast(group, each)
    with group.one_per_machine_first():
        pass


def receive(group: Group) -> Handover:
    """Return the run that the first process announces; enter `one_per_machine_first` next.

    Raises `FirstProcessError` where that process has failed.
    """
    message = json.loads(group.broadcast_bytes(b""))
    if "error" in message:
        raise FirstProcessError(message["error"])
    run = RemoteRun(Path(message["folder"]), message["name"])
    own = broadcast(group, None)
    teachers = [broadcast(group, None) for _ in range(message["num_teachers"])]
    return Handover(run, own, teachers, is_new=message["is_new"])


@contextmanager
def errors_announced(group: Group) -> Iterator[None]:
    """Send an error that comes before the run is announced to the processes that wait for it."""
    try:
        yield
    except PeerError:
        raise
    except CharRNNError as error:
        group.broadcast_bytes(json.dumps({"error": type(error).__name__}).encode())
        raise


def broadcast(group: Group, own: Checkpoint | None) -> Checkpoint:
    """Return the checkpoint that the first process passes; the others pass None."""
    if group.num_ranks > 1:
        data = group.broadcast_bytes(b"" if own is None else checkpoint.to_bytes(own))
        own = own or checkpoint.from_bytes(data)
    assert own is not None
    return own
