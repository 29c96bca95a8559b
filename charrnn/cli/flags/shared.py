"""Flags and arguments of several commands."""

from typing import Annotated

import typer

Run = Annotated[
    str | None, typer.Argument(help="A run's name or folder; the newest run by default.")
]
RunToRead = Annotated[
    str | None,
    typer.Argument(
        help="A run's name, its folder or a checkpoint file; the newest run by default."
    ),
]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run", help="A run's name, its folder or a checkpoint file; the newest run by default."
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Encoding of the file.", show_default="as the run's corpus"),
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
