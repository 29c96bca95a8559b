"""Which size for how many steps? The losses do not depend on how fast or busy the machine is.

    python benchmarks/sizes.py CORPUS --hidden-sizes 64 128 --steps 300 1200 --seeds 1 2 [--lines]

Trains a run for each size and number of steps (a run each, since the learning rate falls to zero
with the last step), and prints the validation loss in nats per character, state carried: the mean
over the seeds, and half the difference between the highest and the lowest.
"""

import argparse
import json
import tempfile
from pathlib import Path

import measured


def loss(corpus: Path, *flags: object) -> float:
    """Train; return the validation loss of the best checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        measured.charrnn(folder, "train", corpus.resolve(), *flags, "--run", "a", "--quiet")
        return json.loads(measured.charrnn(folder, "info", "a", "--json"))["val_loss"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--hidden-sizes", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--steps", type=int, nargs="+", default=[300, 1200])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--lines", action="store_true")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    seeds = ", ".join(map(str, given.seeds))
    print("| hidden size | steps | val_loss | seeds |\n|---|---|---|---|")
    for steps in given.steps:
        for size in given.hidden_sizes:
            flags = ["--hidden-size", size, "--steps", steps, "--threads", 1]
            flags += ["--lines"] * given.lines
            losses = [loss(given.corpus, *flags, "--seed", seed) for seed in given.seeds]
            mean = measured.mean_of_seeds(losses, 3)
            print(f"| {size} | {steps:,} | {mean} | {seeds} |", flush=True)


if __name__ == "__main__":
    main()
