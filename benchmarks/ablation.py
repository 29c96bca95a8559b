"""What is each part of the default recipe worth?

    python benchmarks/ablation.py CORPUS --minutes 1 3 --seeds 1 2 3 --side-by-side 2 \\
        --results benchmarks/ablation.jsonl

Runs `charrnn train` with its defaults, and with one part left out or changed at a time, each run
with one thread on a core of its own. With --side-by-side 2, two run at once. All get the same wall
time, so a part that costs time has to earn it. Prints a table for each number of minutes: the loss
of the best checkpoint on the last tenth of the text, in nats per character with the state reset
every 256.

A row of the table is a line of VARIANTS: add one there. --results FILE collects runs over several
calls. A run that is there (the same text, minutes, seed and flags) is not made again: a call that
was interrupted goes on where it was. Without a corpus, the tables of what is collected are printed.
"""

import argparse
import itertools
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import measured
from measured import Row


@dataclass(frozen=True)
class Variant:
    """A row of the table: the default recipe with these flags of `charrnn train`."""

    name: str
    flags: str = ""
    from_minutes: float = 0.0  # shorter runs have it by default

    @property
    def title(self) -> str:
        return f"{self.name} (`{self.flags}`)" if self.flags else self.name


DEFAULT = Variant("the default recipe")
VARIANTS = (
    DEFAULT,
    Variant("characters alone", "--ngrams 1"),
    Variant("no 3- and 4-grams", "--ngrams 2"),
    Variant("no 4-grams", "--ngrams 3"),
    Variant("5-grams too", "--ngrams 5"),
    Variant("every n-gram has a row", "--ngram-min-count 1"),
    Variant("random first embeddings", "--ngram-init random"),
    Variant("no weight decay", "--weight-decay 0"),
    Variant("neither of these", "--ngram-init random --weight-decay 0"),
    Variant("no skip connection", "--no-skip"),
    Variant("AdamW", "--optimizer adamw"),
    Variant("two layers", "--num-layers 2"),
    Variant("twice the lanes", "--batch-size 64"),
    Variant("longer windows", "--seq-length 96"),
    Variant("256 units, whatever the time", "--hidden-size 256"),
    Variant("no clipping", "--grad-clip 0"),
    Variant("no state resets", "--state-reset 0"),
    Variant("no dropout", "--dropout 0 --weight-dropout 0", from_minutes=1),
    Variant("coupled gates", "--cell cifg"),
    Variant("GRU", "--cell gru"),
    Variant("vanilla RNN", "--cell rnn"),
)
KEYS = ("corpus", "minutes", "seed", "flags")  # what a row is a measurement of


@dataclass(frozen=True)
class Job:
    """A run to be made."""

    corpus: Path
    minutes: float
    seed: int
    variant: Variant

    @property
    def about(self) -> Row:
        """What the run is a measurement of."""
        values = self.corpus.stem, self.minutes, self.seed, self.variant.flags
        return dict(zip(KEYS, values, strict=True))

    def run(self) -> Row:
        """Train with one thread on this thread's core; return the row."""
        about = self.about | measured.circumstances()
        flags = ["--threads", "1", *self.variant.flags.split()]
        return about | measured.train(self.corpus, self.minutes, self.seed, *flags)


def jobs(corpus: Path, minutes: Iterable[float], seeds: Iterable[int]) -> list[Job]:
    """Return all runs, seed by seed, so that an hour in which the machine is slow hits all rows."""
    return [
        Job(corpus, budget, seed, variant)
        for budget, seed, variant in itertools.product(minutes, seeds, VARIANTS)
        if budget >= variant.from_minutes
    ]


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a table for each text and budget, and how large its noise is."""
    for corpus, minutes in sorted({(row["corpus"], row["minutes"]) for row in rows}):
        of = [row for row in rows if (row["corpus"], row["minutes"]) == (corpus, minutes)]
        by_flags = {variant.flags: [] for variant in VARIANTS}
        for row in sorted(of, key=lambda row: row["seed"]):
            by_flags.get(row["flags"], []).append(row)
        where = [measured.noted(of, key) for key in ("machine", "date", "torch", "commit")]
        title = "{}, {:g} min ({}, {}, torch {}, commit {}):".format(corpus, minutes, *where)
        yield "\n".join([title, "", *_lines(by_flags)])
        yield noise([[row["reset"] for row in own] for own in by_flags.values()])


def _lines(by_flags: dict[str, list[Row]]) -> Iterator[str]:
    yield "| | loss | each seed | against the default | steps | width |"
    yield "|---|---|---|---|---|---|"
    default = by_flags[DEFAULT.flags]
    for variant in VARIANTS:
        own = by_flags[variant.flags]
        if not own:
            continue
        loss = _mean(own, "reset")
        each = ", ".join(f"{row['reset']:.3f}" for row in own)
        against = f"{loss - _mean(default, 'reset'):+.3f}" if default else ""
        steps, widths = _mean(own, "steps"), sorted({row["width"] for row in own})
        width = " or ".join(map(str, widths))
        yield f"| {variant.title} | {loss:.3f} | {each} | {against} | {steps:,.0f} | {width} |"


def _mean(rows: Sequence[Row], key: str) -> float:
    return statistics.mean(row[key] for row in rows)


def noise(groups: Sequence[Sequence[float]]) -> str:
    """Say how far the losses of one row lie apart, and which differences that could explain.

    The standard deviation is pooled over all rows (their variances weighted by degrees of freedom).
    """
    several = [losses for losses in groups if len(losses) > 1]
    if not several:
        return "One seed each: how large the noise is cannot be told from this table."
    degrees = sum(len(losses) - 1 for losses in several)
    squares = sum(statistics.variance(losses) * (len(losses) - 1) for losses in several)
    deviation = math.sqrt(squares / degrees)
    num = min(map(len, several))
    doubt = 2 * deviation * math.sqrt(2 / num)
    return (
        f"Noise: runs of one row, which differ by the seed alone, have a standard deviation of"
        f" {deviation:.4f} nats ({degrees} degrees of freedom). A difference to the default below"
        f" {doubt:.3f} (two standard errors of a difference between means of {num} seeds) may be"
        f" chance; of twenty rows that change nothing, one or two are beyond it."
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--side-by-side", type=measured.num_at_once, default=1, metavar="N", help="runs at once"
    )
    parser.add_argument("--results", type=Path, help="a file of JSON lines that grows")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    rows = measured.read(given.results)
    if given.corpus:
        done = {tuple(row[key] for key in KEYS) for row in rows}
        todo = [
            job
            for job in jobs(given.corpus, given.minutes, given.seeds)
            if tuple(job.about.values()) not in done
        ]
        new = measured.side_by_side([job.run for job in todo], given.side_by_side)
        rows = measured.collected(rows, new, given.results)
    print("\n\n".join(tables(measured.latest(rows, *KEYS))))


if __name__ == "__main__":
    main()
