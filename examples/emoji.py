"""Pictures of emoji with their names: "grinning face", "hot beverage".

    pip install 'charrnn[images]'
    python examples/emoji.py --to emoji > emoji.tsv
    charrnn train emoji.tsv --images emoji --minutes 10
    charrnn caption emoji/2615.png

The pictures are those of a colour font; the names are Unicode's, as Python knows them. There are
about 1,300, each once: what is learned of a name is which words the picture reminds of.
"""

import argparse
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = (  # where systems keep a font with coloured pictures
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-color-emoji-fonts/NotoColorEmoji.ttf",
    "/System/Library/Fonts/Apple Color Emoji.ttc",
    "C:/Windows/Fonts/seguiemj.ttf",
)
SIZES = (109, 160, 96)  # bitmaps have one size: of Noto, of Apple; any other font has them all
RANGES = ((0x2300, 0x2800), (0x1F300, 0x1F650), (0x1F680, 0x1F700), (0x1F900, 0x1FB00))
LEAST_COLOUR = 24  # how far red, green and blue are apart somewhere: else it is no coloured picture


def font(path: str | None) -> ImageFont.FreeTypeFont | None:
    """Return a colour font: the one that is named, or one of this machine; None without any."""
    for name in [path] if path else FONTS:
        for size in SIZES:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return None


def pictures(face: ImageFont.FreeTypeFont, side: int) -> Iterator[tuple[str, str, Image.Image]]:
    """Yield the pictures of a font: a name for the file, the name in words, the picture."""
    for first, end in RANGES:
        for code in range(first, end):
            words = unicodedata.name(chr(code), "").lower()
            image = drawn(chr(code), face, side) if words else None
            if image is not None:
                yield f"{code:x}.png", words, image


def drawn(character: str, face: ImageFont.FreeTypeFont, side: int) -> Image.Image | None:
    """Draw a character on white, as large as fits; None for one that has no coloured picture."""
    left, top, right, bottom = map(int, face.getbbox(character))
    if right <= left or bottom <= top:
        return None
    image = Image.new("RGB", (right - left, bottom - top), "white")
    ImageDraw.Draw(image).text((-left, -top), character, font=face, embedded_color=True)
    _, saturation, _ = image.convert("HSV").split()
    if int(saturation.getextrema()[1]) < LEAST_COLOUR:  # type: ignore[arg-type]
        return None
    image.thumbnail((side, side))
    return image


def main() -> None:
    """Write pictures, and for each a line: the name of its file, a tab, what it is called."""
    parser = argparse.ArgumentParser(description="Pictures of emoji with their names.")
    parser.add_argument("--to", type=Path, default=Path("emoji"), help="folder of the pictures")
    parser.add_argument("--font", help="a font with coloured pictures")
    parser.add_argument("--size", type=int, default=64, help="pixels in each direction")
    given = parser.parse_args()
    face = font(given.font)
    if face is None:
        sys.exit("there is no font with coloured pictures here; name one: --font FILE.ttf")
    given.to.mkdir(parents=True, exist_ok=True)
    for name, words, image in pictures(face, given.size):
        image.save(given.to / name)
        print(f"{name}\t{words}")


if __name__ == "__main__":
    main()
