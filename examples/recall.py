"""How long a cell remembers: a symbol has to be repeated after a gap, and there is nothing else to
learn.

    python examples/recall.py
    python examples/recall.py --longest 100 --cells rnn lstm --steps 3000 --folder recall

Each cell learns lines such as C...........=C, with one of eight symbols and a gap of any length up
to the longest. The table gives the probability of the right symbol, by the gap: 1 is memory, 0.125
a guess. To see why, look at `charrnn memory --compare rnn gru lstm` in the folder: the gates of a
gru and an lstm keep the gradients that an rnn loses.
"""

import argparse
import random
import tempfile
from pathlib import Path

import charrnn

SYMBOLS = "ABCDEFGH"
NUM_LINES = 4000


def lines(longest: int) -> str:
    """The text to learn: short gaps are as frequent as long ones."""
    draw = random.Random(0)
    pairs = ((draw.choice(SYMBOLS), draw.randint(1, longest)) for _ in range(NUM_LINES))
    return "".join(f"{symbol}{'.' * gap}={symbol}\n" for symbol, gap in pairs)


def learn(corpus: Path, cell: str, *, longest: int, steps: int) -> charrnn.Model:
    """Train on single characters (no n-grams); gradients reach over the longest line."""
    run = charrnn.train(
        corpus.resolve(),
        root=corpus.parent / "checkpoints",
        name=cell,
        records="lines",
        cell=cell,
        ngrams=1,
        hidden_size=64,
        seq_length=longest + 4,
        batch_size=32,
        dropout=0.0,
        weight_dropout=0.0,
        steps=steps,
        seed=1,
    )
    model: charrnn.Model = run.model()
    return model


def recalled(model: charrnn.Model, gap: int) -> float:
    """The mean probability of the right symbol."""
    probs = [model.predict(f"{symbol}{'.' * gap}=").prob(symbol) for symbol in SYMBOLS]
    return sum(probs) / len(SYMBOLS)


def main() -> None:
    """Write the text, train each cell, and print the table."""
    parser = argparse.ArgumentParser(description="How long a cell remembers.")
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"])
    parser.add_argument("--longest", type=int, default=30, help="gap that is learned")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--folder", help="where the runs stay; a new one by default")
    given = parser.parse_args()
    folder = Path(given.folder or tempfile.mkdtemp(prefix="recall-"))
    corpus = folder / "recall.txt"
    corpus.write_text(lines(given.longest))
    models = [learn(corpus, cell, longest=given.longest, steps=given.steps) for cell in given.cells]
    print(f"the runs are in {folder.resolve()}\n\n gap", *(f"{cell:>6}" for cell in given.cells))
    gaps = [gap for gap in (1, 2, 5, 10, 20, 50, 100, 200, 500) if gap <= 2 * given.longest]
    for gap in gaps:
        print(f"{gap:4}" + "".join(f"{recalled(model, gap):7.2f}" for model in models))


if __name__ == "__main__":
    main()
