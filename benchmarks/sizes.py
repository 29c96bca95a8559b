"""Which size for how many steps? The losses do not depend on how fast or busy the machine is.

    python benchmarks/sizes.py CORPUS --hidden-sizes 64 128 --steps 300 1200 --seeds 1 2 [--lines]

Trains a run for each size and number of steps (a run each, since the learning rate falls to zero
with the last step), and prints the validation loss in nats per character, state carried: the mean
over the seeds, and half the difference between the highest and the lowest.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def train(corpus: Path, flags: list[object]) -> dict:
    """Train; return the facts of the run."""
    charrnn = [sys.executable, "-m", "charrnn"]
    with tempfile.TemporaryDirectory() as folder:
        command = [*charrnn, "train", str(corpus.resolve()), *map(str, flags), "--run", "a"]
        subprocess.run([*command, "--quiet"], cwd=folder, check=True)
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
    arguments = parser.parse_args()
    print("| hidden size | steps | val_loss | seeds |\n|---|---|---|---|")
    for steps in arguments.steps:
        for size in arguments.hidden_sizes:
            flags = ["--hidden-size", size, "--steps", steps, "--threads", 1]
            flags += ["--lines"] * arguments.lines
            losses = [
                train(arguments.corpus, [*flags, "--seed", seed])["val_loss"]
                for seed in arguments.seeds
            ]
            mean, spread = sum(losses) / len(losses), (max(losses) - min(losses)) / 2
            seeds = ", ".join(map(str, arguments.seeds))
            print(f"| {size} | {steps:,} | {mean:.3f} ± {spread:.3f} | {seeds} |", flush=True)


if __name__ == "__main__":
    main()
