"""The flags of the commands: those made from settings, and those that are declared here.

A default of None means that the run or the command chooses the value.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from charrnn.cli.settings import Values, option
from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, SampleConfig, TrainConfig

_LEARNING, _LENGTH, _CORPUS, _RUN = "Learning", "How long", "Corpus", "Run and display"
_MANY = "Many samples"

OfNewRun = Annotated[Values, ModelConfig, TrainConfig, DataConfig, RuntimeConfig]
OfSample = Annotated[Values, SampleConfig]
Steps = Annotated[int | None, option(TrainConfig, "steps")]
Device = Annotated[str | None, option(RuntimeConfig, "device")]
Threads = Annotated[int | None, option(RuntimeConfig, "threads")]

Corpus = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders, - for standard input, or shakespeare, which is also the default."
    ),
]
Run = Annotated[
    str | None, typer.Argument(help="A run's name or folder; the newest run by default.")
]
RunToRead = Annotated[
    str | None,
    typer.Argument(
        help="A run's name, its folder or a checkpoint file; the newest run by default."
    ),
]

Lines = Annotated[
    bool, typer.Option("--lines", help="Short for --records lines.", rich_help_panel=_CORPUS)
]
ItsEncoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Encoding of the file.", show_default="as the run's corpus"),
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
MinutesMore = Annotated[
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
AsJson = Annotated[
    bool, typer.Option("--json", help="Figures as lines of JSON on stdout.", rich_help_panel=_RUN)
]
Tensorboard = Annotated[
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

Replay = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Make at most so many steps again; 0 makes none.",
        show_default="all since the previous checkpoint",
    ),
]

Prompt = Annotated[str | None, typer.Option("--prompt", "-p", help="The text to go on from.")]
PromptFile = Annotated[
    str | None,
    typer.Option(
        "--prompt-file",
        "-f",
        help="A file to go on from; - for standard input, less its last newline.",
    ),
]
Prompts = Annotated[
    str | None,
    typer.Option(
        help="A file with a prompt in each line, - for standard input; --num samples of each.",
        metavar="FILE",
        rich_help_panel=_MANY,
    ),
]
NoPrompt = Annotated[bool, typer.Option("--no-prompt", help="Write only what follows the prompt.")]
Texts = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files to score, - for standard input; else a split of the run's own corpus."
    ),
]
RunToScore = Annotated[
    str | None,
    typer.Option(
        "--run", help="A run's name, its folder or a checkpoint file; the newest run by default."
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
RunsToPlot = Annotated[
    list[str] | None, typer.Argument(help="Names or folders of runs; the newest run by default.")
]
Against = Annotated[str, typer.Option(help="What the losses are drawn against: steps or minutes.")]
InBits = Annotated[bool, typer.Option("--bits", help="Bits per character rather than nats.")]
LogX = Annotated[bool, typer.Option("--log", help="Steps or minutes on a logarithmic scale.")]
ExportChart = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write the chart to a .svg, .png or .pdf (needs matplotlib)."
    ),
]
Num = Annotated[
    int | None,
    typer.Option(
        min=-1,
        help="How many samples; -1 is without end.",
        show_default="1; 10 records",
        rich_help_panel=_MANY,
    ),
]
Unique = Annotated[bool, typer.Option("--unique", help="No sample twice.", rich_help_panel=_MANY)]
Novel = Annotated[
    bool,
    typer.Option(
        "--novel",
        help="No record of the corpus; --novel N is --novel-chars N.",
        rich_help_panel=_MANY,
    ),
]
NovelChars = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="No N characters in a row from the corpus; the prompt is not counted.",
        rich_help_panel=_MANY,
    ),
]
Report = Annotated[
    bool,
    typer.Option("--report", help="Say what was copied from the corpus, and which words are new."),
]
Match = Annotated[
    str | None,
    typer.Option(
        help="Only samples in which this regular expression is found.", rich_help_panel=_MANY
    ),
]
SampleDevice = Annotated[
    str, typer.Option("--device", help="cpu, or cuda for many at once.", rich_help_panel=_MANY)
]
NoStream = Annotated[
    bool, typer.Option("--no-stream", help="Write each sample when it is complete.")
]
SampleJson = Annotated[bool, typer.Option("--json", help="Each sample as a line of JSON.")]
InfoJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
TextToRead = Annotated[
    str | None,
    typer.Option("--text", help="A file to read, - for standard input; else the validation split."),
]
FeatureName = Annotated[
    str | None, typer.Option("--feature", help="The ten units that follow this feature best.")
]
UnitName = Annotated[
    str | None,
    typer.Option("--unit", help="Colour the text by one unit: h0.17 is h of layer 0, number 17."),
]
NumRead = Annotated[
    int | None,
    typer.Option(
        "--length",
        "-n",
        min=1,
        help="Characters of the text to read.",
        show_default="20000; 1000 with --unit",
    ),
]
HeatFile = Annotated[
    Path | None, typer.Option("--export", help="With --unit: write it to FILE.html or FILE.svg.")
]
RunsToCompare = Annotated[
    list[str] | None,
    typer.Argument(
        help="Runs, their folders or checkpoint files; the newest run by default.",
        metavar="[RUN]...",
    ),
]
Compare = Annotated[
    bool, typer.Option("--compare", help="Draw several runs together: --compare RUN RUN RUN.")
]
NumPlaces = Annotated[
    int, typer.Option(min=8, help="Characters of the validation split to look back from.")
]
ChartFiles = Annotated[
    Path | None,
    typer.Option("--export", help="FILE.svg: two charts, FILE-reach.svg and FILE-context.svg."),
]
Ask = Annotated[
    str | None,
    typer.Argument(
        help="The text so far, exactly as it is; - for standard input, less its last newline."
    ),
]
Top = Annotated[int, typer.Option(min=1, help="How many characters to show.")]
PredictTemperature = Annotated[
    float | None,
    typer.Option(
        "--temp", "--temperature", "-t", help="As a sample would have it.", show_default="1"
    ),
]
EachStep = Annotated[
    bool,
    typer.Option("--steps", help="How each character of the prompt itself was expected."),
]
PerLine = Annotated[
    bool,
    typer.Option(
        "--per-line",
        help="Each line on its own, as a line of JSON. To find the odd ones sort by bits_per_char:"
        " the probability of a line falls with its length, however ordinary it is.",
    ),
]
HeatMap = Annotated[
    bool, typer.Option("--heatmap", help="Show the text, each character coloured by surprise.")
]
Export = Annotated[Path | None, typer.Option(help="Write that heat map to a file: .html or .svg.")]


@dataclass(frozen=True)
class Display:
    """What a run that trains shows and keeps."""

    save_every: SaveEvery = 30.0
    sample_every: SampleEvery = None
    quiet: Quiet = False
    verbose: Verbose = False
    as_json: AsJson = False
    tensorboard: Tensorboard = False


@dataclass(frozen=True)
class Many:
    """How many samples, and which of them."""

    num: Num = None
    prompts: Prompts = None
    unique: Unique = False
    novel: Novel = False
    novel_chars: NovelChars = None
    match: Match = None
    device: SampleDevice = "cpu"


@dataclass(frozen=True)
class Output:
    """How samples are written."""

    no_prompt: NoPrompt = False
    no_stream: NoStream = False
    as_json: SampleJson = False
    report: Report = False
