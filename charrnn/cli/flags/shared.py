"""Flags and arguments of several commands."""

from typing import Annotated

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
