"""The records of a corpus, in which one is found without reading the others.

It is made once and kept beside the encoded copy of the corpus, memory-mapped: the hash of each
record, sorted, and where the record begins. What a hash finds is compared with the record itself.

Shapes: R records.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback
from charrnn.data.encoding import cache_files
from charrnn.data.records import Records
from charrnn.data.vocab import IntArray, Vocab, code_points

_CHUNK_CHARS = 1 << 22
# 2**64 divided by the golden ratio; odd, so that no power of it is 0
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class RecordIndex:
    """`text in index`: whether that is a record of the corpus; an empty text always is."""

    ids: IntArray
    vocab: Vocab
    hashes_R: IntArray  # sorted
    begins_R: IntArray
    lengths_R: IntArray

    @classmethod
    def of(
        cls,
        ids: IntArray,
        vocab: Vocab,
        find: Callable[[], Records],
        *,
        path: Path,
        progress: ProgressCallback,
    ) -> "RecordIndex":
        """The index that is kept in a file, or a new one of the records that `find` finds, which
        is then kept: 24 bytes for a record. Raises `StorageError` where there is no room for it.
        """
        dtype = np.dtype(np.uint64)
        kept = cache_files.load_array(path, length=None, dtype=dtype)
        if kept is None:
            made = _made(ids, find(), progress)
            pieces = (piece.tobytes() for piece in made)
            kept = cache_files.save_array(path, pieces, length=sum(map(len, made)), dtype=dtype)
        return cls(ids, vocab, *kept.reshape(3, -1))

    def __contains__(self, text: object) -> bool:
        ids = self.vocab.ids_of(code_points(str(text)))
        if (ids < 0).any():
            return False
        return not len(ids) or any(np.array_equal(other, ids) for other in self._alike(ids))

    def _alike(self, ids: IntArray) -> Iterator[IntArray]:
        """The records of the same hash."""
        (hashed,) = _hashes(ids, np.zeros(1, np.int64), np.array([len(ids)]))
        k = int(np.searchsorted(self.hashes_R, hashed))
        while k < len(self.hashes_R) and self.hashes_R[k] == hashed:
            begin = int(self.begins_R[k])
            yield self.ids[begin : begin + int(self.lengths_R[k])]
            k += 1


def _made(
    ids: IntArray, found: Records, progress: ProgressCallback
) -> tuple[Hashes, Hashes, Hashes]:
    """The sorted hashes of all records; where each of these begins, and how long it is."""
    num_records = len(found.begins_R)
    hashes_R = np.empty(num_records, np.uint64)
    ends_R = np.cumsum(found.lengths_R)
    first = 0
    while first < num_records:
        before = int(ends_R[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends_R, before + _CHUNK_CHARS)))
        part = slice(first, last)
        hashes_R[part] = _hashes(ids, found.begins_R[part], found.lengths_R[part])
        first = last
        progress(min(first, num_records), num_records)
    order = np.argsort(hashes_R, kind="stable")
    ordered = found[order]
    begins_R, lengths_R = ordered.begins_R.astype(np.uint64), ordered.lengths_R.astype(np.uint64)
    return hashes_R[order], begins_R, lengths_R


def _hashes(
    ids: IntArray, begins_R: npt.NDArray[np.int64], lengths_R: npt.NDArray[np.int64]
) -> Hashes:
    """A number for each stretch of ids, none of them empty: a polynomial of these, modulo 2**64."""
    starts_R = np.cumsum(lengths_R) - lengths_R
    within = np.arange(lengths_R.sum()) - np.repeat(starts_R, lengths_R)
    values = ids[np.repeat(begins_R, lengths_R) + within].astype(np.uint64) + np.uint64(1)
    values *= np.multiply.accumulate(np.full(lengths_R.max(), _FACTOR))[within]
    hashes_R: Hashes = np.add.reduceat(values, starts_R)
    return hashes_R
