"""Flags of neurons and memory."""

from pathlib import Path
from typing import Annotated

import typer

from charrnn.cli.flags import shared

Text = Annotated[
    str | None,
    typer.Option(
        "--text",
        metavar="FILE",
        help="File to read, or - for standard input; by default the validation split.",
    ),
]
Feature = Annotated[
    str | None,
    typer.Option("--feature", help="Show the ten units that follow this feature best."),
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
        metavar="N",
        help="Number of characters to read; with --labels, of each text.",
        show_default="20000; 1000 with --unit; 2000 with --labels",
    ),
]
Export = Annotated[
    Path | None,
    shared.written_file(
        "With --unit or --labels: write the coloured text to a .html or .svg file."
    ),
]

_LABELS = "Texts with labels"
Labels = Annotated[
    list[str] | None,
    shared.read_files(
        "--labels",
        "Find units that tell the labels of texts apart; each line has a text, a tab and a label."
        " Or a folder with a file for each label",
        _LABELS,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        help="Show the ten units that tell this label best from the others.",
        rich_help_panel=_LABELS,
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--source-column",
        metavar="NAME",
        help="Column of the texts in a CSV, TSV or JSON lines file.",
        rich_help_panel=_LABELS,
    ),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(
        "--target-column", metavar="NAME", help="Column of the labels.", rich_help_panel=_LABELS
    ),
]
Errors = Annotated[
    str | None,
    typer.Option(
        "--errors",
        show_default="strict",
        help="What to do with a bad line: strict (stop) or skip; replace: only bytes that are not"
        " in the encoding are replaced.",
        rich_help_panel=_LABELS,
    ),
]

Runs = Annotated[
    list[str] | None,
    typer.Argument(
        help="Names or folders of runs, or checkpoint files; the newest run by default.",
        metavar="[RUN]...",
    ),
]
Compare = Annotated[
    bool, typer.Option("--compare", help="Draw several runs together: --compare RUN RUN RUN.")
]
NumPlaces = Annotated[
    int | None,
    typer.Option(
        min=8,
        metavar="N",
        help="Number of characters of the validation split to look back from, or of its pairs.",
        show_default="512; 2000 pairs",
    ),
]
On = Annotated[
    list[str] | None,
    shared.read_files(
        "--on",
        "Of runs of pairs: measure on this file of pairs instead of each run's validation split",
    ),
]
ExportCharts = Annotated[
    Path | None,
    shared.written_file(
        "Write the two charts; a.svg makes a-reach.svg and a-context.svg, or a-loss.svg and"
        " a-errors.svg (needs matplotlib)."
    ),
]
