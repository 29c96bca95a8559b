"""What torchrun, which starts a command in several processes, says in the environment."""

import contextlib
import os
import socket
import sys
from pathlib import Path

from charrnn.runs.restarts import Launch


def is_one_of_several() -> bool:
    """Whether this process was started among others. The first then checks the command for
    mistakes, and reports them to the others.
    """
    return "RANK" in os.environ


def launch() -> Launch | None:
    """Return the launch that this process belongs to; None without torchrun.

    Its name is the --rdzv-id if there is one, else the agent that starts the processes.
    """
    given = os.environ.get("TORCHELASTIC_RUN_ID")
    if given is None:
        return None
    if given == "none":
        agent = os.getppid()
        given = f"{socket.gethostname()}, process {agent} of {_start_time(agent)}"
    return Launch(given, tuple(sys.argv[1:]))


def _start_time(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; "" if the system does not tell."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""
