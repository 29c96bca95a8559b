"""Flags of sample."""

from dataclasses import dataclass
from typing import Annotated

import typer

from charrnn.cli.flags.settings import Values
from charrnn.config import SampleConfig

_MANY = "Many samples"

Settings = Annotated[Values, SampleConfig]

GivenLabel = Annotated[
    str | None,
    typer.Option(
        "--given",
        metavar="LABEL",
        help="Write texts of this label, by a run of given labels (train --given label).",
    ),
]
Prompt = Annotated[str | None, typer.Option("--prompt", "-p", help="Text to continue.")]
PromptFile = Annotated[
    str | None,
    typer.Option(
        "--prompt-file",
        "-f",
        help="File to continue; - for standard input, without its last newline.",
    ),
]
NoPrompt = Annotated[bool, typer.Option("--no-prompt", help="Write only what follows the prompt.")]
NoStream = Annotated[
    bool, typer.Option("--no-stream", help="Write a sample only when it is complete.")
]
Json = Annotated[bool, typer.Option("--json", help="Write each sample as a line of JSON.")]
Report = Annotated[
    bool,
    typer.Option(
        "--report", help="Report what was copied from the corpus, and which words are new."
    ),
]

Num = Annotated[
    int | None,
    typer.Option(
        min=-1,
        metavar="N",
        help="Number of samples; -1 never stops.",
        show_default="1; 10 records",
        rich_help_panel=_MANY,
    ),
]
Prompts = Annotated[
    str | None,
    typer.Option(
        help="File with a prompt in each line, or - for standard input; --num samples of each.",
        metavar="FILE",
        rich_help_panel=_MANY,
    ),
]
Unique = Annotated[
    bool, typer.Option("--unique", help="Write no sample twice.", rich_help_panel=_MANY)
]
Novel = Annotated[
    bool,
    typer.Option(
        "--novel",
        help="Write no record of the corpus. --novel N is short for --novel-chars N.",
        rich_help_panel=_MANY,
    ),
]
NovelChars = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Never copy N characters in a row from the corpus; the prompt does not count.",
        rich_help_panel=_MANY,
    ),
]
Match = Annotated[
    str | None,
    typer.Option(
        help="Write only samples that match this regular expression.", rich_help_panel=_MANY
    ),
]
Device = Annotated[
    str,
    typer.Option("--device", help="cpu, or cuda for many samples at once.", rich_help_panel=_MANY),
]


@dataclass(frozen=True)
class Many:
    """How many samples, and which of them."""

    num: Num = None
    prompts: Prompts = None
    unique: Unique = False
    novel: Novel = False
    novel_chars: NovelChars = None
    match: Match = None
    device: Device = "cpu"


@dataclass(frozen=True)
class Output:
    """How samples are written."""

    no_prompt: NoPrompt = False
    no_stream: NoStream = False
    as_json: Json = False
    report: Report = False
