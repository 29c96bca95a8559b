"""The command `remove`: it asks before it removes anything."""

import sys
from typing import TYPE_CHECKING

from charrnn._text import some, visible
from charrnn.cli.console.streams import note
from charrnn.cli.flags import runs as flags
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.runs.removal import Removal


def remove(runs: flags.RunsToRemove, yes: flags.Yes = False) -> None:
    """Remove runs, with the encoded corpora that no other run needs.

    Asks first, and says how much of the disk comes back, and which unfinished runs need one of them
    as a teacher. A run that is being trained stays.
    """
    from charrnn.cli import inputs
    from charrnn.runs.removal import planned

    root = inputs.root()
    removal = planned([root.find(name) for name in runs])
    names, freed = some((run.name for run in removal.runs), most=10), _freed(removal)
    if students := [run.name for run in removal.students()]:
        learn = "these unfinished runs learn from what is removed, and cannot be resumed then"
        note(f"{learn}: {some(students)}")
    if not yes and not _agrees(f"Remove {names}? This frees {freed}. [y/N] "):
        note("nothing was removed")
        return
    removal.carry_out()
    note(f"removed {names}: {freed} freed")


def _freed(removal: "Removal") -> str:
    """Return how much of the disk comes back, in words."""
    from charrnn.cli.console.figures import size

    of_corpora = removal.num_bytes_of_corpora()
    more = f" ({size(of_corpora)} of it encoded text that no other run needs)" if of_corpora else ""
    return size(removal.num_bytes()) + more


def _agrees(question: str) -> bool:
    """Return whether a person at the terminal says yes. Raises `UsageError` if there is none."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            "cannot ask for confirmation: standard input is not a terminal", "add --yes"
        )
    print(visible(question), end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print(file=sys.stderr)  # Ctrl-D leaves the cursor behind the question
    return answer.strip().lower() in ("y", "yes")
