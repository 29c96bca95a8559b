"""Flags of translate."""

from pathlib import Path
from typing import Annotated

import typer

_SEARCH = "How a translation is chosen"

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
Beam = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Width of the beam search; 1 is greedy.",
        show_default="1; N with --num N",
        rich_help_panel=_SEARCH,
    ),
]
Num = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="N",
        help="Write the N best translations, each after its log-probability and a tab.",
        rich_help_panel=_SEARCH,
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temp",
        "--temperature",
        "-t",
        min=0.0,
        max=100.0,
        help="Draw at random, at this temperature, instead of searching.",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        "-s",
        min=0,
        help="Random seed of --temp.",
        show_default="random",
        rich_help_panel=_SEARCH,
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
Json = Annotated[
    bool,
    typer.Option("--json", help="Write each translation as a line of JSON, with its alignment."),
]
