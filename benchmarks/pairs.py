"""How well is a model of pairs translating after so many minutes?

    python benchmarks/pairs.py TRAIN DEV --minutes 5 --seeds 1 2 3 4 --target-symbols spaces
    python benchmarks/pairs.py reverse --minutes 1 --who charrnn

Files have lines of source TAB target; "reverse" is made here: random strings of 5 to 20 letters and
the same backwards, no string twice. Each of these is trained once for each seed:

    charrnn         charrnn train TRAIN --pairs --val DEV --minutes M: the whole command, from
                    Enter to its end; scored by charrnn score DEV, greedily
    tutorial        the network of PyTorch's tutorial, one pair at a time   (rivals/tutorial.py)
    tutorial-32     the same network in batches of 32
    transformer     a character transformer, in batches of 400 as published (rivals/transformer.py)
    transformer-32  the same network in batches of 32: more steps

and the first --ensemble runs of charrnn are scored together, too. Dev chooses the checkpoint of a
run that is reported, for each of them: charrnn's best validation, the best point of a rival's
curve. Where time is short, charrnn validates (and its curve shows) a part of dev; what is reported
is always all of dev. The clock of a rival runs only while it trains: not while torch is imported,
files are read or dev is translated.

With --side-by-side 2, two are trained at once, each with one of two cores. With --keep FOLDER the
runs of charrnn stay there, to be scored on other files. Further flags for charrnn come after --,
for instance: -- --optimizer adamw
"""

import argparse
import json
import os
import platform
import random
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

RIVALS = ("tutorial", "tutorial-32", "transformer", "transformer-32")
NAMES = ("charrnn", *RIVALS)
HERE = Path(__file__).resolve().parent
CHARRNN = [sys.executable, "-m", "charrnn"]
NUM_REVERSED, LENGTHS = (100_000, 1000), (5, 20)  # pairs to learn and for dev; letters
Row = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """What all competitors are given."""

    train: Path
    dev: Path
    minutes: float
    threads: int
    pairs: list[str]  # flags that say how the files are read
    own: list[str]  # further flags for charrnn
    folder: Path  # of the runs

    @property
    def title(self) -> str:
        return self.train.stem.removesuffix("_train")

    def run(self, name: str, seed: int) -> Row:
        """Train one competitor; return its row."""
        row = {"corpus": self.title, "minutes": self.minutes, "name": name, "seed": seed}
        row |= {"threads": self.threads, "date": date.today().isoformat()}
        result = row | (self._charrnn(seed) if name == "charrnn" else self._rival(name, seed))
        print(json.dumps(result), file=sys.stderr, flush=True)
        return result

    def _charrnn(self, seed: int) -> Row:
        began = time.monotonic()
        self._call(
            *CHARRNN, "train", self.train, "--pairs", "--val", self.dev, *self.pairs, *self.own,
            "--minutes", self.minutes, "--seed", seed, "--threads", self.threads,
            "--run", self._name(seed), "--quiet",
        )  # fmt: skip
        seconds = round(time.monotonic() - began, 1)
        return {"seconds": seconds, **self.score([seed]), "curve": self._curve(seed)}

    def _rival(self, name: str, seed: int) -> Row:
        rival = [sys.executable, "-m", "rivals", name, self.train, self.dev, *self.pairs]
        given = ["--minutes", self.minutes, "--seed", seed, "--threads", self.threads]
        return json.loads(self._call(*rival, *given))

    def score(self, seeds: Iterable[int]) -> Row:
        """Score runs of charrnn on dev as one model; return shares in per cent."""
        runs = [flag for seed in seeds for flag in ("--run", self._name(seed))]
        figures = json.loads(self._call(*CHARRNN, "score", self.dev, *runs, "--json"))
        names = "word_error_rate", "symbol_error_rate", "exact_match"
        shares = {name: 100 * figures[name] for name in names}
        return shares | {name: figures[name] for name in ("bleu", "chrf") if name in figures}

    def _curve(self, seed: int) -> list[Row]:
        """Return the word error rate on dev at each validation, by the seconds of training."""
        path = self.folder / "checkpoints" / self._name(seed) / "metrics.jsonl"
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [
            {
                "seconds": row["elapsed_seconds"],
                "steps": row["step"],
                "word_error_rate": 100 * row["val_word_error_rate"],
            }
            for row in rows
            if "val_word_error_rate" in row
        ]

    def _name(self, seed: int) -> str:
        return f"{self.title}-{self.minutes:g}-{seed}"

    def _call(self, *command: object) -> str:
        """Run a command in the folder of the runs; return what it prints."""
        paths = os.pathsep.join([str(HERE.parent), str(HERE)])
        done = subprocess.run(
            list(map(str, command)), cwd=self.folder, check=True, text=True,
            env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE,
        )  # fmt: skip
        return done.stdout


def reversing(folder: Path) -> list[Path]:
    """Write strings and their reverses, to be learned and for dev."""
    draws = random.Random(1)
    texts: dict[str, None] = {}
    while len(texts) < sum(NUM_REVERSED):
        texts["".join(draws.choices(string.ascii_lowercase, k=draws.randint(*LENGTHS)))] = None
    every = [f"{text}\t{text[::-1]}\n" for text in texts]
    paths = [folder / "reverse_train.tsv", folder / "reverse_dev.tsv"]
    for path, lines in zip(
        paths, (every[: NUM_REVERSED[0]], every[NUM_REVERSED[0] :]), strict=True
    ):
        path.write_text("".join(lines), "utf-8")
    return paths


def table(rows: list[Row]) -> str:
    """Return a line for each corpus and budget, a column for each competitor."""
    names = [*NAMES, *sorted({row["name"] for row in rows} - set(NAMES))]
    names = [name for name in names if any(row["name"] == name for row in rows)]
    lines = [f"| data | minutes | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    for corpus, minutes in sorted({(row["corpus"], row["minutes"]) for row in rows}):
        of = [row for row in rows if (row["corpus"], row["minutes"]) == (corpus, minutes)]
        cells = [cell([row for row in of if row["name"] == name]) for name in names]
        lines.append(f"| {corpus} | {minutes:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(rows: list[Row]) -> str:
    """Return the mean over the seeds, and half the range; of sentences BLEU and chrF."""
    if not rows:
        return ""
    kinds = {"BLEU": "bleu", "chrF": "chrf"} if "bleu" in rows[0] else {"WER": "word_error_rate"}
    figures = []
    for title, kind in kinds.items():
        values = [row[kind] for row in rows]
        spread = f" ± {(max(values) - min(values)) / 2:.1f}" if len(values) > 1 else ""
        figures.append(f"{title} {statistics.mean(values):.1f}{spread}")
    return ", ".join(figures)


def plot(rows: list[Row], path: Path) -> None:
    """Plot word error rates on dev against the time, a panel for each corpus."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogFormatter

    corpora = sorted({row["corpus"] for row in rows})
    num_columns = min(4, len(corpora))
    num_rows = -(-len(corpora) // num_columns)
    size = (4 * num_columns, 3.2 * num_rows)
    figure, panels = pyplot.subplots(
        num_rows, num_columns, squeeze=False, figsize=size, layout="constrained"
    )
    colours = ("#c1121f", "#457b9d", "#8ecae6", "#2a9d8f", "#95d5b2")
    for axes, corpus in zip(panels.flat, corpora, strict=False):
        for name, colour in zip(NAMES, colours, strict=True):
            of = [row for row in rows if (row["corpus"], row["name"]) == (corpus, name)]
            for row in of:
                points = [(p["seconds"] / 60, p["word_error_rate"]) for p in row["curve"]]
                label = name if row is of[0] else None
                axes.plot(*zip(*points, strict=True), "o-", color=colour, ms=3, label=label)
        axes.set_title(corpus)
        axes.set_xlabel("minutes of training")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))
        axes.grid(axis="y", color="0.9")
    for axes in panels.flat[len(corpora) :]:
        axes.axis("off")
    figure.supylabel("word error rate on dev, per cent")
    shown = {
        label: line
        for axes in panels.flat
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(shown.values(), shown, loc="outside upper center", ncols=len(shown))
    figure.savefig(path)


def compete(trial: Trial, given: argparse.Namespace) -> list[Row]:
    """Train every competitor with every seed, and score the ensemble of charrnn's runs."""
    jobs = [(name, seed) for name in given.who for seed in given.seeds]
    with ThreadPoolExecutor(given.side_by_side) as pool:
        rows = list(pool.map(lambda job: trial.run(*job), jobs))
    members = given.seeds[: given.ensemble]
    if len(members) > 1 and "charrnn" in given.who:
        name = f"charrnn ×{len(members)}"
        row = {"corpus": trial.title, "minutes": trial.minutes, "name": name, "seed": members}
        rows.append(row | trial.score(members))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    return rows


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="TRAIN DEV, or reverse")
    parser.add_argument("--minutes", type=float, nargs="+", default=[5.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--who", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--ensemble", type=int, default=4, help="the first so many seeds")
    parser.add_argument("--side-by-side", type=int, default=1, help="trained at once")
    parser.add_argument("--target-symbols", default="characters")
    parser.add_argument("--source-normalise", default="none")
    parser.add_argument("--results", type=Path, help="a file of JSON lines that grows")
    parser.add_argument("--plot", type=Path, help="an SVG or PNG of all results so far")
    parser.add_argument("--keep", type=Path, help="a folder for the runs of charrnn")
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    given = parser.parse_args(sys.argv[1:own], argparse.Namespace(own=sys.argv[own + 1 :]))
    if given.files != ["reverse"] and len(given.files) not in (0, 2):
        parser.error("give TRAIN and DEV, or reverse")
    return given


def main() -> None:
    given = arguments()
    rows: list[Row] = []
    if given.results and given.results.exists():
        rows = [json.loads(line) for line in given.results.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        files = [Path(name).resolve() for name in given.files]
        if given.files == ["reverse"]:
            files = reversing(folder)
        threads = max(1, (os.cpu_count() or 1) // given.side_by_side)
        pairs = ["--target-symbols", given.target_symbols]
        pairs += ["--source-normalise", given.source_normalise]
        for minutes in given.minutes if files else ():
            trial = Trial(*files, minutes, threads, pairs, given.own, folder)
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
