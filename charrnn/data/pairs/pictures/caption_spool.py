"""The first pass over pairs of a picture and a caption: pictures are read, and put aside as pixels.

A picture is identified by its pixels: where these change, the corpus has changed, and pairs of the
same pixels are in one split. Neighbours that name one picture share its pixels.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from charrnn._text import CountBytes, ignore_bytes
from charrnn.config import CaptionsConfig
from charrnn.data.pairs.reading.bad_lines import BadLines, Problem
from charrnn.data.pairs.reading.spool import ArrayFile, PairSpool
from charrnn.data.pairs.reading.table import PairRow
from charrnn.sources.pictures import PictureError, PictureFolder, digest_of, read_picture


class PictureStats(NamedTuple):
    """What the file system says of the pictures in a table."""

    digest: str  # of sizes, times and inodes: "these files, unchanged since"
    num_bytes: int


def stats_of(rows: Iterable[PairRow], folder: PictureFolder) -> PictureStats:
    """Look at the pictures of a table; nothing of them is read."""
    digest, before, num_bytes = hashlib.sha256(str(folder.path.resolve()).encode()), "", 0
    for row in rows:
        if row.source != before:
            before = row.source
            status = _status(folder, row.source)
            digest.update(f"{row.source}\n{status and _facts(status)}\n".encode())
            num_bytes += status.st_size if status else 0
    return PictureStats(digest.hexdigest(), num_bytes)


def _status(folder: PictureFolder, name: str) -> os.stat_result | None:
    try:
        return folder.locate(name).stat()
    except (PictureError, OSError, ValueError):  # it is a bad line when it is read
        return None


def _facts(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


class CaptionSpool(PairSpool):
    """Pairs that were read, on the disk; sources are the paths of pictures."""

    def __init__(
        self,
        config: CaptionsConfig,
        folder: Path,
        pictures: PictureFolder,
        count_bytes: CountBytes = ignore_bytes,
    ) -> None:
        """Begin without pairs; `folder` is where files without names are made. `count_bytes` is
        called with the bytes of pictures that are read.
        """
        super().__init__(config, folder)
        self._pictures, self._count_bytes = pictures, count_bytes
        self.pixels, self.picture_of = ArrayFile(folder), ArrayFile(folder)
        self._num_pictures = 0
        self._before: tuple[str, Problem | None] = "", None  # a path, and why it is no picture
        self._digest_before = ""
        self._held: list[tuple[int, str]] = []  # number and digest of pictures, since `identify`

    def accepts(self, row: PairRow, lengths: tuple[int, int], bad_lines: BadLines) -> bool:
        """Whether a pair can be learned; otherwise it is noted as a bad line."""
        if lengths[1] > self._max_length:
            bad_lines.add(row.label, row.line, self.too_long)
            return False
        if row.source != self._before[0]:
            self._before = row.source, self._read(row.source)
        if problem := self._before[1]:
            bad_lines.add(row.label, row.line, problem, seen=row.source)
            return False
        self._held.append((self._num_pictures - 1, self._digest_before))
        return True

    def _read(self, name: str) -> Problem | None:
        """Put the pixels of a picture aside; return why that is not possible, if it is not."""
        try:
            path = self._pictures.locate(name)
            pixels = read_picture(path, self.picture_side)
        except PictureError as error:
            return Problem(error.message, error.hint, error.fields)
        self._count_bytes(path.stat().st_size)
        digest = digest_of(pixels)
        if digest != self._digest_before:
            self.pixels.append(pixels.ravel())
            self._num_pictures += 1
            self._digest_before = digest
        return None

    def identify(self, sources: list[str], targets: list[str]) -> None:
        """Take pairs into the digest, pixels included, and note the hashes of their pixels."""
        numbers, digests = zip(*self._held, strict=True)
        self._held.clear()
        self.picture_of.append(np.array(numbers))
        both = [f"{path}\n{digest}" for path, digest in zip(sources, digests, strict=True)]
        self.take_in(both, targets, decisive=digests)

    def close(self) -> None:
        """Remove the files."""
        super().close()
        self.pixels.close()
        self.picture_of.close()
