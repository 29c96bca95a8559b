"""The files of some encoded pairs: arrays with one stem, mapped into memory."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from charrnn.data.encoding import cache_files
from charrnn.data.pairs.symbols import Ids

_INT64 = np.dtype(np.int64)


def path_of(stem: Path, what: str) -> Path:
    """Return the path of one of the files with this stem."""
    return stem.with_name(f"{stem.name}-{what}.npy")


def load_numbers(path: Path, *, length: int | None = None) -> Ids | None:
    """Return an array of 64-bit integers; None where it is missing or damaged."""
    numbers = cache_files.load_array(path, length=length, dtype=_INT64)
    return None if numbers is None else np.asarray(numbers, _INT64)


def save_numbers(path: Path, chunks: Iterable[Ids], *, length: int) -> Ids:
    """Write an array of 64-bit integers, and map it into memory."""
    data = (chunk.tobytes() for chunk in chunks)
    return np.asarray(cache_files.save_array(path, data, length=length, dtype=_INT64), _INT64)
