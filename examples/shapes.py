"""Pictures of two shapes with captions: "a small red circle left of a large blue square".

    pip install 'charrnn[images]'
    python examples/shapes.py 4000 --to shapes > shapes.tsv
    python examples/shapes.py 500 --held-out --to shapes > test.tsv
    charrnn train shapes.tsv --images shapes --minutes 5
    charrnn score test.tsv

A colour and a shape are a combination. Some combinations never come first in what is learned, some
never second; with `--held-out` each picture has one of them in the place where it never was.
"""

import argparse
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

COLOURS = {
    "red": (214, 48, 49), "yellow": (246, 201, 14), "green": (46, 139, 87),
    "blue": (38, 84, 200), "purple": (136, 58, 170), "black": (40, 40, 40),
}  # fmt: skip
SHAPES = ("circle", "square", "triangle", "star")
SIZES = {"small": (6.0, 7.5), "large": (10.5, 12.0)}  # radius in pixels, from … to …
PLACES = {"left of": ((17, 32), (47, 32)), "above": ((32, 17), (32, 47))}  # of both shapes
NEVER_FIRST = {("red", "star"), ("yellow", "circle"), ("green", "triangle"), ("blue", "square")}
NEVER_SECOND = {("purple", "circle"), ("black", "square"), ("red", "triangle"), ("green", "star")}
SIDE, FINER = 64, 4  # pixels; drawn so many times as large, then made smaller

Combination = tuple[str, str]


class Thing(NamedTuple):
    """What a caption says of one shape."""

    size: str
    colour: str
    shape: str

    def __str__(self) -> str:
        return f"a {self.size} {self.colour} {self.shape}"


class Scene(NamedTuple):
    """What a caption says."""

    first: Thing
    place: str
    second: Thing

    def __str__(self) -> str:
        return f"{self.first} {self.place} {self.second}"


def is_held_out(first: Combination, second: Combination) -> bool:
    """Whether a picture of these two is never learned."""
    return first in NEVER_FIRST or second in NEVER_SECOND


def scenes(draw: random.Random, *, held_out: bool) -> Iterator[Scene]:
    """Draw scenes without end."""
    combinations = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    while True:
        first, second = draw.choice(combinations), draw.choice(combinations)
        if first != second and is_held_out(first, second) == held_out:
            sizes = draw.choice([*SIZES]), draw.choice([*SIZES])
            place = draw.choice([*PLACES])
            yield Scene(Thing(sizes[0], *first), place, Thing(sizes[1], *second))


def picture(scene: Scene, draw: random.Random) -> Image.Image:
    """Paint a scene; colours, sizes, places and angles vary a little."""
    light = tuple(draw.randint(215, 255) for _ in range(3))
    image = Image.new("RGB", (SIDE * FINER, SIDE * FINER), light)
    canvas = ImageDraw.Draw(image)
    for thing, (x, y) in zip((scene.first, scene.second), PLACES[scene.place], strict=True):
        far = 1 if scene.place == "left of" else 7  # how far from its place, in pixels
        at = x + draw.uniform(-far, far), y + draw.uniform(-(8 - far), 8 - far)
        radius = draw.uniform(*SIZES[thing.size])
        colour = tuple(shade + draw.randint(-18, 18) for shade in COLOURS[thing.colour])
        paint(canvas, thing.shape, at, radius, colour, draw.uniform(-0.25, 0.25))
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def paint(
    canvas: ImageDraw.ImageDraw,
    shape: str,
    at: tuple[float, float],
    radius: float,
    colour: tuple[int, ...],
    turn: float,
) -> None:
    """Paint a shape, turned by an angle, with about the area of a circle of that radius."""
    x, y, r = (FINER * number for number in (*at, radius))
    if shape == "circle":
        canvas.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        return
    num, reach, inner = {
        "square": (4, 1.2, 1.0), "triangle": (3, 1.3, 1.0), "star": (5, 1.3, 0.45)
    }[shape]  # fmt: skip
    turn += math.pi / 4 * (shape == "square")
    angles = [turn + math.pi * k / num for k in range(2 * num)]
    points = [
        (x + r * reach * far * math.sin(angle), y - r * reach * far * math.cos(angle))
        for k, angle in enumerate(angles)
        for far in [1.0 if k % 2 == 0 else inner]
        if k % 2 == 0 or inner < 1
    ]
    canvas.polygon(points, fill=colour)


def write(num: int, folder: Path, *, held_out: bool) -> list[tuple[str, str]]:
    """Write so many pictures; return their names and captions."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(int(held_out))
    pairs = []
    for number, scene in zip(range(num), scenes(draw, held_out=held_out), strict=False):
        name = f"{'new' if held_out else 'known'}-{number:04}.png"
        picture(scene, draw).save(folder / name)
        pairs.append((name, str(scene)))
    return pairs


def main() -> None:
    """Write pictures, and for each a line: its name, a tab, its caption."""
    parser = argparse.ArgumentParser(description="Pictures of two shapes with captions.")
    parser.add_argument("num", type=int, help="how many")
    parser.add_argument("--to", type=Path, default=Path("shapes"), help="folder of the pictures")
    parser.add_argument("--held-out", action="store_true", help="those that are never learned")
    given = parser.parse_args()
    for name, caption in write(given.num, given.to, held_out=given.held_out):
        print(f"{name}\t{caption}")


if __name__ == "__main__":
    main()
