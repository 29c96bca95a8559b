"""Start several processes on one run: the first reads or makes it, and sends the others a
checkpoint, as the bytes of its file. So no other process needs its disk, or has to decide anything.
"""

import json
from collections.abc import Callable, Iterator, Mapping
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
class RemoteRun(Run):
    """A run that another process keeps: here nothing is written, and nothing is read."""

    def clean_up(self, step: int) -> None:
        """Do nothing."""

    def save(self, newest: Checkpoint) -> None:
        """Do nothing."""

    def save_best(self, best: Checkpoint) -> None:
        """Do nothing."""

    def has_best(self) -> bool:
        """Return False."""
        return False

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Do nothing."""

    def metrics_lines(self) -> Iterator[dict[str, Any]]:
        """Return nothing."""
        return iter(())

    def drop_metrics_after(self, step: int) -> None:
        """Do nothing."""


def invite(group: Group, run: Run, start: Checkpoint) -> None:
    """Send the others the run and the checkpoint that all start from. The arrays of a new run are
    its weights alone.
    """
    if group.num_ranks == 1:
        return
    group.bytes_of_first(json.dumps({"folder": str(run.folder), "name": run.name}).encode())
    of_first(group, lambda: start)
    with group.first_of_each_machine_first():
        pass


def accepted(group: Group) -> tuple[Run, Checkpoint]:
    """Receive the run and its checkpoint from the first process. The caller must enter
    `first_of_each_machine_first` next. Raises `FirstProcessError` where the first one failed.
    """
    told = json.loads(group.bytes_of_first(b""))
    if "error" in told:
        raise FirstProcessError(told["error"])
    return RemoteRun(Path(told["folder"]), told["name"]), of_first(group, lambda: None)


@contextmanager
def leading(group: Group) -> Iterator[None]:
    """Report an error before the invitation to the processes that wait for it."""
    try:
        yield
    except PeerError:
        raise
    except CharRNNError as error:
        group.bytes_of_first(json.dumps({"error": type(error).__name__}).encode())
        raise


def of_first(group: Group, read: Callable[[], Checkpoint | None]) -> Checkpoint:
    """Return, in every process, the checkpoint that `read` returns in the first."""
    own = read() if group.rank == 0 else None
    if group.num_ranks > 1:
        data = group.bytes_of_first(b"" if own is None else checkpoint.to_bytes(own))
        own = own or checkpoint.from_bytes(data)
    assert own is not None
    return own
