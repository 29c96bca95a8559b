"""Small pictures with captions, made for tests."""

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (40, 60, 220), "grey": (99,) * 3}
PLACES = {"above": (slice(0, 4), slice(2, 6)), "below": (slice(4, 8), slice(2, 6))}


def drawn(colour, place, seed=0):
    """A spot of a colour, in one half of eight pixels by eight that differ from seed to seed."""
    pixels = np.random.default_rng(seed).integers(200, 256, (8, 8, 3)).astype(np.uint8)
    pixels[PLACES[place]] = COLOURS[colour]
    return pixels


def save_pictures(num, folder="pictures", *, first=0):
    """Write pictures and return their names with captions."""
    Path(folder).mkdir(exist_ok=True)
    kinds = [(colour, place) for colour in COLOURS for place in PLACES]
    pairs = []
    for number in range(first, first + num):
        colour, place = kinds[number % len(kinds)]
        name = f"{number}.png"
        Image.fromarray(drawn(colour, place, number)).save(Path(folder, name))
        pairs.append((name, f"{colour} {place}"))
    return pairs


def save_captions(pairs, name="captions.tsv"):
    """Write a table of paths and captions."""
    Path(name).write_text("".join(f"{path}\t{caption}\n" for path, caption in pairs))
    return name
