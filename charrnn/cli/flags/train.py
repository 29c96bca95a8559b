"""Flags of train and resume. A default of None means that the run or the corpus decides."""

from dataclasses import dataclass
from typing import Annotated

import typer

from charrnn.cli.flags.settings import Values, option
from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, TrainConfig

_LEARNING = "Learning"
_LENGTH = "How long"
_CORPUS = "Corpus"
_RUN = "Run and display"

Settings = Annotated[Values, ModelConfig, TrainConfig, DataConfig, RuntimeConfig]
Steps = Annotated[int | None, option(TrainConfig, "steps")]
Device = Annotated[str | None, option(RuntimeConfig, "device")]
Threads = Annotated[int | None, option(RuntimeConfig, "threads")]
Corpus = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders, - for standard input, or shakespeare, which is also the default."
    ),
]
Lines = Annotated[
    bool, typer.Option("--lines", help="Short for --records lines.", rich_help_panel=_CORPUS)
]
AllowShort = Annotated[
    bool,
    typer.Option(
        "--allow-short", help="Learn from fewer than 200 characters too.", rich_help_panel=_CORPUS
    ),
]
Val = Annotated[
    list[str] | None,
    typer.Option(
        "--val",
        metavar="FILE",
        help="Validate on this file or folder instead; repeatable.",
        show_default=False,
        rich_help_panel=_CORPUS,
    ),
]
InitFrom = Annotated[
    str | None,
    typer.Option(
        help="Start from the weights of another run or checkpoint.", rich_help_panel=_LEARNING
    ),
]
Epochs = Annotated[
    float | None,
    typer.Option(help="Number of epochs: times through the text.", rich_help_panel=_LENGTH),
]
Minutes = Annotated[
    float | None, typer.Option(help="Minutes from now (3 by default).", rich_help_panel=_LENGTH)
]
MoreMinutes = Annotated[
    float | None, typer.Option(help="Minutes from now.", rich_help_panel=_LENGTH)
]
RunName = Annotated[
    str | None,
    typer.Option(
        "--run",
        "--name",  # torchrun takes --run for a flag of its own
        help="Name of the run; the corpus's by default.",
        rich_help_panel=_RUN,
    ),
]
SaveEvery = Annotated[
    float, typer.Option(min=0, help="Seconds between checkpoints.", rich_help_panel=_RUN)
]
SampleEvery = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Steps between samples; 0 for none.",
        show_default="0, 10, 50, 150 …; validations",
        rich_help_panel=_RUN,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Say nothing but errors.", rich_help_panel=_RUN)
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", help="Say what was chosen: network, batch, dropout.", rich_help_panel=_RUN
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Figures as lines of JSON on stdout.", rich_help_panel=_RUN)
]
TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Figures also as event files, in the run's folder.",
        rich_help_panel=_RUN,
    ),
]
KeepCorpus = Annotated[
    bool,
    typer.Option(
        "--keep-corpus",
        help="Go on with the text as it was, though its files changed.",
        rich_help_panel=_RUN,
    ),
]


@dataclass(frozen=True)
class Display:
    """What a run that trains shows and keeps."""

    save_every: SaveEvery = 30.0
    sample_every: SampleEvery = None
    quiet: Quiet = False
    verbose: Verbose = False
    as_json: Json = False
    tensorboard: TensorBoard = False
