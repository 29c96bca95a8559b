"""Flags of serve."""

from dataclasses import dataclass
from typing import Annotated

import typer

_LIMITS = "Limits"

Runs = Annotated[
    list[str] | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="Name or folder of a run of a text or of pairs, or a checkpoint file; repeatable: each"
        " is served under its name.",
        show_default="the newest of these runs",
    ),
]
Host = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Address to listen at. Beyond this machine it needs an API key in the environment"
        " variable CHARRNN_API_KEY.",
    ),
]
Port = Annotated[
    int,
    typer.Option(min=0, max=65_535, metavar="PORT", help="Port to listen at; 0 is a free one."),
]
Streams = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Requests computed at once.", rich_help_panel=_LIMITS),
]
Waiting = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="N",
        help="Requests that wait for a place; more get the answer 429.",
        rich_help_panel=_LIMITS,
    ),
]
MaxTokens = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="N",
        help="Most characters of all completions of a request.",
        rich_help_panel=_LIMITS,
    ),
]
MaxPrompt = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="N",
        help="Most characters of all prompts of a request.",
        rich_help_panel=_LIMITS,
    ),
]
DrainSeconds = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="Time that running requests have to end after Ctrl-C.",
        rich_help_panel=_LIMITS,
    ),
]


@dataclass(frozen=True)
class Most:
    """How much is done at most."""

    streams: Streams = 64
    waiting: Waiting = 64
    max_tokens: MaxTokens = 10_000
    max_prompt: MaxPrompt = 10_000
    drain_seconds: DrainSeconds = 10
