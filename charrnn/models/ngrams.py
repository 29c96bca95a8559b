"""What a step reads besides the current character: the short strings that end with it.

Strings of 2, 3 … characters that the training text holds often enough have a row of the embedding
table each; all others of their length share one. So a network knows at once what it would else
have to learn to remember. The functions take numpy arrays or, with `xp=torch`, torch tensors: both
halves look up the same rows.

An n-gram is found by way of the shorter one it ends with:

    "the"  =  "he" with a t before it        key = (row of "he") · 2²¹ + id of t

so that keys need 64 bits at any length and for any alphabet. Rows in the embedding table:

    [ 0 other pairs, 1 … pairs | 0 other triples, 1 … triples | … | one for each character ]

Shapes: T time, B lanes, K = N - 1 characters before, N the longest n-gram.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.vocab import IntArray

Array = Any  # a numpy array or a torch tensor
Keys = tuple[npt.NDArray[np.int64], ...]  # one sorted array for each length from 2
NOTHING = -1  # stands where no character was read
_BITS = 21  # Unicode has fewer than 2²¹ characters
_MAX_CHARS, _NUM_PIECES = 4_000_000, 16  # of a larger text, pieces are counted


def keys_in(arrays: Mapping[str, npt.NDArray[Any]], *, longest: int) -> Keys:
    """Return the keys among the arrays of a checkpoint: ngrams.2, ngrams.3, …"""
    return tuple(arrays[f"ngrams.{length}"] for length in range(2, longest + 1))


def learn(ids: IntArray, *, longest: int, min_count: int, max_rows: int = 1 << 16) -> Keys:
    """The sorted keys of the n-grams of 2 … `longest` characters, one array for each length.

    They are those that occur `min_count` times, and of these no more than the `max_rows` most
    frequent of a length. Each array ends with a key larger than any real one, so that a search
    always ends inside.
    """
    keys: Keys = ()
    for length in range(2, longest + 1):
        counted = [_keys_in(piece, length, keys) for piece in _pieces(ids)]
        found, counts = np.unique(np.concatenate(counted), return_counts=True)
        least = max(
            min_count, int(np.sort(counts)[-max_rows - 1]) + 1 if len(counts) > max_rows else 1
        )
        frequent = found[counts >= least]
        keys += (np.append(frequent, np.iinfo(np.int64).max),)
    return keys


def _pieces(ids: IntArray) -> Iterator[npt.NDArray[np.int64]]:
    """The whole text, or pieces of it that lie evenly."""
    if len(ids) <= _MAX_CHARS:
        yield ids.astype(np.int64)
        return
    for start in np.linspace(0, len(ids) - _MAX_CHARS // _NUM_PIECES, _NUM_PIECES).astype(int):
        yield ids[start : start + _MAX_CHARS // _NUM_PIECES].astype(np.int64)


def _keys_in(ids: npt.NDArray[np.int64], length: int, keys: Keys) -> npt.NDArray[np.int64]:
    """The keys of all n-grams of one length in a text, given those of the shorter ones."""
    before = np.full(length - 1, NOTHING)
    shorter: npt.NDArray[np.int64] = _own_rows(keys, ids, before[1:], np)[-1]
    earlier = np.concatenate([before, ids])[: len(ids)]
    known = (earlier != NOTHING) & ((shorter > 0) | (length == 2))
    found: npt.NDArray[np.int64] = (shorter[known] << _BITS) | earlier[known]
    return found


def _own_rows(keys: tuple[Array, ...], ids: Array, before: Array, xp: Any) -> list[Array]:
    """For each length the row within that length's own part: the id itself, then 0 for "other"."""
    num_before = len(keys)
    seen = xp.concatenate([before, ids])
    rows = [ids]
    for k, keys_k in enumerate(keys, start=1):
        earlier = seen[num_before - k : num_before - k + len(ids)]
        key = (rows[-1] << _BITS) | earlier  # with NOTHING before it the key is -1: never found
        place = xp.searchsorted(keys_k, key)
        rows.append(xp.where(keys_k[place] == key, place + 1, 0))
    return rows


def rows(keys: tuple[Array, ...], ids_TB: Array, before_KB: Array, xp: Any = np) -> Array:
    """The rows of the embedding table, shape (T, B, N), for each character read and the n-grams
    that end with it.

    `before_KB` are the characters that came before, the last one last, or NOTHING.
    """
    own = _own_rows(keys, ids_TB, before_KB, xp)
    start = 0
    placed = []
    for keys_k, rows_k in zip(keys, own[1:], strict=True):
        placed.append(rows_k + start)
        start += len(keys_k)
    return xp.stack([own[0] + start, *placed], -1)


def num_rows(keys: tuple[Array, ...]) -> int:
    """Rows of the embedding table besides those of the characters."""
    return sum(len(keys_k) for keys_k in keys)


def after(ids_TB: Array, before_KB: Array, xp: Any = np) -> Array:
    """What `before_KB` is once ids_TB were read."""
    num_before = len(before_KB)
    return xp.concatenate([before_KB, ids_TB])[len(ids_TB) :][:num_before]


class Rows:
    """`rows` for one character at a time, by dictionaries: a fortieth of the time."""

    def __init__(self, keys: tuple[Array, ...]) -> None:
        """`keys` are those of `learn`, in numpy."""
        starts = np.cumsum([0, *map(len, keys)]).tolist()
        self._start_of_chars = starts.pop()
        self._parts = [
            (dict(zip(keys_k[:-1].tolist(), range(1, len(keys_k)), strict=True)), start)
            for keys_k, start in zip(keys, starts, strict=True)
        ]

    def __call__(self, context: tuple[int, ...]) -> list[int]:
        """The N rows for the last of N characters, NOTHING where none was."""
        *before, row = context
        found = [row + self._start_of_chars]
        for (row_of, start), earlier in zip(self._parts, reversed(before), strict=True):
            row = row_of.get((row << _BITS) | earlier, 0)
            found.append(row + start)
        return found
