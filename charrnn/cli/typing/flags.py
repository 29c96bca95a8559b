"""Flags of suggest and write."""

from typing import Annotated

import typer

Text = Annotated[
    str | None,
    typer.Argument(help="The text so far; - for standard input, without its last newline."),
]
Num = Annotated[int, typer.Option(min=1, metavar="N", help="Number of suggestions.")]
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
