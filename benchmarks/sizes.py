"""Which size for how many steps? Losses that do not depend on how fast or how busy a machine is.

    python benchmarks/sizes.py CORPUS --hidden-sizes 64 128 --steps 300 1200 --seeds 1 2 [--lines]

Trains each size for each number of steps, a run of its own for each, for the learning rate falls to
zero with the last step, and prints the validation loss in nats per character, state carried:
the mean over the seeds, and half the distance between the lowest and the highest.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def measured(corpus: Path, flags: list[object]) -> dict:
    """The facts of one run."""
    charrnn = [sys.executable, "-m", "charrnn"]
    with tempfile.TemporaryDirectory() as folder:
        train = [*charrnn, "train", str(corpus.resolve()), *map(str, flags), "--run", "a"]
        subprocess.run([*train, "--quiet"], cwd=folder, check=True)
        info = [*charrnn, "info", "a", "--json"]
        done = subprocess.run(info, cwd=folder, check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--hidden-sizes", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--steps", type=int, nargs="+", default=[300, 1200])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--lines", action="store_true")
    asked = parser.parse_args()
    print("| hidden size | steps | val_loss | seeds |\n|---|---|---|---|")
    for steps in asked.steps:
        for size in asked.hidden_sizes:
            flags = ["--hidden-size", size, "--steps", steps, "--threads", 1]
            flags += ["--lines"] * asked.lines
            losses = [
                measured(asked.corpus, [*flags, "--seed", seed])["val_loss"] for seed in asked.seeds
            ]
            mean, spread = sum(losses) / len(losses), (max(losses) - min(losses)) / 2
            seeds = ", ".join(map(str, asked.seeds))
            print(f"| {size} | {steps:,} | {mean:.3f} ± {spread:.3f} | {seeds} |", flush=True)


if __name__ == "__main__":
    main()
