"""What are several runs worth that speak as one, or that teach one?

    python benchmarks/ensemble.py CORPUS --minutes 3 --seeds 1 2 [--folder RUNS] [--results FILE] \\
        [--side-by-side 2] [--no-longer] [--members "--cell lstm" "--cell cifg"] \\
        [--student-seeds 100 101] [--students "--hidden-size 384"] [--student-minutes 6] \\
        [-- --dropout 0.3 ...]

Trains a run for each seed; as the rival, one run for all of their minutes together (not with
--no-longer); and runs that all of them teach, for as many minutes as each of them has (or
--student-minutes). Prints the loss of each run, of the ensemble and of the taught runs as one on
the validation split, by which the best checkpoints were chosen, and how fast each of them scores.
All validate on the same text: nothing that a teacher has learned is measured.

What follows -- are flags of `charrnn train`, for every run. Those of --members and of --students
come after them; of several, runs have them in turn: the first has the first, the second the second.
With --folder, runs are kept there, and one that is there (the same text, minutes, seed and flags)
is not trained again: a call that was interrupted goes on, and trains anew only the run that was cut
off. With --side-by-side 2, two runs are trained at once, each with one thread on a core of its own;
without, one after another, with all cores. Runs are scored while nothing is trained.
"""

import argparse
import functools
import hashlib
import itertools
import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import measured
from measured import Row


@dataclass(frozen=True)
class Member:
    """A run: of the ensemble, its rival, or its pupil."""

    corpus: Path
    minutes: float
    seed: int
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name on the disk, by which it is found again: no two runs have the same."""
        digest = hashlib.sha256(json.dumps(self.flags).encode()).hexdigest()[:8]
        return f"{self.corpus.stem}-{self.minutes:g}-{self.seed}-{digest}"

    def train(self, folder: Path) -> None:
        """Train it, unless it is in the folder. Its name says that it is finished."""
        if (folder / "checkpoints" / self.name).exists():
            return
        unfinished = f"unfinished-{self.name}"
        shutil.rmtree(folder / "checkpoints" / unfinished, ignore_errors=True)
        measured.train_in(folder, unfinished, self.corpus, self.minutes, self.seed, *self.flags)
        measured.charrnn(folder, "rename", unfinished, self.name)


def train(folder: Path, members: Iterable[Member], side_by_side: int | None) -> None:
    """Train runs, so many at once."""
    jobs: list[Callable[[], None]] = [functools.partial(each.train, folder) for each in members]
    if side_by_side is None:
        for job in jobs:
            job()
    else:
        list(measured.side_by_side(jobs, side_by_side))


def figures(folder: Path, members: Iterable[Member]) -> Row:
    """Score the validation split by runs together."""
    names = [member.name for member in members]
    flags = [word for name in names for word in ("--run", name)]
    score = json.loads(measured.charrnn(folder, "score", *flags, "--json"))
    facts = [json.loads(measured.charrnn(folder, "info", name, "--json")) for name in names]
    return {
        "carried": round(score["nats_per_char"], 4),
        "reset": round(score["nats_per_char_reset"], 4),
        "chars_per_second": score["chars_per_second"],
        "hidden_sizes": [fact["hidden_size"] for fact in facts],
        "steps": [fact["step"] for fact in facts],
    }


def compare(folder: Path, given: argparse.Namespace) -> None:
    """Train all runs; print a row for each and for those that speak as one, and keep it."""

    def runs(minutes: float, seeds: list[int], in_turn: list[str], *more: str) -> list[Member]:
        return [
            Member(given.corpus, minutes, seed, (*flags, *shlex.split(own), *more))
            for seed, own in zip(seeds, itertools.cycle(in_turn))
        ]

    threads = ("--threads", "1") if given.side_by_side else ()
    flags = (*threads, *given.flags)
    members = runs(given.minutes, given.seeds, given.members)
    together = round(given.minutes * len(members), 4)
    longer = runs(together, given.seeds[:1], given.members)
    teachers = [word for member in members for word in ("--teacher", member.name)]
    minutes = given.minutes if given.student_minutes is None else given.student_minutes
    students = runs(minutes, given.student_seeds, given.students, *teachers)

    def show(name: str, runs: list[Member], minutes: float, *more_seeds: int) -> None:
        row = {
            "corpus": given.corpus.stem,
            "name": name,
            "minutes": round(minutes, 4),  # of training, of all that it took
            "seeds": [*more_seeds, *(run.seed for run in runs)],
            "flags": " | ".join(dict.fromkeys(" ".join(run.flags) for run in runs)),
            **figures(folder, runs),
            **measured.circumstances(),
        }
        of_both = f"{row['carried']:.4f} | {row['reset']:.4f} | {row['chars_per_second']:,}"
        print(f"| {name} | {row['minutes']:g} | {of_both} |", flush=True)
        measured.append(given.results, row)

    print("| | minutes | nats, state carried | nats, state reset | characters a second |")
    print("|---|---|---|---|---|", flush=True)
    train(folder, members, given.side_by_side)
    for member in members:
        show(f"seed {member.seed}", [member], given.minutes)
    show("ensemble", members, together)
    train(folder, students if given.no_longer else longer + students, given.side_by_side)
    if not given.no_longer:
        show("one run of all the time", longer, together)
    for student in students:
        show(f"taught by all, seed {student.seed}", [student], together + minutes, *given.seeds)
    if len(students) > 1:
        all_minutes = together + minutes * len(students)
        show("the taught as one", students, all_minutes, *given.seeds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        usage="%(prog)s CORPUS [options] [-- flags of charrnn train]",
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=3.0, help="of each member")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--members", nargs="+", default=[""], metavar="FLAGS", help="in turn")
    parser.add_argument("--student-seeds", type=int, nargs="+", default=[100])
    parser.add_argument("--students", nargs="+", default=[""], metavar="FLAGS", help="in turn")
    parser.add_argument("--student-minutes", type=float, help="by default those of a member")
    parser.add_argument("--no-longer", action="store_true", help="leave out the one long run")
    parser.add_argument(
        "--side-by-side", type=measured.num_at_once, metavar="N", help="runs at once, a core each"
    )
    parser.add_argument("--folder", type=Path, help="keeps the runs, for this call made again")
    parser.add_argument("--results", type=Path, help="a file of JSON lines that grows")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    given = parser.parse_args(words[:end])
    given.flags = tuple(words[end + 1 :])
    return given


def main() -> None:
    given = arguments()
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        compare(given.folder, given)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), given)


if __name__ == "__main__":
    main()
