"""The command `rename`."""

from charrnn.cli.console.streams import note
from charrnn.cli.flags import runs as flags


def rename(old: flags.Renamed, new: flags.NewName) -> None:
    """Give a run another name."""
    from charrnn.cli import inputs

    root = inputs.root()
    run = root.find(old)
    renamed = root.rename(run, new)
    note(f"{run.name} is called {renamed.name} now")
