"""The places of a text in the order of what follows them: an index in which any piece is found by
halving.

It is a suffix array (Manber & Myers, 1990) that looks no further than `DEPTH` bytes, which is all
that a search needs to begin with and keeps the sorting short whatever the text repeats. The memory
it takes beside the text does not grow with the text.

Ids are compared by their bytes as they lie in memory: any one order serves. Past the end of the
text all bytes are zero.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn import _cores
from charrnn._text import ProgressCallback
from charrnn.data.vocab import IntArray

DEPTH = 32  # bytes
_BUCKET = 1 << 21  # places that are sorted at once
_MOST_BUCKETS = 64  # each is one more pass over the text
_MOST_THREADS = 4  # each has a bucket of its own in memory
_CHUNK = 1 << 20


def place_type(num_chars: int) -> np.dtype[Any]:
    """What holds a place in a text of that length."""
    return np.dtype(np.uint32 if num_chars <= 1 << 32 else np.uint64)


def in_order(ids: IntArray, progress: ProgressCallback) -> Iterator[IntArray]:
    """All places of a text, (num_chars,) in pieces of `place_type`, sorted by the `DEPTH` bytes
    that begin there. `progress` is told how many of how many were sorted.
    """
    num_chars = len(ids)
    data = np.concatenate([ids.view(np.uint8), np.zeros(DEPTH, np.uint8)])
    # numpy compares strings byte by byte; zeros at the end count as absent, as they are past it
    strings: npt.NDArray[np.bytes_] = np.ndarray(
        (num_chars,), f"S{DEPTH}", data, strides=(ids.dtype.itemsize,)
    )
    borders = _borders(strings)
    bucket_of = _bucketed(strings, borders)

    def sorted_part(part: tuple[int, int, int]) -> IntArray:
        bucket, begin, end = part
        places = _places(bucket_of, bucket, begin, end)
        is_one_string = bucket % 2 == 1
        return places if is_one_string else places[np.argsort(strings[places])]

    num_sorted = 0
    with ThreadPoolExecutor(min(_MOST_THREADS, _cores.num_cores())) as pool:  # numpy lets go
        for places in pool.map(sorted_part, _parts(len(borders), num_chars)):
            yield places
            num_sorted += len(places)
            progress(num_sorted, num_chars)


def _parts(num_borders: int, num_chars: int) -> Iterator[tuple[int, int, int]]:
    """Each bucket in turn, and from where to where in the text its places are to be taken: of one
    that needs no sorting, which may be as large as the text, a stretch at a time.
    """
    for bucket in range(2 * num_borders + 1):
        stretch = num_chars if bucket % 2 == 0 else 8 * _CHUNK
        for begin in range(0, num_chars, stretch):
            yield bucket, begin, min(begin + stretch, num_chars)


def _places(
    bucket_of: npt.NDArray[np.uint8], bucket: int, begin: int, end: int
) -> npt.NDArray[Any]:
    """Where the strings of a bucket begin, in the order of the text."""
    kind = place_type(len(bucket_of))
    found = [
        (np.flatnonzero(bucket_of[first : min(first + _CHUNK, end)] == bucket) + first).astype(kind)
        for first in range(begin, end, _CHUNK)
    ]
    return np.concatenate(found)


def _borders(strings: npt.NDArray[np.bytes_]) -> npt.NDArray[np.bytes_]:
    """Distinct strings that part the others into buckets of about equal size."""
    num_buckets = min(_MOST_BUCKETS, len(strings) // _BUCKET)
    if num_buckets < 2:
        return strings[:0]
    drawn = np.random.default_rng(0).integers(len(strings), size=1000 * num_buckets)
    borders: npt.NDArray[np.bytes_] = np.unique(np.sort(strings[drawn])[1000::1000])
    return borders


def _bucketed(
    strings: npt.NDArray[np.bytes_], borders: npt.NDArray[np.bytes_]
) -> npt.NDArray[np.uint8]:
    """Each string's bucket: 2k between two borders, 2k + 1 where it is border k itself, so that
    one that is all over the text needs no sorting.
    """
    buckets = np.zeros(len(strings), np.uint8)
    if len(borders) == 0:
        return buckets
    for begin in range(0, len(strings), _CHUNK):
        chunk = strings[begin : begin + _CHUNK]
        below = np.searchsorted(borders, chunk)
        is_border = borders[np.minimum(below, len(borders) - 1)] == chunk
        buckets[begin : begin + _CHUNK] = 2 * below + is_border
    return buckets
