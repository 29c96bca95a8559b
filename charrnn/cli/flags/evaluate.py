"""Flags of predict and score."""

from pathlib import Path
from typing import Annotated

import typer

from charrnn.cli.flags import shared

Prompt = Annotated[
    str | None,
    typer.Argument(
        help="The text so far; - for standard input, without its last newline. Of a run of pairs, a"
        " source.",
    ),
]
Target = Annotated[
    str | None,
    typer.Argument(help="Of a run of pairs: a beginning of the target of that source."),
]
Top = Annotated[int, typer.Option(min=1, metavar="N", help="Number of characters to show.")]
Temperature = Annotated[
    float | None,
    typer.Option("--temp", "--temperature", "-t", help="Sampling temperature.", show_default="1"),
]
EachStep = Annotated[
    bool,
    typer.Option("--steps", help="Show how well each character of the prompt was expected."),
]

Texts = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files to score (texts; pairs, or texts with labels, for a run of these), or - for"
        " standard input; by default a split of the run's own corpus."
    ),
]
Split = Annotated[
    str | None,
    typer.Option(help="Split of the run's own corpus to score: val or test.", show_default="val"),
]
Adapt = Annotated[
    bool,
    typer.Option("--adapt", help="Learn from the text while scoring it (dynamic evaluation)."),
]
Mix = Annotated[
    str | None,
    typer.Option(
        metavar="ppm",
        help="Mix the predictions with those of PPM-D, which counts the training text, and this one"
        " while scoring it.",
    ),
]
PerLine = Annotated[
    bool,
    typer.Option(
        "--per-line",
        help="Score each line by itself, as lines of JSON. To find unusual lines, sort by"
        " bits_per_char; nats grow with the length of a line. Of a run of pairs or labels: show"
        " the worst ones; with --json all of them, the worst first.",
    ),
]
Heatmap = Annotated[
    bool, typer.Option("--heatmap", help="Show the text with each character coloured by surprise.")
]
Export = Annotated[
    Path | None,
    shared.written_file(
        "Write that heatmap to a .html or .svg file; of a run of labels, the confusion matrix (also"
        " .png, .pdf)."
    ),
]
Confusion = Annotated[
    bool,
    typer.Option(
        "--confusion",
        help="Draw which labels are taken for which.",
        rich_help_panel="Runs of labels",
    ),
]

_PAIRS = "Runs of pairs"
Beam = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1024,
        metavar="N",
        help="Beam size of the translations; 1 is greedy.",
        show_default="1",
        rich_help_panel=_PAIRS,
    ),
]
SourceFiles = Annotated[list[str] | None, shared.sources(_PAIRS)]
TargetFiles = Annotated[list[str] | None, shared.targets(_PAIRS)]
Images = Annotated[
    str | None,
    typer.Option(
        "--images",
        metavar="FOLDER",
        help="Of a run of captions: folder of the pictures.",
        show_default="that of the run",
        rich_help_panel=_PAIRS,
    ),
]
