"""Sources that are pictures: their pixels, in files of the cache that are mapped into memory.

Beside the files of all pairs (pairs/encoded.py), where the sources are the paths of the pictures:

    STEM-pixels.npy        the pictures, one after another
    STEM-picture-of.npy    the number of each pair's picture: neighbours may share one

Shapes: N pictures, B examples, Y rows and X columns, C colours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn.data.encoding import cache_files
from charrnn.data.pairs.array_files import load_numbers, path_of, save_numbers
from charrnn.data.pairs.buckets import Ids, Texts
from charrnn.data.pairs.pictures.caption_spool import CaptionSpool
from charrnn.sources.pictures import Pixels, digest_of

_UINT8 = np.dtype(np.uint8)
_COLOURS = 3


@dataclass(frozen=True)
class EachPicture:
    """The pixels of one pair's picture after the other's, as often as one likes."""

    pixels_NYXC: npt.NDArray[np.uint8]
    picture_of: Ids

    def __iter__(self) -> Iterator[Pixels]:
        return (self.pixels_NYXC[picture] for picture in self.picture_of.tolist())


@dataclass(frozen=True)
class Pictures:
    """The pictures of pairs, each addressed by the number of its pair."""

    paths: Texts
    pixels_NYXC: npt.NDArray[np.uint8]
    picture_of: Ids

    def __len__(self) -> int:
        return len(self.picture_of)

    def lengths(self, numbers: Ids) -> Ids:
        """Return how many pixels these pictures have: all have as many."""
        return np.full(len(numbers), self.pixels_NYXC[0, :, :, 0].size)

    def padded(self, numbers: Ids, *, least: int = 0) -> tuple[Pixels, Ids]:
        """Return the pictures of some pairs, pixels_BYXC, and their lengths, as `lengths` has them.
        There is no padding.
        """
        return self.pixels_NYXC[self.picture_of[numbers]], self.lengths(numbers)

    def ids_of(self, number: int) -> list[int]:
        """Return the path of a picture, as ids."""
        return self.paths.ids_of(number)

    def each(self, numbers: Ids) -> EachPicture:
        """Return the pictures of some pairs one by one."""
        return EachPicture(self.pixels_NYXC, self.picture_of[numbers])

    def digests(self, first: int, end: int) -> Iterator[str]:
        """Yield the digest of each picture, from one pair to another."""
        before, digest = -1, ""
        for picture in self.picture_of[first:end].tolist():
            if picture != before:
                before, digest = picture, digest_of(self.pixels_NYXC[picture])
            yield digest


def load(stem: Path, paths: Texts, *, side: int) -> Pictures | None:
    """Return the pictures with this stem; None where a file is missing or damaged."""
    both = load_pixels(stem, num_pairs=len(paths), side=side)
    return None if both is None else Pictures(paths, *both)


def load_pixels(
    stem: Path, *, num_pairs: int, side: int
) -> tuple[npt.NDArray[np.uint8], Ids] | None:
    """Return pixels_NYXC with this stem, and the number of each pair's picture; None where a file
    is missing or damaged.
    """
    picture_of = load_numbers(path_of(stem, "picture-of"), length=num_pairs)
    pixels = cache_files.load_array(path_of(stem, "pixels"), length=None, dtype=_UINT8)
    if picture_of is None or pixels is None or not len(picture_of):
        return None
    per_picture = side * side * _COLOURS
    if len(pixels) != (int(picture_of[-1]) + 1) * per_picture:
        return None
    return np.asarray(pixels, np.uint8).reshape(-1, side, side, _COLOURS), picture_of


def save(stem: Path, spool: CaptionSpool) -> None:
    """Write the pictures that were read."""
    data = (pixels.tobytes() for pixels in spool.pixels)
    cache_files.save_array(path_of(stem, "pixels"), data, length=spool.pixels.size, dtype=_UINT8)
    numbers = (chunk.astype(np.int64) for chunk in spool.picture_of)
    save_numbers(path_of(stem, "picture-of"), numbers, length=spool.num_pairs)
