"""Restarts: torchrun starts a command again after a lost process, and it continues its run.

A note in the folder of a run names the launch that created it, until the run is done. The same
command of the same launch continues that run, instead of beginning another.
"""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from charrnn._atomic import write_atomically
from charrnn.errors import storage_errors
from charrnn.runs.root import Root
from charrnn.runs.run import LAUNCH, Run


@dataclass(frozen=True)
class Launch:
    """What all attempts of one launch have in common with no other launch."""

    name: str
    arguments: tuple[str, ...]  # of the command


def note(run: Run, launch: Launch) -> None:
    """Note in the folder of a new run for which launch it was created. Raises `StorageError`."""
    with storage_errors(f"cannot write {run.launch}", "make room, or check the folder"):
        write_atomically(run.launch, [json.dumps(asdict(launch)).encode()])


def earlier_run(root: Root, launch: Launch) -> Run | None:
    """Return the run that an earlier attempt of this launch created, unless it is done.

    A folder that such an attempt left without a checkpoint is removed.
    """
    for path in root.for_new_runs.glob(f"*/{LAUNCH}"):
        if _launch_in(path) == launch:
            run = Run(path.parent)
            if run.checkpoints:
                return run
            run.remove_if_never_saved()
    return None


def _launch_in(path: Path) -> Launch | None:
    """Return the launch that a note names; None if it cannot be read."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        values = json.loads(path.read_text())
        return Launch(**values | {"arguments": tuple(values["arguments"])})
    return None


def finish(run: Run) -> None:
    """Remove the note of a run that is done: the same command begins another run."""
    run.launch.unlink(missing_ok=True)
