"""How well is a model of pairs translating after so many minutes?

    python benchmarks/pairs.py TRAIN DEV --minutes 5 --seeds 1 2 3 4 --target-symbols spaces
    python benchmarks/pairs.py reverse --minutes 1 --who charrnn

Files have lines of source TAB target; "reverse" is made here: random strings of 5 to 20 letters and
the same backwards, no string twice. Each of these is trained once for each seed:

    charrnn         charrnn train TRAIN --pairs --val DEV --minutes M: the whole command, from
                    Enter to its end; scored by charrnn score DEV, greedily
    tutorial        the network of PyTorch's tutorial, one pair at a time   (rivals/tutorial.py)
    tutorial-32     the same network in batches of 32, as the tutorial has it
    transformer     a character transformer, in batches of 400 as published (rivals/transformer.py)
    transformer-32  the same network in batches of 32: more steps

and the first --ensemble runs of charrnn are scored together, too. Dev chooses the checkpoint of a
run that is reported, for each of them: charrnn's best validation, the best point of a rival's
curve. Where time is short, charrnn validates (and its curve shows) a part of dev; what is reported
is always all of dev. The clock of a rival runs only while it trains: not while torch is imported,
files are read or dev is translated.

With --side-by-side 2, two are trained at once, each with one thread on a core of its own; without,
one after another, with all cores. --results FILE collects rows over several calls, each as soon as
it is measured; of several of the same, the last one counts. Without files, the table of what is
collected is printed. With --keep FOLDER the runs of charrnn stay there, to be scored on other
files. Further flags for charrnn come after --, for instance: -- --optimizer adamw
"""

import argparse
import functools
import itertools
import json
import random
import string
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import curves
import measured
from measured import Row

RIVALS = ("tutorial", "tutorial-32", "transformer", "transformer-32")
NAMES = ("charrnn", *RIVALS)
HERE = Path(__file__).resolve().parent
KEYS = ("corpus", "minutes", "name", "seed")  # what a row is a measurement of
NUM_REVERSED, LENGTHS = (100_000, 1000), (5, 20)  # pairs to learn and for dev; letters
COLOURS = ("#c1121f", "#457b9d", "#8ecae6", "#2a9d8f", "#95d5b2")


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
        about = self.about(" ".join([name, *self.own]) if name == "charrnn" else name, seed)
        about |= {"threads": self.threads, **measured.circumstances()}
        return about | (self._charrnn(seed) if name == "charrnn" else self._rival(name, seed))

    def about(self, name: str, seed: int | list[int]) -> Row:
        """What a row is a measurement of."""
        return dict(zip(KEYS, (self.title, self.minutes, name, seed), strict=True))

    def _charrnn(self, seed: int) -> Row:
        seconds = measured.train_to_end(
            self.folder, self._name(seed),
            self.train, "--pairs", "--val", self.dev, *self.pairs, *self.own,
            "--minutes", self.minutes, "--seed", seed, "--threads", self.threads,
        )  # fmt: skip
        curve = measured.curve(self.folder, self._name(seed), "word_error_rate")
        return {"seconds": round(seconds, 1), **self.score([seed]), "curve": curve}

    def _rival(self, name: str, seed: int) -> Row:
        given = ["--minutes", self.minutes, "--seed", seed, "--threads", self.threads]
        files = [self.train, self.dev]
        return json.loads(measured.python(HERE, "-m", "rivals", name, *files, *self.pairs, *given))

    def score(self, seeds: Iterable[int]) -> Row:
        """Score runs of charrnn on dev as one model; return shares in per cent."""
        runs = [flag for seed in seeds for flag in ("--run", self._name(seed))]
        figures = json.loads(measured.charrnn(self.folder, "score", self.dev, *runs, "--json"))
        names = "word_error_rate", "symbol_error_rate", "exact_match"
        shares = {name: 100 * figures[name] for name in names}
        return shares | {name: figures[name] for name in ("bleu", "chrf") if name in figures}

    def _name(self, seed: int) -> str:
        return f"{self.title}-{self.minutes:g}-{seed}"


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
    return ", ".join(
        f"{title} {measured.mean_of_seeds([row[kind] for row in rows], 1)}"
        for title, kind in kinds.items()
    )


def plot(rows: list[Row], path: Path) -> None:
    """Plot word error rates on dev against the time, a panel for each corpus."""
    panels = {
        corpus: {
            name: curves.points(
                (row for row in rows if (row["corpus"], row["name"]) == (corpus, name)),
                "word_error_rate",
            )
            for name in NAMES
        }
        for corpus in sorted({row["corpus"] for row in rows})
    }
    colours = dict(zip(NAMES, COLOURS, strict=True))
    curves.draw(panels, path, colours=colours, errors="word error rate on dev, per cent")


def compete(trial: Trial, given: argparse.Namespace) -> Iterator[Row]:
    """Train every competitor with every seed, and score the ensemble of charrnn's runs."""
    jobs = [functools.partial(trial.run, *job) for job in itertools.product(given.who, given.seeds)]
    yield from measured.side_by_side(jobs, given.side_by_side)
    members = given.seeds[: given.ensemble]
    if len(members) > 1 and "charrnn" in given.who:
        name = " ".join([f"charrnn ×{len(members)}", *trial.own])
        yield trial.about(name, members) | measured.circumstances() | trial.score(members)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="TRAIN DEV, or reverse")
    parser.add_argument("--minutes", type=float, nargs="+", default=[5.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--who", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--ensemble", type=int, default=4, help="the first so many seeds")
    parser.add_argument(
        "--side-by-side", type=measured.num_at_once, metavar="N", help="runs at once, a core each"
    )
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
    rows = measured.read(given.results)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        files = [Path(name).resolve() for name in given.files]
        if given.files == ["reverse"]:
            files = reversing(folder)
        threads = 1 if given.side_by_side else len(measured.cores())
        pairs = ["--target-symbols", given.target_symbols]
        pairs += ["--source-normalise", given.source_normalise]
        for minutes in given.minutes if files else ():
            trial = Trial(*files, minutes, threads, pairs, given.own, folder)
            rows = measured.collected(rows, compete(trial, given), given.results)
    rows = measured.latest(rows, *KEYS)
    print(measured.heading("torch"))
    print(table(rows))
    if given.plot and rows:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
