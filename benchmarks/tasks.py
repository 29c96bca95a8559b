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

With --side-by-side 2, two are trained at once, each with one of two cores. With --keep FOLDER the
runs of charrnn stay there. Further flags for charrnn come after --, for instance: -- --optimizer
adamw
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CHARRNN = [sys.executable, "-m", "charrnn"]
Row = dict[str, Any]


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
        row = {"task": self.name, "minutes": self.minutes, "name": name, "seed": seed}
        row |= {"threads": self.threads, "date": date.today().isoformat()}
        result = row | (self._charrnn(seed) if name == "charrnn" else self._rival(name, seed))
        print(json.dumps(result), file=sys.stderr, flush=True)
        return result

    def _charrnn(self, seed: int) -> Row:
        train, dev = self.files
        run = f"{self.name}-{self.minutes:g}-{seed}"
        flags = [flag.format(data=self.data) for flag in self.task.flags]
        began = time.monotonic()
        self._call(
            *CHARRNN, "train", train, *flags, *self.own, "--minutes", self.minutes,
            "--seed", seed, "--threads", self.threads, "--run", run, "--quiet",
        )  # fmt: skip
        seconds = round(time.monotonic() - began, 1)
        scores = json.loads(self._call(*CHARRNN, "score", dev, "--run", run, "--json"))
        figures = {key: 100 * scores[key] for key in self.task.figures.values()}
        return {"seconds": seconds, **figures, "curve": self._curve(run)}

    def _rival(self, name: str, seed: int) -> Row:
        module, *flags = self.task.rivals[name]
        given = ["--minutes", self.minutes, "--seed", seed, "--threads", self.threads]
        rival = [sys.executable, "-m", f"rivals.{module}", *self.files, *flags, *given]
        return json.loads(self._call(*rival))

    def _curve(self, run: str) -> list[Row]:
        """Return the error rate of each validation, in per cent, by the seconds of training."""
        path, errors = self.folder / "checkpoints" / run / "metrics.jsonl", self.task.errors
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [
            {
                "seconds": row["elapsed_seconds"],
                "steps": row["step"],
                errors: 100 * row[f"val_{errors}"],
            }
            for row in rows
            if f"val_{errors}" in row
        ]

    def _call(self, *command: object) -> str:
        """Run a command in the folder of the runs; return what it prints."""
        paths = os.pathsep.join([str(HERE.parent), str(HERE)])
        done = subprocess.run(
            list(map(str, command)), cwd=self.folder, check=True, text=True,
            env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE,
        )  # fmt: skip
        return done.stdout


def table(rows: list[Row]) -> str:
    """Return a line for each task and budget, a column for each competitor."""
    names = [name for name in NAMES if any(row["name"] == name for row in rows)]
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
    figures = []
    for title, key in task.figures.items():
        values = [row[key] for row in rows]
        spread = f" ± {(max(values) - min(values)) / 2:.1f}" if len(values) > 1 else ""
        figures.append(f"{title} {statistics.mean(values):.1f}{spread}")
    return f"{', '.join(figures)} ({statistics.mean(row['seconds'] for row in rows):.0f} s)"


def plot(rows: list[Row], path: Path) -> None:
    """Plot errors on the held-out part against the time, a panel for each task."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogFormatter

    tasks = [name for name in TASKS if any(row["task"] == name for row in rows)]
    size = (4 * len(tasks), 3.5)
    figure, panels = pyplot.subplots(
        1, len(tasks), squeeze=False, figsize=size, layout="constrained"
    )
    for axes, task in zip(panels[0], tasks, strict=True):
        for number, name in enumerate(NAMES):
            of = [row for row in rows if (row["task"], row["name"]) == (task, name)]
            for row in of:
                curve, errors = row.get("curve", ()), TASKS[task].errors
                points = [(point["seconds"] / 60, point[errors]) for point in curve]
                label = name if row is of[0] and points else None
                axes.plot(*zip(*points, strict=True), "o-", color=f"C{number}", ms=3, label=label)
        axes.set_title(task)
        axes.set_xlabel("minutes of training")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))
        axes.grid(axis="y", color="0.9")
    figure.supylabel("errors on held-out texts, per cent")
    shown = {
        label: line
        for axes in panels.flat
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(shown.values(), shown, loc="outside upper center", ncols=len(shown))
    figure.savefig(path)


def compete(trial: Trial, given: argparse.Namespace) -> list[Row]:
    """Train every competitor with every seed."""
    names = [name for name in given.who if name in ("charrnn", *trial.task.rivals)]
    jobs = [(name, seed) for name in names for seed in given.seeds]
    with ThreadPoolExecutor(given.side_by_side) as pool:
        return list(pool.map(lambda job: trial.run(*job), jobs))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--data", type=Path, default=Path(), help="the folder of the files")
    parser.add_argument("--minutes", type=float, help="instead of each task's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--who", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--side-by-side", type=int, default=1, help="trained at once")
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
    rows: list[Row] = []
    if given.results and given.results.exists():
        rows = [json.loads(line) for line in given.results.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        threads = max(1, (os.cpu_count() or 1) // given.side_by_side)
        for name in given.tasks:
            minutes = given.minutes or TASKS[name].minutes
            trial = Trial(name, given.data.resolve(), minutes, threads, given.own, folder)
            new = compete(trial, given)
            rows += new
            if given.results:
                with given.results.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(row) + "\n" for row in new)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print(table(rows))
    if given.plot:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
