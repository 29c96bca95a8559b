"""Flags of train and resume. A default of None means that the run or the corpus decides."""

import math
from dataclasses import dataclass
from typing import Annotated

import typer

from charrnn.cli.flags import shared
from charrnn.cli.flags.settings import Values, option
from charrnn.config import (
    NORMALISATIONS,
    CaptionsConfig,
    DataConfig,
    EncoderDecoderConfig,
    ModelConfig,
    PairsConfig,
    RuntimeConfig,
    TaggerConfig,
    TrainConfig,
)
from charrnn.errors import SettingError

_LEARNING, _LENGTH, _CORPUS, _RUN = "Learning", "How long", "Corpus", "Run and display"
_PAIRS = "Pairs"

Settings = Annotated[
    Values,
    ModelConfig,
    TrainConfig,
    DataConfig,
    PairsConfig,
    EncoderDecoderConfig,
    TaggerConfig,
    CaptionsConfig,
    RuntimeConfig,
]
Steps = Annotated[int | None, option(TrainConfig, "steps")]
Device = Annotated[str | None, option(RuntimeConfig, "device")]
Threads = Annotated[int | None, option(RuntimeConfig, "threads")]

Corpus = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, - for standard input, or shakespeare (the default)."),
]
Lines = Annotated[
    bool, typer.Option("--lines", help="Short for --records lines.", rich_help_panel=_CORPUS)
]
AllowShort = Annotated[
    bool,
    typer.Option(
        "--allow-short",
        help="Train even on fewer than 200 characters or 20 pairs.",
        rich_help_panel=_CORPUS,
    ),
]
Pairs = Annotated[
    bool,
    typer.Option(
        "--pairs",
        help="Learn to make targets of sources: each line is a source, a tab and a target.",
        rich_help_panel=_PAIRS,
    ),
]
Labels = Annotated[
    bool,
    typer.Option(
        "--labels",
        help="Learn to label texts: each line is a text, a tab and a label; or name a folder with a"
        " file LABEL.txt for each label.",
        rich_help_panel=_PAIRS,
    ),
]
GivenLabel = Annotated[
    str | None,
    typer.Option(
        "--given",
        metavar="label",
        help="Learn to write texts of a given label, from such a file: sample --given LABEL. Beside"
        " --source-column, label or the name of its column.",
        show_default=False,
        rich_help_panel=_PAIRS,
    ),
]
InStep = Annotated[
    bool,
    typer.Option(
        "--in-step",
        help="Learn a decision on each symbol of a source: each line is a source, a tab and a"
        " target of the same length.",
        rich_help_panel=_PAIRS,
    ),
]
Source = Annotated[list[str] | None, shared.sources(_PAIRS)]
Target = Annotated[list[str] | None, shared.targets(_PAIRS)]
Images = Annotated[
    str | None,
    typer.Option(
        "--images",
        metavar="FOLDER",
        help="Learn to describe the pictures in this folder: each line is the path of one, a tab"
        " and a caption.",
        show_default=False,
        rich_help_panel=_PAIRS,
    ),
]
Normalise = Annotated[
    str | None,
    typer.Option(
        metavar="FORM",
        help=f"Unicode form of both sides: {', '.join(NORMALISATIONS[:-1])} or"
        f" {NORMALISATIONS[-1]}.",
        rich_help_panel=_PAIRS,
    ),
]
Val = Annotated[
    list[str] | None,
    shared.read_files(
        "--val", "Validate on this file or folder instead of a part of the corpus", _CORPUS
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
    typer.Option(help="Number of epochs: passes over the text.", rich_help_panel=_LENGTH),
]
Minutes = Annotated[
    float | None, typer.Option(help="Minutes to train (3 by default).", rich_help_panel=_LENGTH)
]
MoreMinutes = Annotated[
    float | None, typer.Option(help="Minutes to train from now on.", rich_help_panel=_LENGTH)
]

RunName = Annotated[
    str | None,
    typer.Option(
        "--run",
        "--name",  # torchrun takes --run for a flag of its own
        help="Name of the run; by default that of the corpus.",
        rich_help_panel=_RUN,
    ),
]
KeepCorpus = Annotated[
    bool,
    typer.Option(
        "--keep-corpus",
        help="Continue with the text as it was, even if its files have changed.",
        rich_help_panel=_RUN,
    ),
]
SaveEvery = Annotated[
    float,
    typer.Option(min=0, metavar="S", help="Seconds between checkpoints.", rich_help_panel=_RUN),
]
SampleEvery = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Steps between samples; 0 for none.",
        show_default="0, 10, 50, 150 …; validations",
        rich_help_panel=_RUN,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="Print only warnings and errors.", rich_help_panel=_RUN),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        help="Print what was chosen: network, batch size, dropout.",
        rich_help_panel=_RUN,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print metrics as lines of JSON on stdout.", rich_help_panel=_RUN),
]
TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Also write metrics as TensorBoard event files, in the run's folder.",
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

    def __post_init__(self) -> None:
        if math.isnan(self.save_every):  # which typer's range lets through
            raise SettingError("save_every nan is no time", "it must be 0 or more", "save_every")
