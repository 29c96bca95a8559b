"""Flags of suggest and write."""

from pathlib import Path
from typing import Annotated

import typer

Text = Annotated[
    str | None,
    typer.Argument(help="The text so far; - for standard input, without its last newline."),
]
Num = Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Number of suggestions.")]
Words = Annotated[
    int,
    typer.Option(
        min=1, max=20, metavar="N", help="Number of words of a suggestion, a begun one included."
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON: what each adds to the text, words, probability."),
]

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the text to a new file, whole or not at all, instead of standard output.",
    ),
]
WordsAhead = Annotated[
    int,
    typer.Option("--words", min=1, max=20, metavar="N", help="Number of words shown in grey."),
]
Correct = Annotated[
    bool,
    typer.Option(
        "--correct",
        help="When a word is done, replace it by one within one edit that is far likelier there;"
        " Backspace undoes it.",
    ),
]
