"""What a cell can hold on to: a symbol is to be said again after a gap, and nothing else is to be
learned.

    python examples/recall.py
    python examples/recall.py --longest 100 --cells rnn lstm --steps 3000 --folder recall

Each cell learns lines such as C...........=C, with one of eight symbols and a gap of any length up
to the longest. The table tells how likely the right symbol is to it, by the gap: 1 is memory,
0.125 a guess. To see why, look at `charrnn memory --compare rnn gru lstm` in the folder: what the
gradients of an rnn lose on the way, the gates of a gru and an lstm keep.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from charrnn import load
from charrnn.generation.model import Model

SYMBOLS = "ABCDEFGH"
NUM_LINES = 4000


def lines(longest: int) -> str:
    """What is learned: short gaps are as frequent as long ones."""
    draw = random.Random(0)
    said = ((draw.choice(SYMBOLS), draw.randint(1, longest)) for _ in range(NUM_LINES))
    return "".join(f"{symbol}{'.' * gap}={symbol}\n" for symbol, gap in said)


def learn(cell: str, longest: int, steps: int) -> Model:
    """A model that reads characters one by one; its gradients reach over the longest line."""
    flags = ("--lines", "--ngrams", 1, "--hidden-size", 64, "--seq-length", longest + 4)
    flags += ("--batch-size", 32, "--dropout", 0, "--weight-dropout", 0, "--steps", steps)
    flags += ("--cell", cell, "--run", cell, "--seed", 1, "--quiet")
    command = [sys.executable, "-m", "charrnn", "train", "recall.txt", *map(str, flags)]
    subprocess.run(command, check=True)
    return load(cell)


def recalled(model: Model, gap: int) -> float:
    """How likely the right symbol is, on average."""
    probs = [model.predict(f"{symbol}{'.' * gap}=").prob(symbol) for symbol in SYMBOLS]
    return sum(probs) / len(SYMBOLS)


def main() -> None:
    """Write the text, let each cell learn it, and print the table."""
    parser = argparse.ArgumentParser(description="What a cell can hold on to.")
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"])
    parser.add_argument("--longest", type=int, default=30, help="gap that is learned")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--folder", help="where the runs stay; a new one by default")
    given = parser.parse_args()
    os.chdir(given.folder or tempfile.mkdtemp(prefix="recall-"))
    Path("recall.txt").write_text(lines(given.longest))
    models = [learn(cell, given.longest, given.steps) for cell in given.cells]
    print(f"the runs are in {Path.cwd()}\n\n gap" + "".join(f"{cell:>7}" for cell in given.cells))
    gaps = [gap for gap in (1, 2, 5, 10, 20, 50, 100, 200, 500) if gap <= 2 * given.longest]
    for gap in gaps:
        print(f"{gap:4}" + "".join(f"{recalled(model, gap):7.2f}" for model in models))


if __name__ == "__main__":
    main()
