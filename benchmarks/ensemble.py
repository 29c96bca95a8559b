"""What are several runs worth that speak as one, or that teach one?

    python benchmarks/ensemble.py CORPUS --minutes 3 --seeds 1 2 [--results FILE]

Trains a run for each seed; as the rival, one run for all of their minutes together; and one that
all of them teach, for as many minutes as each of them has. Prints the loss of each run and of the
ensemble on the validation split, by which the best checkpoints were chosen, and how fast each of
them scores. All validate on the same text: nothing that a teacher has learned is measured.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import torch

MAX_VAL_CHARS = 999_999  # given, so that a short run does not validate on less


def charrnn(folder: str, *words: str) -> bytes:
    """Run a command in a folder; return what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "charrnn", *words],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    ).stdout


def measured(folder: str, runs: list[str]) -> dict[str, float]:
    """Score the validation split by runs together."""
    named = [word for run in runs for word in ("--run", run)]
    score = json.loads(charrnn(folder, "score", *named, "--json"))
    facts = [json.loads(charrnn(folder, "info", run, "--json")) for run in runs]
    return {
        "carried": round(score["nats_per_char"], 4),
        "reset": round(score["nats_per_char_reset"], 4),
        "chars_per_second": score["chars_per_second"],
        "hidden_sizes": [fact["hidden_size"] for fact in facts],
        "steps": [fact["step"] for fact in facts],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=3.0, help="of each member")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--student-seed", type=int, default=100)
    parser.add_argument("--results", type=Path, help="a file of JSON lines that grows")
    given = parser.parse_args()
    members = [f"seed-{seed}" for seed in given.seeds]
    together = round(given.minutes * len(members), 4)
    with tempfile.TemporaryDirectory() as folder:

        def train(name: str, minutes: float, seed: int, *flags: str) -> None:
            budget = ["--minutes", str(minutes), "--seed", str(seed), "--quiet"]
            split = ["--max-val-chars", str(MAX_VAL_CHARS)]
            corpus = str(given.corpus.resolve())
            charrnn(folder, "train", corpus, "--run", name, *budget, *split, *flags)

        print("| | minutes | nats, state carried | nats, state reset | characters a second |")
        print("|---|---|---|---|---|")

        def show(name: str, runs: list[str], minutes: float, seeds: list[int]) -> None:
            """Print a row, and keep it."""
            row = {
                "corpus": given.corpus.stem,
                "name": name,
                "minutes": minutes,  # of training, of all that it took
                "seeds": seeds,
                **measured(folder, runs),
                "date": str(date.today()),
                "torch": torch.__version__,
                "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
            }
            losses = f"{row['carried']:.4f} | {row['reset']:.4f}"
            print(f"| {name} | {minutes:g} | {losses} | {row['chars_per_second']:,} |", flush=True)
            if given.results:
                with given.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")

        for name, seed in zip(members, given.seeds, strict=True):
            train(name, given.minutes, seed)
            show(name, [name], given.minutes, [seed])
        show("ensemble", members, together, given.seeds)
        train("longer", together, given.seeds[0])
        show("one run of all the time", ["longer"], together, given.seeds[:1])
        teachers = [word for member in members for word in ("--teacher", member)]
        train("student", given.minutes, given.student_seed, *teachers)
        spent = round(together + given.minutes, 4)
        show("taught by all", ["student"], spent, [*given.seeds, given.student_seed])


if __name__ == "__main__":
    main()
