"""How well does each task decide after so many minutes?

    python benchmarks/tasks.py surnames reviews --data FOLDER --seeds 1 2

    surnames   a language for each: surnames-train.tsv and -dev.tsv in FOLDER, text TAB label
    reviews    positive or negative: reviews-train.tsv and -dev.tsv
    diacritics texts without their diacritics, in step: diacritics-train.tsv and -dev.tsv, as
               examples/diacritics.py writes them (--test FILE names the text of dev)
    shapes     captions of pictures of two shapes, whose combinations are new in dev: what
               examples/shapes.py prints, shapes-train.tsv and -dev.tsv, and its folder shapes

Each is learned once for each seed, by charrnn and by rivals:

    charrnn         charrnn train TRAIN --labels --minutes M (--in-step, --images shapes): the
                    whole command, from Enter to its end; then charrnn score DEV
    tutorial        the network of PyTorch's tutorial on names, one at a time  (rivals/names_rnn.py)
    tutorial-texts  the same network, which draws every name alike, not every label
    regression      TF-IDF of character n-grams and logistic regression, by scikit-learn
                    (rivals/ngram_regression.py; pip install 'charrnn[bench]')
    lookup          the form that each word had most often             (rivals/word_lookup.py)

Dev chooses nothing: each holds out a tenth of train, which chooses the checkpoint (of charrnn, of
the tutorial) or the strength (of the regression), and is scored on dev once. A curve is of that
tenth. The clock of the tutorial runs only while it trains; the regression takes its own time, which
its row tells.

With --side-by-side 2, two are trained at once, each with one thread on a core of its own; without,
one after another, with all cores. --results FILE collects rows over several calls, each as soon as
it is measured; of several of the same, the last one counts. Without a task, the table of what is
collected is printed. With --keep FOLDER the runs of charrnn stay there. Further flags for charrnn
come after --, for instance: -- --optimizer adamw
"""

import argparse
import functools
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import curves
import measured
from measured import Row

HERE = Path(__file__).resolve().parent
KEYS = ("task", "minutes", "name", "seed")  # what a row is a measurement of


@dataclass(frozen=True)
class Task:
    """What is learned. Its files are TASK-train.tsv and TASK-dev.tsv in the folder of the data.

    A rival is a module with the arguments of `rivals.labelled`. It prints its figures by the same
    keys, in per cent, and the points of a curve: seconds, steps and the errors.
    """

    minutes: float
    flags: tuple[str, ...]  # of charrnn train; {data} is the folder
    figures: dict[str, str]  # a figure's name for people: its key in what `charrnn score` prints
    errors: str  # the metric that is drawn, a share: val_… in the metrics of a run
    rivals: dict[str, tuple[str, ...]]  # by name: a module of rivals, and its flags


LABELS = {
    "tutorial": ("names_rnn",),
    "tutorial-texts": ("names_rnn", "--draw", "texts"),
    "regression": ("ngram_regression",),
}
FIGURES_OF_LABELS = {"accuracy": "accuracy", "macro F1": "macro_f1"}
FIGURES_IN_STEP = {"characters wrong": "symbol_error_rate", "words wrong": "word_error_rate"}
TASKS = {
    "surnames": Task(1, ("--labels",), FIGURES_OF_LABELS, "error_rate", LABELS),
    "reviews": Task(5, ("--labels",), FIGURES_OF_LABELS, "error_rate", LABELS),
    "diacritics": Task(
        5, ("--in-step",), FIGURES_IN_STEP, "symbol_error_rate", {"lookup": ("word_lookup",)}
    ),
    "shapes": Task(
        5,
        ("--images", "{data}/shapes"),
        {"captions right": "exact_match", "words wrong": "word_error_rate"},
        "word_error_rate",
        {},
    ),
}
NAMES = ["charrnn", *dict.fromkeys(name for task in TASKS.values() for name in task.rivals)]


@dataclass(frozen=True)
class Trial:
    """A task, and what all competitors are given."""

    name: str
    data: Path
    minutes: float
    threads: int
    own: list[str]  # further flags for charrnn
    folder: Path  # of the runs

    @property
    def task(self) -> Task:
        return TASKS[self.name]

    @property
    def files(self) -> list[Path]:
        return [self.data / f"{self.name}-{part}.tsv" for part in ("train", "dev")]

    def run(self, name: str, seed: int) -> Row:
        """Train one competitor; return its row, with figures in per cent."""
        who = " ".join([name, *self.own]) if name == "charrnn" else name
        row = dict(zip(KEYS, (self.name, self.minutes, who, seed), strict=True))
        row |= {"threads": self.threads, **measured.circumstances()}
        return row | (self._charrnn(seed) if name == "charrnn" else self._rival(name, seed))

    def _charrnn(self, seed: int) -> Row:
        train, dev = self.files
        run = f"{self.name}-{self.minutes:g}-{seed}"
        flags = [flag.format(data=self.data) for flag in self.task.flags]
        seconds = measured.train_to_end(
            self.folder, run, train, *flags, *self.own,
            "--minutes", self.minutes, "--seed", seed, "--threads", self.threads,
        )  # fmt: skip
        scores = json.loads(measured.charrnn(self.folder, "score", dev, "--run", run, "--json"))
        figures = {key: 100 * scores[key] for key in self.task.figures.values()}
        curve = measured.curve(self.folder, run, self.task.errors)
        return {"seconds": round(seconds, 1), **figures, "curve": curve}

    def _rival(self, name: str, seed: int) -> Row:
        module, *flags = self.task.rivals[name]
        given = ["--minutes", self.minutes, "--seed", seed, "--threads", self.threads]
        return json.loads(
            measured.python(HERE, "-m", f"rivals.{module}", *self.files, *flags, *given)
        )


def table(rows: list[Row]) -> str:
    """Return a line for each task and budget, a column for each competitor."""
    names = [*NAMES, *sorted({row["name"] for row in rows} - set(NAMES))]
    names = [name for name in names if any(row["name"] == name for row in rows)]
    lines = [f"| task | minutes | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    for task, minutes in sorted({(row["task"], row["minutes"]) for row in rows}):
        of = [row for row in rows if (row["task"], row["minutes"]) == (task, minutes)]
        cells = [cell(TASKS[task], [row for row in of if row["name"] == name]) for name in names]
        lines.append(f"| {task} | {minutes:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(task: Task, rows: list[Row]) -> str:
    """Return the mean of each figure over the seeds, half the range, and the seconds."""
    if not rows:
        return ""
    figures = [
        f"{title} {measured.mean_of_seeds([row[key] for row in rows], 1)}"
        for title, key in task.figures.items()
    ]
    return f"{', '.join(figures)} ({statistics.mean(row['seconds'] for row in rows):.0f} s)"


def plot(rows: list[Row], path: Path) -> None:
    """Plot errors on the held-out part against the time, a panel for each task."""
    panels = {
        task: {
            name: curves.points(
                (row for row in rows if (row["task"], row["name"]) == (task, name)),
                TASKS[task].errors,
            )
            for name in NAMES
        }
        for task in TASKS
        if any(row["task"] == task for row in rows)
    }
    colours = {name: f"C{number}" for number, name in enumerate(NAMES)}
    curves.draw(panels, path, colours=colours, errors="errors on held-out texts, per cent")


def compete(trial: Trial, given: argparse.Namespace) -> Iterator[Row]:
    """Train every competitor with every seed."""
    names = [name for name in given.who if name in ("charrnn", *trial.task.rivals)]
    jobs = [functools.partial(trial.run, *job) for job in itertools.product(names, given.seeds)]
    yield from measured.side_by_side(jobs, given.side_by_side)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--data", type=Path, default=Path(), help="the folder of the files")
    parser.add_argument("--minutes", type=float, help="instead of each task's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--who", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument(
        "--side-by-side", type=measured.num_at_once, metavar="N", help="runs at once, a core each"
    )
    parser.add_argument("--results", type=Path, help="a file of JSON lines that grows")
    parser.add_argument("--plot", type=Path, help="an SVG or PNG of all results so far")
    parser.add_argument("--keep", type=Path, help="a folder for the runs of charrnn")
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    given = parser.parse_args(sys.argv[1:own], argparse.Namespace(own=sys.argv[own + 1 :]))
    if unknown := set(given.tasks) - set(TASKS):
        parser.error(f"there is no task {', '.join(unknown)}; there are {', '.join(TASKS)}")
    return given


def main() -> None:
    given = arguments()
    rows = measured.read(given.results)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        threads = 1 if given.side_by_side else len(measured.cores())
        for name in given.tasks:
            minutes = given.minutes or TASKS[name].minutes
            trial = Trial(name, given.data.resolve(), minutes, threads, given.own, folder)
            rows = measured.collected(rows, compete(trial, given), given.results)
    rows = measured.latest(rows, *KEYS)
    print(measured.heading("torch"))
    print(table(rows))
    if given.plot and rows:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
