"""Flags of neurons and memory."""

from pathlib import Path
from typing import Annotated

import typer

Text = Annotated[
    str | None,
    typer.Option("--text", help="A file to read, - for standard input; else the validation split."),
]
Feature = Annotated[
    str | None, typer.Option("--feature", help="The ten units that follow this feature best.")
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", help="Colour the text by one unit: h0.17 is h of layer 0, number 17."),
]
Length = Annotated[
    int | None,
    typer.Option(
        "--length",
        "-n",
        min=1,
        help="Characters of the text to read.",
        show_default="20000; 1000 with --unit",
    ),
]
Export = Annotated[
    Path | None, typer.Option("--export", help="With --unit: write it to FILE.html or FILE.svg.")
]
Runs = Annotated[
    list[str] | None,
    typer.Argument(
        help="Runs, their folders or checkpoint files; the newest run by default.",
        metavar="[RUN]...",
    ),
]
Compare = Annotated[
    bool, typer.Option("--compare", help="Draw several runs together: --compare RUN RUN RUN.")
]
NumPlaces = Annotated[
    int, typer.Option(min=8, help="Characters of the validation split to look back from.")
]
ExportCharts = Annotated[
    Path | None,
    typer.Option("--export", help="FILE.svg: two charts, FILE-reach.svg and FILE-context.svg."),
]
