"""Flags of translate."""

from pathlib import Path
from typing import Annotated

import typer

from charrnn.cli.flags import shared
from charrnn.cli.flags.settings import Values
from charrnn.config import TranslateConfig

Settings = Annotated[Values, TranslateConfig]

Texts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TEXT]...",
        help="Texts to translate, or - for the lines of standard input.",
        show_default=False,
    ),
]
Runs = Annotated[list[str] | None, shared.runs_of("pairs")]
Attention = Annotated[
    bool,
    typer.Option(
        "--attention", help="Draw how much attention each written symbol paid to the source."
    ),
]
Export = Annotated[
    Path | None,
    shared.written_file("Write that drawing to a .svg, .html, .png or .pdf file."),
]
UnrolledFile = Annotated[
    Path | None,
    shared.written_file(
        "Write a picture of the network unrolled over source and translation.", "--unrolled"
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Write each translation as a line of JSON, with its alignment."),
]
