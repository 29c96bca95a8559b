"""Flags of export."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="File to write: .html is a page, .onnx a graph for other programs.",
        show_default=False,
    ),
]
Runs = Annotated[
    list[str] | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="Name or folder of a run, or a checkpoint file.",
        show_default="the newest run",
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help="How a page writes its weights: int8 (a byte each), float16 or float32.",
        show_default="int8",
    ),
]
