"""Flags of verify and plot."""

from pathlib import Path
from typing import Annotated

import typer

Replay = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Make at most so many steps again; 0 makes none.",
        show_default="all since the previous checkpoint",
    ),
]
Runs = Annotated[
    list[str] | None, typer.Argument(help="Names or folders of runs; the newest run by default.")
]
Against = Annotated[str, typer.Option(help="What the losses are drawn against: steps or minutes.")]
InBits = Annotated[bool, typer.Option("--bits", help="Bits per character rather than nats.")]
LogX = Annotated[bool, typer.Option("--log", help="Steps or minutes on a logarithmic scale.")]
Export = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write the chart to a .svg, .png or .pdf (needs matplotlib)."
    ),
]
