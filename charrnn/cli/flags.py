"""The command line's flags: name, other spellings, help. What is chosen without them says plan.py.

A flag's default is the configuration's; None means that it depends on the corpus and the machine.
"""

import dataclasses
import re
from pathlib import Path
from typing import Annotated

import typer

from charrnn.config import (
    DataConfig,
    ModelConfig,
    SampleConfig,
    Setting,
    TrainConfig,
    setting_of,
)
from charrnn.errors import CharRNNError, SettingError

_MODEL, _LEARNING, _BUDGET, _TEXT, _RUN = (
    "Network",
    "Learning",
    "How long",
    "Corpus",
    "Run and display",
)
_AUTO = "by corpus"
_DRAW = "How a character is drawn"
_MANY = "Many samples"

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

Bytes = Annotated[
    bool, typer.Option("--bytes", help="Model raw bytes: any file at all.", rich_help_panel=_TEXT)
]
Records = Annotated[
    str,
    typer.Option(
        help="Learn many small texts: lines (one a line) or blank (between blank lines).",
        show_default="none",
        rich_help_panel=_TEXT,
    ),
]
Lines = Annotated[
    bool, typer.Option("--lines", help="The same as --records lines.", rich_help_panel=_TEXT)
]
Column = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Read one column of a CSV, TSV or JSON lines file, each cell a record; its number"
        " where there is no header.",
        rich_help_panel=_TEXT,
    ),
]
Encoding = Annotated[
    str, typer.Option(help="What the files are written in.", rich_help_panel=_TEXT)
]
ItsEncoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", help="What the file is written in.", show_default="as the run's corpus"
    ),
]
Errors = Annotated[
    str,
    typer.Option(
        help="For bytes that are not in the encoding: strict (stop), replace (with �) or skip"
        " (leave out the line or record).",
        rich_help_panel=_TEXT,
    ),
]
MaxVocab = Annotated[
    int,
    typer.Option(
        min=2,
        help="Largest vocabulary; rarer characters become one unknown symbol.",
        rich_help_panel=_TEXT,
    ),
]
AllowShort = Annotated[
    bool,
    typer.Option(
        "--allow-short", help="Learn from fewer than 200 characters too.", rich_help_panel=_TEXT
    ),
]
ValFraction = Annotated[
    float,
    typer.Option(
        help="Fraction of each file, its end, kept for validation.", rich_help_panel=_TEXT
    ),
]
Val = Annotated[
    list[str] | None,
    typer.Option(
        "--val",
        metavar="FILE",
        help="Validate on this file or folder instead; repeatable.",
        show_default=False,
        rich_help_panel=_TEXT,
    ),
]
TestFraction = Annotated[
    float,
    typer.Option(
        help="Fraction of each, its very end, kept to be scored once.", rich_help_panel=_TEXT
    ),
]
MaxValChars = Annotated[
    int,
    typer.Option(
        help="Validate on at most so many characters; 0 is no limit.", rich_help_panel=_TEXT
    ),
]

Cell = Annotated[
    str | None,
    typer.Option(help="cifg, lstm, gru or rnn.", show_default="lstm", rich_help_panel=_MODEL),
]
HiddenSize = Annotated[
    int | None,
    typer.Option(
        "--hidden-size",
        "--rnn-size",
        help="Units in a layer.",
        show_default=_AUTO,
        rich_help_panel=_MODEL,
    ),
]
NumLayers = Annotated[
    int | None,
    typer.Option(help="Recurrent layers.", show_default="1", rich_help_panel=_MODEL),
]
EmbeddingSize = Annotated[
    int | None,
    typer.Option(help="Embedding size.", show_default=_AUTO, rich_help_panel=_MODEL),
]

Ngrams = Annotated[
    int | None,
    typer.Option(
        help="A step reads the last 1 to n characters; 1 is the plain recurrence.",
        show_default="4",
        rich_help_panel=_MODEL,
    ),
]
Skip = Annotated[
    bool | None,
    typer.Option(
        "--skip/--no-skip",
        help="Feed what a step reads to the head too.",
        show_default="unless --ngrams 1",
        rich_help_panel=_MODEL,
    ),
]
NgramMinCount = Annotated[
    int, typer.Option(help="Rarer n-grams share one embedding.", rich_help_panel=_MODEL)
]

BatchSize = Annotated[
    int | None,
    typer.Option(
        help="Batch size: places of the text read at once.",
        show_default=_AUTO,
        rich_help_panel=_LEARNING,
    ),
]
SeqLength = Annotated[
    int | None,
    typer.Option(
        help="Characters that gradients reach back.", show_default=_AUTO, rich_help_panel=_LEARNING
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        "--learning-rate",
        "--lr",
        help="Peak learning rate.",
        show_default=_AUTO,
        rich_help_panel=_LEARNING,
    ),
]
GradClip = Annotated[
    float,
    typer.Option(
        help="Gradient clipping: the largest norm; 0 is no limit.", rich_help_panel=_LEARNING
    ),
]
WeightDecay = Annotated[
    float, typer.Option(help="Weight decay on matrices.", rich_help_panel=_LEARNING)
]
Dropout = Annotated[
    float | None,
    typer.Option(
        help="Dropout probability on embeddings and layer outputs.",
        show_default=_AUTO,
        rich_help_panel=_LEARNING,
    ),
]
WeightDropout = Annotated[
    float | None,
    typer.Option(
        help="Dropout probability on the recurrent weights.",
        show_default=_AUTO,
        rich_help_panel=_LEARNING,
    ),
]
Optimizer = Annotated[str, typer.Option(help="soap or adamw.", rich_help_panel=_LEARNING)]
StateReset = Annotated[
    float,
    typer.Option(
        help="Probability of a zero state at the start of a window.", rich_help_panel=_LEARNING
    ),
]
EvalEvery = Annotated[
    int | None,
    typer.Option(help="Steps between validations.", show_default=_AUTO, rich_help_panel=_LEARNING),
]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.", rich_help_panel=_LEARNING)]
InitFrom = Annotated[
    str | None,
    typer.Option(
        help="Start from the weights of another run or checkpoint.", rich_help_panel=_LEARNING
    ),
]

Steps = Annotated[
    int | None, typer.Option(help="Number of optimiser steps.", rich_help_panel=_BUDGET)
]
Epochs = Annotated[
    float | None,
    typer.Option(help="Number of epochs: times through the text.", rich_help_panel=_BUDGET),
]
Minutes = Annotated[
    float | None, typer.Option(help="Minutes from now (3 by default).", rich_help_panel=_BUDGET)
]
MinutesMore = Annotated[
    float | None, typer.Option(help="Minutes from now.", rich_help_panel=_BUDGET)
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
Device = Annotated[
    str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=_RUN)
]
Precision = Annotated[
    str,
    typer.Option(
        help="float32; on a GPU also tf32 or bf16: products of fewer digits.", rich_help_panel=_RUN
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        help="CPU threads; by default the fastest number, up to all cores.", rich_help_panel=_RUN
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
Silent = Annotated[
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

Temperature = Annotated[
    str,
    typer.Option(
        "--temp",
        "--temperature",
        "-t",
        help="Sampling temperature; 0 is greedy; 0.5:1.1 ramps up.",
        rich_help_panel=_DRAW,
    ),
]
Length = Annotated[
    int | None,
    typer.Option(
        "--length",
        "-n",
        help="Characters; -1 is without end.",
        show_default="1000; 10000 for a record",
        rich_help_panel=_DRAW,
    ),
]
TopK = Annotated[int, typer.Option(help="Only the k likeliest; 0 is all.", rich_help_panel=_DRAW)]
TopP = Annotated[
    float, typer.Option(help="Only the likeliest that together reach p.", rich_help_panel=_DRAW)
]
MinP = Annotated[
    float,
    typer.Option(
        help="Only those at least p times as likely as the likeliest.", rich_help_panel=_DRAW
    ),
]
RepeatPenalty = Annotated[
    float,
    typer.Option(
        help="Against loops: nats that a character loses for each character, past the fifth, of the"
        " passage it would repeat.",
        rich_help_panel=_DRAW,
    ),
]
SampleSeed = Annotated[
    int | None, typer.Option("--seed", "-s", help="Same seed, same text.", rich_help_panel=_DRAW)
]
Stop = Annotated[
    list[str] | None, typer.Option(help="End before this text; repeatable.", rich_help_panel=_DRAW)
]
Until = Annotated[
    list[str] | None, typer.Option(help="End after this text; repeatable.", rich_help_panel=_DRAW)
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


def flag_of(field: str) -> str:
    """The flag of a setting, as it is typed."""
    setting = _SETTINGS.get(field, Setting())
    return setting.flag.partition("/")[0] or "--" + field.replace("_", "-")


def in_flags(error: CharRNNError) -> str:
    """An error in one line, its settings called by their flags."""
    line = str(error)
    for field in error.fields if isinstance(error, SettingError) else ():
        line = re.sub(rf"\b{field}\b", flag_of(field), line, count=1)
    return line


_SETTINGS = {
    spec.name: setting_of(spec)
    for group in (ModelConfig, DataConfig, TrainConfig, SampleConfig)
    for spec in dataclasses.fields(group)
}
