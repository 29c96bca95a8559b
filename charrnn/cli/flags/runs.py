"""Flags and arguments of the commands about runs."""

from pathlib import Path
from typing import Annotated

import typer

from charrnn.cli.flags import shared

Replay = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Repeat at most this many steps; 0 repeats none.",
        show_default="all since the previous checkpoint",
    ),
]
Copied = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="Name or folder of a run, or a checkpoint file.", show_default=False
    ),
]
CopiedTo = Annotated[
    str,
    typer.Argument(
        metavar="NEW",
        help="FILE.safetensors to write, or the name of a new run.",
        show_default=False,
    ),
]
Renamed = Annotated[
    str, typer.Argument(metavar="OLD", help="Name or folder of a run.", show_default=False)
]
NewName = Annotated[str, typer.Argument(metavar="NEW", help="Its new name.", show_default=False)]
RunsToRemove = Annotated[
    list[str],
    typer.Argument(metavar="RUN...", help="Names or folders of runs.", show_default=False),
]
RunsToCompare = Annotated[
    list[str],
    typer.Argument(metavar="RUN RUN...", help="Names or folders of runs.", show_default=False),
]
SampleSeed = Annotated[
    int, typer.Option("--seed", "-s", min=0, max=2**63 - 1, help="Random seed of the samples.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")]
Runs = Annotated[
    list[str] | None, typer.Argument(help="Names or folders of runs; the newest run by default.")
]
Against = Annotated[str, typer.Option(help="The horizontal axis: steps or minutes.")]
InBits = Annotated[bool, typer.Option("--bits", help="Bits per character instead of nats.")]
LogX = Annotated[bool, typer.Option("--log", help="Logarithmic horizontal axis.")]
Export = Annotated[
    Path | None,
    shared.written_file("Write the chart to a .svg, .png or .pdf file (needs matplotlib)."),
]
