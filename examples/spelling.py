"""A spelling corrector from a text of your own: it learns to undo typing errors that are added.

    python examples/spelling.py letters.txt --minutes 20
    charrnn translate "I beleive yuo wil come tomorow"

Writes spelling.tsv, windows of the text (a few words each) with errors and without, and
spelling-val.tsv, windows that are never learned, to measure with. Every run of it adds the same
errors. The more text and the more minutes the better: at first it only learns to copy, and it
cannot correct to words that it has never seen.
"""

import argparse
import random
import textwrap
from collections.abc import Sequence
from pathlib import Path

import charrnn
from charrnn.data.pairs.error_rates import edit_distance

WINDOW = 40  # characters
ROWS = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]  # of an English keyboard
NEIGHBOURS = {
    key: "".join(near[max(0, x - 1) : x + 2] for near in ROWS[max(0, y - 1) : y + 2])
    for y, row in enumerate(ROWS)
    for x, key in enumerate(row)
}


def mistyped(text: str, draw: random.Random, rate: float) -> str:
    """Make an error at so many of the letters, as fingers do on a keyboard."""
    typed = list(text)
    for k, letter in enumerate(text):
        if not letter.isalpha() or draw.random() >= rate:
            continue
        beside = draw.choice(NEIGHBOURS.get(letter.lower(), letter))  # or the letter itself
        beside = beside.upper() if letter.isupper() else beside
        match draw.choice(["omit", "double", "insert", "replace", "swap"]):
            case "omit":
                typed[k] = ""
            case "double":
                typed[k] = 2 * letter
            case "insert":
                typed[k] = letter + beside
            case "replace":
                typed[k] = beside
            case "swap" if k > 0:
                typed[k - 1 : k + 1] = typed[k], typed[k - 1]
    return "".join(typed)


def windows(text: str) -> list[str]:
    """Cut a text into pieces of whole words; a blank line ends one, too."""
    cut = textwrap.TextWrapper(WINDOW, break_long_words=False, break_on_hyphens=False)
    return [piece for paragraph in text.split("\n\n") for piece in cut.wrap(paragraph)]


def write_pairs(path: Path, pieces: Sequence[str], *, copies: int, rate: float) -> None:
    """Write so many pairs of each piece, with other errors each time; some have none."""
    draw = random.Random(1)
    pairs = ((mistyped(piece, draw, rate), piece) for piece in pieces for _ in range(copies))
    lines = (f"{typed}\t{piece}\n" for typed, piece in pairs if typed)
    path.write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Write the pairs, learn them, and count the errors that are left in the held-out windows."""
    parser = argparse.ArgumentParser(description="A spelling corrector from a text of your own.")
    parser.add_argument("text", type=Path, help="a text without errors, UTF-8")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument(
        "--copies", type=int, help="pairs of each window; by default as many as make 50,000 in all"
    )
    parser.add_argument("--rate", type=float, default=0.05, help="errors for each letter")
    given = parser.parse_args()
    pieces = windows(given.text.read_text(encoding="utf-8"))
    learned = [piece for k, piece in enumerate(pieces) if k % 20]
    held_out = pieces[::20][:500]
    copies = given.copies or max(1, 50_000 // max(1, len(learned)))
    write_pairs(Path("spelling.tsv"), learned, copies=copies, rate=given.rate)
    write_pairs(Path("spelling-val.tsv"), held_out, copies=1, rate=given.rate)
    run = charrnn.train(
        "spelling.tsv", pairs=True, val="spelling-val.tsv", minutes=given.minutes, seed=1
    )
    pairs = [line.split("\t") for line in Path("spelling-val.tsv").read_text("utf-8").splitlines()]
    made = [str(best) for best, *_ in run.model().translate_many(source for source, _ in pairs)]
    before = sum(edit_distance(source, target) for source, target in pairs)
    after = sum(edit_distance(text, target) for text, (_, target) in zip(made, pairs, strict=True))
    print(f"{run}\nedits that {len(pairs)} held-out windows need: {before}, corrected {after}")
    for (source, _), text in list(zip(pairs, made, strict=True))[:5]:
        print(f"  {source}\n  {text}\n")


if __name__ == "__main__":
    main()
