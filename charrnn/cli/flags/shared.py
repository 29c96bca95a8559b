"""Flags and arguments of several commands."""

from typing import Annotated, Any

import typer

Run = Annotated[
    str | None, typer.Argument(help="Name or folder of a run; the newest run by default.")
]
_CHECKPOINT = "Name or folder of a run, or a checkpoint file; the newest run by default."
RunToRead = Annotated[str | None, typer.Argument(help=_CHECKPOINT)]
_ENSEMBLE = f"{_CHECKPOINT} Repeat it to average the probabilities of several."
RunOptions = Annotated[
    list[str] | None, typer.Option("--run", metavar="RUN", help=_ENSEMBLE, show_default=False)
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Encoding of the file.", show_default="as the run's corpus"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def runs_of(learned: str) -> Any:
    """Return --run for the runs of one kind, of which several are averaged."""
    return typer.Option(
        "--run",
        help=f"Name or folder of a run of {learned}, or a checkpoint file; repeatable: several"
        " average their probabilities.",
        show_default=f"the newest run of {learned}",
    )


def read_files(flag: str, description: str, panel: str | None = None) -> Any:
    """Return a flag that names a file to read, and may be repeated."""
    return typer.Option(
        flag,
        metavar="FILE",
        help=f"{description}; repeatable.",
        show_default=False,
        rich_help_panel=panel,
    )


def sources(panel: str) -> Any:
    """Return --source, which goes with `targets`."""
    return read_files("--source", "File of sources, a line each, beside --target", panel)


def targets(panel: str) -> Any:
    """Return --target, which goes with `sources`."""
    return read_files("--target", "File of their targets, line by line", panel)


def written_file(description: str, flag: str = "--export") -> Any:
    """Return a flag that names a file to write."""
    return typer.Option(flag, metavar="FILE", help=description)
