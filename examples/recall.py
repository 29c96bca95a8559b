"""What a cell can hold on to: a symbol is to be said again after a long gap, and nothing else is to
be learned.

    python examples/recall.py
    python examples/recall.py --gaps 5 20 80 --cells rnn lstm --seconds 30

For each gap and cell a model learns lines such as C....................=C, with one of eight
symbols, and then the chance it gives the right one is told: 1/8 is a guess, 1 is memory. To see
why, look at `charrnn memory --compare recall-40-rnn recall-40-gru recall-40-lstm`, in the folder
it names: what the gradients of an rnn lose on the way, the gates of a gru and an lstm keep.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from charrnn import load

SYMBOLS = "ABCDEFGH"
NUM_LINES = 2000


def text(gap: int) -> str:
    draw = random.Random(gap)
    said = (draw.choice(SYMBOLS) for _ in range(NUM_LINES))
    return "".join(f"{symbol}{'.' * gap}={symbol}\n" for symbol in said)


def learn(gap: int, cell: str, steps: int) -> str:
    """A run that has read the whole line before each update, and reads characters one by one."""
    run = f"recall-{gap}-{cell}"
    Path(f"{run}.txt").write_text(text(gap))
    flags = ["--lines", "--cell", cell, "--hidden-size", 64, "--ngrams", 1, "--seq-length", gap + 4]
    flags += ["--steps", steps, "--run", run, "--seed", 1, "--quiet"]
    command = [sys.executable, "-m", "charrnn", "train", f"{run}.txt", *map(str, flags)]
    subprocess.run(command, check=True)
    return run


def chance_of_the_right_one(run: str, gap: int) -> float:
    model = load(run)
    right = 0.0
    for symbol in SYMBOLS:
        found = {each.char: each.prob for each in model.predict(symbol + "." * gap + "=")}
        right += found[symbol]
    return right / len(SYMBOLS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaps", type=int, nargs="+", default=[5, 10, 20, 40, 80])
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--folder", help="where the runs are to stay")
    given = parser.parse_args()
    os.chdir(given.folder or tempfile.mkdtemp(prefix="recall-"))
    print(f"the runs are in {os.getcwd()}\n\n gap" + "".join(f"{cell:>7}" for cell in given.cells))
    for gap in given.gaps:
        print(f"{gap:4}", end="", flush=True)
        for cell in given.cells:
            right = chance_of_the_right_one(learn(gap, cell, given.steps), gap)
            print(f"{right:7.2f}", end="", flush=True)
        print()


if __name__ == "__main__":
    main()
