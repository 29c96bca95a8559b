"""Which run a command that torchrun has started again was training, so that it goes on with it
rather than begin another.

Where a process or a machine is lost, torchrun starts all processes again by the same command. A
note in the folder of the run tells for which launch it was made; it is gone when the run is done.
"""

import contextlib
import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from charrnn._atomic import write_atomically
from charrnn.errors import storage_errors
from charrnn.runs.root import Root
from charrnn.runs.run import LAUNCH, Run


def is_one_of_several() -> bool:
    """Whether torchrun, or something like it, started this process among others: then the first of
    them looks for mistakes, and tells the others.
    """
    return "RANK" in os.environ


def launch() -> str | None:
    """What all attempts of one launch by torchrun have in common with no other launch: the
    --rdzv-id, if it has one, else the agent that starts them. None without torchrun.
    """
    given = os.environ.get("TORCHELASTIC_RUN_ID")
    if given is None or given != "none":
        return given
    agent = os.getppid()
    return f"{socket.gethostname()}, process {agent} of {_birth(agent)}"


def _birth(pid: int) -> str:
    """When a process began, in ticks since the machine did; nothing where that is not told."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def remember(run: Run, arguments: Sequence[str]) -> None:
    """Note in a new run's folder which launch and which command it is of. Raises `StorageError`."""
    if launch() is None:
        return
    note = json.dumps({"launch": launch(), "arguments": list(arguments)})
    with storage_errors(f"cannot write {run.launch}", "make room, or check the folder"):
        write_atomically(run.launch, [note.encode()])


def begun(root: Root, arguments: Sequence[str]) -> Run | None:
    """The run that an earlier attempt of this launch began by the same command, if it is not done.
    What such an attempt left that is no run yet is removed.
    """
    this = launch()
    if this is None:
        return None
    for note in root.for_new_runs.glob(f"*/{LAUNCH}"):
        with contextlib.suppress(OSError, ValueError):
            if json.loads(note.read_text()) == {"launch": this, "arguments": list(arguments)}:
                run = Run(note.parent)
                if run.checkpoints:
                    return run
                run.discard_if_unborn()
    return None


def forget(run: Run) -> None:
    """The run is done: the same command begins another."""
    run.launch.unlink(missing_ok=True)
