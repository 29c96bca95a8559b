"""Tunes in ABC notation to learn from: invented by a few rules, for trials without a collection.

    python examples/tunes.py 2000 > tunes.abc
    charrnn train tunes.abc --records blank --minutes 2

Two parts of eight bars in 6/8, each of two phrases; the second answers the first and ends on the
keynote. Real tunes are worth more: docs/uses/tunes.md says where they are.
"""

import random
import sys

SCALE = ["D", "E", "F", "G", "A", "B", "c", "d", "e", "f", "g"]  # D to g: what a tune goes over
KEYS = {"D": 0, "G": 3, "Ador": 4, "Edor": 1}  # the keynote's place in the scale
RHYTHMS = [(1, 1, 1, 1, 1, 1), (2, 1, 2, 1), (2, 1, 1, 1, 1), (1, 1, 1, 2, 1), (3, 2, 1)]


def bar(draw: random.Random, at: int) -> tuple[str, int]:
    """Six eighths that walk on from a note by steps and small leaps; and the note they come to."""
    notes = []
    for length in draw.choices(RHYTHMS, weights=[5, 4, 2, 2, 1])[0]:
        at = max(0, min(len(SCALE) - 1, at + draw.choice([-2, -1, -1, 0, 1, 1, 2])))
        notes.append(SCALE[at] + ("" if length == 1 else str(length)))
    return "".join(notes), at


def part(draw: random.Random, keynote: int) -> str:
    """Eight bars: a phrase, and the same again with another end."""
    at, phrase = keynote + draw.choice([0, 2, 4]), []
    for _ in range(3):
        notes, at = bar(draw, at)
        phrase.append(notes)
    open_end, at = bar(draw, at)
    close = f"{SCALE[keynote + 1]}2{SCALE[keynote]} {SCALE[keynote]}3".replace(" ", "")
    return "|".join([*phrase, open_end, *phrase, close])


def tune(draw: random.Random, number: int) -> str:
    """A head and two parts."""
    key = draw.choice(list(KEYS))
    head = f"X:{number}\nM:6/8\nL:1/8\nK:{key}\n"
    return head + "".join(f"|:{part(draw, KEYS[key])}:|\n" for _ in range(2))


if __name__ == "__main__":
    dice = random.Random(1)
    for number in range(1, int(sys.argv[1]) + 1):
        print(tune(dice, number))
