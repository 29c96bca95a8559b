"""An index of the records of a corpus, which finds one without reading the others.

It holds the hash of each record, sorted, and where the record is. What a hash finds is compared
with the record itself. The index is made once and kept beside the encoded corpus, memory-mapped.

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

CHUNK_CHARS = 1 << 22
# 2**64 divided by the golden ratio; odd, so that no power of it is 0
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class RecordIndex:
    """`text in index`: whether that is a record of the corpus. An empty text always is."""

    ids: IntArray
    vocab: Vocab
    hashes_R: IntArray  # sorted
    starts_R: IntArray
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

        `progress` counts records.
        """
        dtype = np.dtype(np.uint64)
        kept = cache_files.load_array(path, length=None, dtype=dtype)
        if kept is None:
            columns = _columns(ids, find(), progress)
            chunks = (column.tobytes() for column in columns)
            length = sum(map(len, columns))
            kept = cache_files.save_array(path, chunks, length=length, dtype=dtype)
        return cls(ids, vocab, *kept.reshape(3, -1))

    def __contains__(self, text: object) -> bool:
        ids = self.vocab.ids_of(code_points(str(text)))
        if (ids < 0).any():
            return False
        return not len(ids) or any(np.array_equal(other, ids) for other in self._alike(ids))

    def _alike(self, ids: IntArray) -> Iterator[IntArray]:
        """The records of the same hash."""
        (hashed,) = hashes_of(ids, np.zeros(1, np.int64), np.array([len(ids)]))
        k = int(np.searchsorted(self.hashes_R, hashed))
        while k < len(self.hashes_R) and self.hashes_R[k] == hashed:
            start = int(self.starts_R[k])
            yield self.ids[start : start + int(self.lengths_R[k])]
            k += 1


def _columns(
    ids: IntArray, records: Records, progress: ProgressCallback
) -> tuple[Hashes, Hashes, Hashes]:
    """The sorted hashes of all records; where each of these begins, and its length."""
    num_records = len(records)
    hashes_R = np.empty(num_records, np.uint64)
    ends_R = np.cumsum(records.lengths_R)
    first = 0
    while first < num_records:
        before = int(ends_R[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends_R, before + CHUNK_CHARS)))
        part = slice(first, last)
        hashes_R[part] = hashes_of(ids, records.starts_R[part], records.lengths_R[part])
        first = last
        progress(min(first, num_records), num_records)
    order = np.argsort(hashes_R, kind="stable")
    ordered = records[order]
    starts_R, lengths_R = ordered.starts_R.astype(np.uint64), ordered.lengths_R.astype(np.uint64)
    return hashes_R[order], starts_R, lengths_R


def hashes_of(
    ids: IntArray, starts_R: npt.NDArray[np.int64], lengths_R: npt.NDArray[np.int64]
) -> Hashes:
    """Hash stretches of ids, none of them empty: a polynomial of the ids, modulo 2**64."""
    firsts_R = np.cumsum(lengths_R) - lengths_R
    within = np.arange(lengths_R.sum()) - np.repeat(firsts_R, lengths_R)
    values = ids[np.repeat(starts_R, lengths_R) + within].astype(np.uint64) + np.uint64(1)
    values *= np.multiply.accumulate(np.full(lengths_R.max(), _FACTOR))[within]
    hashes_R: Hashes = np.add.reduceat(values, firsts_R)
    return hashes_R
