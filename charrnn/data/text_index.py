"""An index of a corpus, in which any piece of text is found without reading the corpus.

It is a suffix array (Manber & Myers, 1990): all positions of the corpus, in the order of the text
that follows them. It is made once, in some five bytes of memory for each byte of the ids, and kept
beside the encoded corpus, memory-mapped.

Ids are compared by their bytes as they lie in memory: any order serves.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback
from charrnn.data.encoding import cache_files
from charrnn.data.vocab import IntArray, Vocab, code_points
from charrnn.errors import NoMemoryError

CHUNK = 1 << 20  # positions handled at once
_NUM_KEPT = 4096  # pieces whose followers are kept


@dataclass(frozen=True)
class TextIndex:
    """A corpus as ids, its vocabulary, and its positions in the order of what follows them."""

    ids: IntArray
    vocab: Vocab
    positions: IntArray

    @classmethod
    def of(
        cls, ids: IntArray, vocab: Vocab, sha256: str, *, cache: Path, progress: ProgressCallback
    ) -> "TextIndex":
        """Load the index from the cache, or make it and keep it there: four bytes a character.

        `sha256` is the digest of the corpus. Raises `StorageError` if the disk has no room for the
        index, `NoMemoryError` if the memory has none for making it.
        """
        ids_path = cache_files.ids_path(sha256, vocab, cache)
        path = ids_path.with_name(f"{ids_path.stem}-suffixes.npy")
        dtype = position_dtype(len(ids))
        positions = cache_files.load_array(path, length=len(ids), dtype=dtype)
        if positions is None:
            progress(0, len(ids))
            chunks = (chunk.tobytes() for chunk in sorted_positions(ids))
            positions = cache_files.save_array(path, chunks, length=len(ids), dtype=dtype)
            progress(len(ids), len(ids))
        return cls(ids, vocab, positions)

    @cached_property
    def _bytes(self) -> memoryview:
        return self.ids.view(np.uint8).data

    @cached_property
    def _sorted(self) -> memoryview:
        return self.positions.data  # its items are Python integers

    def range_of(self, piece: bytes, low: int = 0, high: int | None = None) -> tuple[int, int]:
        """Return the range of sorted positions where a piece (ids as bytes) begins.

        `low` and `high` narrow the search to a range.
        """
        size, text = self.ids.itemsize, self._bytes

        def text_at(position: int) -> bytes:
            return bytes(text[size * position : size * position + len(piece)])

        low = bisect_left(self._sorted, piece, low, high, key=text_at)
        return low, bisect_right(self._sorted, piece, low, high, key=text_at)

    def has(self, piece: IntArray) -> bool:
        """Whether the corpus has these ids one after another."""
        low, high = self.range_of(piece.tobytes())
        return low < high

    def first(self, piece: IntArray) -> int | None:
        """Return the first position of a piece; None if the corpus does not have it."""
        low, high = self.range_of(piece.tobytes())
        return int(self.positions[low:high].min()) if low < high else None

    def followers(self, piece: IntArray) -> IntArray:
        """Return the ids that follow a piece in the corpus, each once."""
        return self._followers(piece.tobytes())

    @cached_property
    def _followers(self) -> Callable[[bytes], IntArray]:
        def find(piece: bytes) -> IntArray:
            return np.array(list(self._next_ids(piece)), self.ids.dtype)

        return lru_cache(_NUM_KEPT)(find)  # a text that repeats itself asks again

    def _next_ids(self, piece: bytes) -> Iterator[int]:
        """Yield the ids after a piece, one range of positions each."""
        num_ids = len(piece) // self.ids.itemsize
        low, high = self.range_of(piece)
        while low < high:
            following = self._sorted[low] + num_ids
            if following == len(self.ids):
                low += 1  # the corpus ends with the piece
                continue
            yield int(self.ids[following])
            longer = piece + self.ids[following : following + 1].tobytes()
            low = self.range_of(longer, low, high)[1]

    def line_of(self, position: int) -> int:
        """Return the number of the line that holds a position, from 1."""
        newline = int(self.vocab.ids_of(np.array([ord("\n")]))[0])
        ends = (
            np.count_nonzero(self.ids[begin : min(begin + CHUNK, position)] == newline)
            for begin in range(0, position, CHUNK)
        )
        return 1 + int(sum(ends))

    def has_word(self, word: str) -> bool:
        """Whether the corpus has a word with no letter before or after it."""
        ids = self.vocab.ids_of(code_points(word))
        if not is_known(ids, self.vocab).all():
            return False
        low, high = self.range_of(ids.astype(self.ids.dtype).tobytes())
        return any(
            self._stands_alone(self.positions[begin : min(begin + CHUNK, high)], len(ids))
            for begin in range(low, high, CHUNK)
        )

    def _stands_alone(self, positions: IntArray, length: int) -> bool:
        """Whether letters neither precede nor follow a word at one of its positions."""
        begins = positions.astype(np.int64)
        ends, last = begins + length, len(self.ids) - 1
        follows_none = (begins == 0) | ~self._is_letter[self.ids[begins - 1]]
        precedes_none = (ends > last) | ~self._is_letter[self.ids[np.minimum(ends, last)]]
        return bool((follows_none & precedes_none).any())

    @cached_property
    def _is_letter(self) -> npt.NDArray[np.bool_]:
        """Table: id → whether it is part of a word."""
        letters = [is_letter(self.vocab.char(i), self.vocab) for i in range(len(self.vocab))]
        return np.array(letters)


def position_dtype(num_chars: int) -> np.dtype[Any]:
    """Return the type that holds a position in a text of that length."""
    return np.dtype(np.uint32 if num_chars <= 1 << 32 else np.uint64)


def sorted_positions(ids: IntArray) -> Iterator[IntArray]:
    """Yield all positions of a text in chunks, in the order of the text that follows them.

    Raises `NoMemoryError` if they cannot be sorted in memory.
    """
    from pydivsufsort import divsufsort

    size = ids.itemsize
    try:
        sorted_bytes = divsufsort(np.array(ids).view(np.uint8))
    except MemoryError as error:
        needed = ids.nbytes * (5 if ids.nbytes < 1 << 31 else 9) / 1e9
        raise NoMemoryError(
            f"an index of this corpus takes {needed:.1f} GB of memory to make",
            "make it on a machine that has as much, and copy the folder of runs",
        ) from error
    for begin in range(0, len(sorted_bytes), CHUNK):
        chunk = sorted_bytes[begin : begin + CHUNK]
        yield (chunk[chunk % size == 0] // size).astype(position_dtype(len(ids)))


def is_known(ids: IntArray, vocab: Vocab) -> npt.NDArray[np.bool_]:
    """Return which ids stand for one character, rather than for none or for all the rare ones."""
    known: npt.NDArray[np.bool_] = ids >= 0
    return known if vocab.unknown_id is None else known & (ids != vocab.unknown_id)


def is_letter(character: str, vocab: Vocab) -> bool:
    """Whether a character is part of a word; among bytes, also those of letters in UTF-8."""
    if vocab.is_bytes:
        return (character.isascii() and character.isalpha()) or character >= "\x80"
    return unicodedata.category(character)[0] in "LM"  # letters, and the marks that go with them
