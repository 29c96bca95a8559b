"""What are several runs worth that speak as one?

    python benchmarks/ensemble.py CORPUS --minutes 3 --seeds 1 2

Trains a run for each seed, and as the rival one run for all of their minutes together. Prints the
loss of each run and of their ensemble on the validation split, by which the best checkpoints were
chosen, and how fast each of them scores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def charrnn(folder: str, *words: str) -> bytes:
    """Run a command in a folder; return what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "charrnn", *words],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    ).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=3.0, help="of each member")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    members = [f"seed-{seed}" for seed in given.seeds]
    together = given.minutes * len(members)
    with tempfile.TemporaryDirectory() as folder:

        def train(name: str, minutes: float, seed: int) -> None:
            budget = ["--minutes", str(minutes), "--seed", str(seed), "--quiet"]
            charrnn(folder, "train", str(given.corpus.resolve()), "--run", name, *budget)

        for name, seed in zip(members, given.seeds, strict=True):
            train(name, given.minutes, seed)
        train("longer", together, given.seeds[0])
        rows = {name: ([name], given.minutes) for name in members}
        rows |= {"one run of all the time": (["longer"], together), "ensemble": (members, together)}
        print("| | minutes | nats, state carried | nats, state reset | characters a second |")
        print("|---|---|---|---|---|")
        for title, (runs, spent) in rows.items():
            named = [word for run in runs for word in ("--run", run)]
            score = json.loads(charrnn(folder, "score", *named, "--json"))
            nats, reset = score["nats_per_char"], score["nats_per_char_reset"]
            speed = score["chars_per_second"]
            print(f"| {title} | {spent:g} | {nats:.4f} | {reset:.4f} | {speed:,} |", flush=True)


if __name__ == "__main__":
    main()
