"""N-grams: the short strings that end with the current character, which a step reads with it.

Strings of 2, 3 … characters that are frequent in the training text have a row of the embedding
table each; all others of their length share one. So the network need not learn to remember them.
The functions take numpy arrays or, with `xp=torch`, torch tensors: training and sampling look up
the same rows.

The key of an n-gram is made of the row of the shorter n-gram it ends with:

    "the"  =  "he" with a t before it        key = (row of "he") · 2²¹ + id of t

so that keys need 64 bits at any length and for any alphabet. Rows in the embedding table:

    [ 0 other pairs, 1 … pairs | 0 other triples, 1 … triples | … | one for each character ]

Shapes: T time, B lanes, N lengths of n-grams (1 to the longest), K = N - 1 characters before.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.vocab import IntArray

Array = Any  # a numpy array or a torch tensor
Keys = tuple[npt.NDArray[np.int64], ...]  # one sorted array for each length from 2
NOTHING = -1  # the id where no character was read
_BITS = 21  # Unicode has fewer than 2²¹ characters
MAX_CHARS, _NUM_EXCERPTS = 4_000_000, 16  # of a longer text, excerpts are counted


def keys_in(arrays: Mapping[str, npt.NDArray[Any]], *, longest: int) -> Keys:
    """Return the keys among the arrays of a checkpoint: ngrams.2, ngrams.3, …"""
    return tuple(arrays[f"ngrams.{length}"] for length in range(2, longest + 1))


def named(keys: Iterable[Array]) -> dict[str, Array]:
    """Return keys under their names in checkpoints: ngrams.2, ngrams.3, …"""
    return {f"ngrams.{length}": of_length for length, of_length in enumerate(keys, start=2)}


def parts(
    keys: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return what keys are made of: the rows of the shorter n-grams, and the ids before these."""
    return keys >> _BITS, keys & ((1 << _BITS) - 1)


def learn(ids: IntArray, *, longest: int, min_count: int, max_rows: int = 1 << 16) -> Keys:
    """Return the sorted keys of the frequent n-grams of 2 … `longest` characters, one array for
    each length. Where several texts are given as one, NOTHING stands between them.

    Frequent are those that occur `min_count` times, at most the `max_rows` most frequent of a
    length. Each array ends with a key larger than any real one, so that a search ends inside.
    """
    keys: Keys = ()
    for length in range(2, longest + 1):
        all_keys = [_keys_in(excerpt, length, keys) for excerpt in excerpts(ids)]
        distinct, counts = np.unique(np.concatenate(all_keys), return_counts=True)
        if len(counts) > max_rows:
            least = max(min_count, int(np.sort(counts)[-max_rows - 1]) + 1)
        else:
            least = min_count
        frequent = distinct[counts >= least]
        keys += (np.append(frequent, np.iinfo(np.int64).max),)
    return keys


def excerpts(ids: IntArray) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the whole text; of a long one, excerpts at equal distances."""
    if len(ids) <= MAX_CHARS:
        yield ids.astype(np.int64)
        return
    for start in np.linspace(0, len(ids) - MAX_CHARS // _NUM_EXCERPTS, _NUM_EXCERPTS).astype(int):
        yield ids[start : start + MAX_CHARS // _NUM_EXCERPTS].astype(np.int64)


def _keys_in(ids: npt.NDArray[np.int64], length: int, keys: Keys) -> npt.NDArray[np.int64]:
    """Return the keys of all n-grams of one length in a text, given those of the shorter ones."""
    before = np.full(length - 1, NOTHING)
    shorter: npt.NDArray[np.int64] = _own_rows(keys, ids, before[1:], np)[-1]
    earlier = np.concatenate([before, ids])[: len(ids)]
    known = (earlier != NOTHING) & (shorter >= 0 if length == 2 else shorter > 0)
    keys_in_text: npt.NDArray[np.int64] = (shorter[known] << _BITS) | earlier[known]
    return keys_in_text


def _own_rows(keys: tuple[Array, ...], ids: Array, before: Array, xp: Any) -> list[Array]:
    """Return for each length the row within that length's own part of the table: for 1 the id, for
    the others 0 if the n-gram has no row of its own.
    """
    num_before = len(keys)
    seen = xp.concatenate([before, ids])
    rows = [ids]
    for k, keys_k in enumerate(keys, start=1):
        earlier = seen[num_before - k : num_before - k + len(ids)]
        key = (rows[-1] << _BITS) | earlier  # after NOTHING it is -1, which is no key
        place = xp.searchsorted(keys_k, key)
        rows.append(xp.where(keys_k[place] == key, place + 1, 0))
    return rows


def rows(keys: tuple[Array, ...], ids_TB: Array, before_KB: Array, xp: Any = np) -> Array:
    """Return the rows of the embedding table, shape (T, B, N), for each character read and the
    n-grams that end with it.

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
    """Return the number of rows besides those of the characters."""
    return sum(len(keys_k) for keys_k in keys)


def num_rows_in(arrays: Mapping[str, Array]) -> int:
    """Return `num_rows` of all keys among the arrays of a checkpoint."""
    return num_rows(tuple(keys for name, keys in arrays.items() if name.startswith("ngrams.")))


def after(ids_TB: Array, before_KB: Array, xp: Any = np) -> Array:
    """Return `before_KB` after ids_TB were read."""
    num_before = len(before_KB)
    return xp.concatenate([before_KB, ids_TB])[len(ids_TB) :][:num_before]


class Rows:
    """`rows` for one character at a time, by dictionaries: 40 times faster."""

    def __init__(self, keys: tuple[Array, ...]) -> None:
        """`keys` are those of `learn`, in numpy."""
        starts = np.cumsum([0, *map(len, keys)]).tolist()
        self._start_of_chars = starts.pop()
        self._parts = [
            (dict(zip(keys_k[:-1].tolist(), range(1, len(keys_k)), strict=True)), start)
            for keys_k, start in zip(keys, starts, strict=True)
        ]

    def __call__(self, context: tuple[int, ...]) -> list[int]:
        """Return the N rows for the last of N characters, NOTHING where none was read."""
        *before, row = context
        rows = [row + self._start_of_chars]
        for (row_of, start), earlier in zip(self._parts, reversed(before), strict=True):
            row = row_of.get((row << _BITS) | earlier, 0)
            rows.append(row + start)
        return rows
