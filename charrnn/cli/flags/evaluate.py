"""Flags of predict and score."""

from pathlib import Path
from typing import Annotated

import typer

Prompt = Annotated[
    str | None,
    typer.Argument(
        help="The text so far, exactly as it is; - for standard input, less its last newline."
    ),
]
Top = Annotated[int, typer.Option(min=1, help="How many characters to show.")]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temp", "--temperature", "-t", help="As a sample would have it.", show_default="1"
    ),
]
EachStep = Annotated[
    bool,
    typer.Option("--steps", help="How each character of the prompt itself was expected."),
]
Texts = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files to score, - for standard input; else a split of the run's own corpus."
    ),
]
Split = Annotated[
    str | None,
    typer.Option(help="Without a file: val or test, the run's own.", show_default="val"),
]
Adapt = Annotated[
    bool,
    typer.Option("--adapt", help="Go on learning from what was scored: dynamic evaluation."),
]
PerLine = Annotated[
    bool,
    typer.Option(
        "--per-line",
        help="Each line on its own, as a line of JSON. To find the odd ones sort by bits_per_char:"
        " the probability of a line falls with its length, however ordinary it is.",
    ),
]
Heatmap = Annotated[
    bool, typer.Option("--heatmap", help="Show the text, each character coloured by surprise.")
]
Export = Annotated[Path | None, typer.Option(help="Write that heatmap to a file: .html or .svg.")]
