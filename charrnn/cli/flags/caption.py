"""Flags of caption."""

from pathlib import Path
from typing import Annotated

import typer

from charrnn.cli.flags import shared
from charrnn.cli.flags.settings import Values
from charrnn.config import CaptionConfig

Settings = Annotated[Values, CaptionConfig]

Pictures = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PICTURE]...",
        help="Pictures to describe, or - for a path in each line of standard input.",
        show_default=False,
    ),
]
Runs = Annotated[list[str] | None, shared.runs_of("captions")]
Attention = Annotated[
    bool,
    typer.Option(
        "--attention", help="Draw where the model looked while it wrote each word of a caption."
    ),
]
Export = Annotated[
    Path | None,
    shared.written_file(
        "Write the picture as each word looked at it to a .svg, .html, .png or .pdf file."
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Write each caption as a line of JSON, with the attention of each word."
    ),
]
