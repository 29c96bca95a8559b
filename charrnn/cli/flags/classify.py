"""Flags of classify."""

from pathlib import Path
from typing import Annotated

import typer

from charrnn.cli.flags import shared

Texts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TEXT]...",
        help="Texts to classify, or - for the lines of standard input.",
        show_default=False,
    ),
]
Runs = Annotated[list[str] | None, shared.runs_of("labels")]
Top = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Write the N likeliest labels of each text, a line each.",
        show_default="1; all with --json",
    ),
]
Steps = Annotated[
    bool,
    typer.Option(
        "--steps",
        help="Show what would be decided after each character of a text: the text coloured by the"
        " probability of its label.",
    ),
]
Export = Annotated[
    Path | None,
    shared.written_file("Write that coloured text to a .html or .svg file."),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Write each text as a line of JSON, with all probabilities."),
]
