"""Pictures: a file → the pixels of a square, whatever the file is.

A picture that is not a square is *letterboxed*: it is made smaller (or larger) as a whole, and grey
fills up what is left. So a circle stays a circle, and what is wide stays wide.

A file may come from a stranger: formats that run programs are not opened, nothing is decoded that
would take very much memory, and whatever a decoder raises is an error in one line.
"""

import hashlib
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]  # (side, side, 3): rows, columns; red, green, blue
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
_GREY, _WHITE = (128, 128, 128), (255, 255, 255)


class PictureError(CorpusError):
    """A file that is no picture, or cannot be read. The message does not name it."""


@dataclass(frozen=True)
class PictureFolder:
    """The folder that the paths of a table are in."""

    path: Path

    def require(self) -> None:
        """Raise `CorpusError` where there is no such folder."""
        if not self.path.is_dir():
            raise CorpusError(
                f"there is no folder of pictures {str(self.path)!r}",
                "name it with images",
                "images",
            )

    def locate(self, name: str) -> Path:
        """Return the path of a picture. Raises `PictureError` for one that leads out of the folder:
        a table from a stranger cannot look around on the disk.
        """
        inside = os.path.normpath(name)
        drive, _ = os.path.splitdrive(inside)
        if drive or inside.split(os.sep)[0] in ("", ".", os.pardir):
            raise PictureError("a path that is not inside the folder of pictures", "correct it")
        return self.path / inside


def digest_of(pixels: Pixels) -> str:
    """Return what identifies the pixels of a picture."""
    return hashlib.blake2b(pixels.tobytes(), digest_size=16).hexdigest()


def require_pillow() -> None:
    """Raise `UsageError` where Pillow is not installed."""
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "pictures need Pillow", "install it: pip install 'charrnn[images]'"
        ) from error


def read_picture(path: Path, side: int) -> Pixels:
    """Return the pixels of a picture, letterboxed: of the first one if it is animated, upright as
    its camera was held, on white where it is transparent.

    Raises `PictureError`.
    """
    from PIL import Image, UnidentifiedImageError

    _require_file(path)
    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=FORMATS) as image:
                return _pixels(image, side)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise PictureError(
                f"a picture of more than {Image.MAX_IMAGE_PIXELS:,} pixels", "make it smaller"
            ) from error
        except UnidentifiedImageError as error:
            *formats, last = FORMATS
            raise PictureError(
                f"not a picture in the format {', '.join(formats)} or {last}", "convert it"
            ) from error
        except PictureError:
            raise
        except Exception as error:  # a decoder may raise anything, of a file made for it
            raise PictureError("a damaged picture", "mend it") from error


def _require_file(path: Path) -> None:
    """Raise `PictureError` unless there is a file that can be opened without waiting."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PictureError("not a file", "name a picture")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise PictureError("there is no such picture", "put it there") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PictureError(
            f"a picture that cannot be opened: {reason}", "check its permissions"
        ) from error
    except ValueError as error:  # a null byte
        raise PictureError("there is no such picture", "put it there") from error


def _pixels(image: "Image", side: int) -> Pixels:
    from PIL import ImageOps

    image.draft("RGB", (2 * side, 2 * side))  # a large JPEG need not be decoded whole
    upright = ImageOps.exif_transpose(image)
    pixels: Pixels = np.asarray(_letterboxed(_as_rgb(upright), side))
    return pixels


def _as_rgb(image: "Image") -> "Image":
    """Convert a picture of any mode to 8 bits of red, green and blue."""
    from PIL import Image

    if image.mode == "F":
        raise PictureError("a picture of floating-point numbers", "convert it to 8 bits")
    if image.mode.startswith("I"):  # 16 bits, of which Pillow itself would keep the lower ones
        return Image.fromarray(_upper_bits(np.asarray(image))).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, _WHITE), layer).convert("RGB")


def _upper_bits(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    upper: npt.NDArray[np.uint8] = np.clip(numbers.astype(np.int64) >> 8, 0, 255).astype(np.uint8)
    return upper


def _letterboxed(image: "Image", side: int) -> "Image":
    """Make a picture as large as fits into a square, in the middle of it."""
    from PIL import Image

    scale = side / max(image.size)
    width, height = (max(1, round(scale * length)) for length in image.size)
    square = Image.new("RGB", (side, side), _GREY)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    square.paste(resized, ((side - width) // 2, (side - height) // 2))
    return square
