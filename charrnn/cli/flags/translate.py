"""Flags of translate."""

from pathlib import Path
from typing import Annotated

import typer

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
Runs = Annotated[
    list[str] | None,
    typer.Option(
        "--run",
        help="Name or folder of a run of pairs, or a checkpoint file; repeatable: several average"
        " their probabilities.",
        show_default="the newest run of pairs",
    ),
]
Attention = Annotated[
    bool,
    typer.Option(
        "--attention", help="Draw how much attention each written symbol paid to the source."
    ),
]
Export = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write that drawing to a .svg, .html, .png or .pdf file."),
]
UnrolledFile = Annotated[
    Path | None,
    typer.Option(
        "--unrolled",
        metavar="FILE",
        help="Write a picture of the network unrolled over source and translation.",
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Write each translation as a line of JSON, with its alignment."),
]
