"""An index of a corpus, in which any piece of text is found without reading the corpus.

It is made once and kept beside the encoded copy of the corpus, memory-mapped. It knows neither
models nor what the pieces are wanted for.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn._text import ProgressCallback
from charrnn.data.encoding import cache_files
from charrnn.data.suffix_array import DEPTH, in_order, place_type
from charrnn.data.vocab import IntArray, Vocab, code_points

_CHUNK = 1 << 16
_NUM_KEPT = 4096  # pieces whose followers are kept


@dataclass(frozen=True)
class Index:
    """A corpus, its alphabet, and all places of it in the order of what follows them."""

    ids: IntArray
    vocab: Vocab
    places: IntArray

    @classmethod
    def of(
        cls, ids: IntArray, vocab: Vocab, sha256: str, *, cache: Path, progress: ProgressCallback
    ) -> "Index":
        """The index that is kept in the cache, or a new one, which is then kept: four bytes for a
        character. `sha256` is the corpus's. Raises `StorageError` where there is no room for it.
        """
        ids_path = cache_files.ids_path(sha256, vocab, cache)
        path = ids_path.with_name(f"{ids_path.stem}-places.npy")
        kind = place_type(len(ids))
        places = cache_files.load_array(path, length=len(ids), dtype=kind)
        if places is None:
            pieces = (piece.tobytes() for piece in in_order(ids, progress))
            places = cache_files.save_array(path, pieces, length=len(ids), dtype=kind)
        return cls(ids, vocab, places)

    @cached_property
    def _bytes(self) -> memoryview:
        return self.ids.view(np.uint8).data

    @cached_property
    def _sorted(self) -> memoryview:
        return self.places.data  # whose items are plain integers

    def range_of(self, piece: bytes, low: int = 0, high: int | None = None) -> tuple[int, int]:
        """Where among the sorted places, or those in a range, the ones stand at which a piece of at
        most `DEPTH` bytes begins. The text goes on with zeros for this, so up to as many places may
        be false.
        """
        size, text = self.ids.itemsize, self._bytes

        def there(place: int) -> bytes:
            return bytes(text[size * place : size * place + len(piece)]).ljust(len(piece), b"\0")

        low = bisect_left(self._sorted, piece, low, high, key=there)
        return low, bisect_right(self._sorted, piece, low, high, key=there)

    @property
    def reach(self) -> int:
        """How many characters it looks ahead."""
        return DEPTH // self.ids.itemsize

    def has(self, piece: IntArray) -> bool:
        """Whether some ids stand in the corpus one after another."""
        if len(piece) > self.reach:
            return any(len(places) for places in self._places_of(piece))
        low, high = self.range_of(piece.tobytes())
        few = self.places[low : min(high, low + DEPTH)].astype(np.int64)
        return high - low > DEPTH or bool((few + len(piece) <= len(self.ids)).any())

    def followers(self, piece: IntArray) -> IntArray:
        """The ids that come after some others in the corpus, each once."""
        return self._followers(piece.tobytes())

    @cached_property
    def _followers(self) -> Callable[[bytes], IntArray]:
        return lru_cache(_NUM_KEPT)(self._find_followers)  # a text that repeats itself asks again

    def _find_followers(self, data: bytes) -> IntArray:
        piece = np.frombuffer(data, self.ids.dtype)
        if len(piece) < self.reach:
            return np.array(list(self._next_ids(data)), self.ids.dtype)
        found = [
            np.unique(self.ids[places[places + len(piece) < len(self.ids)] + len(piece)])
            for places in self._places_of(piece)
        ]
        return np.unique(np.concatenate([np.empty(0, self.ids.dtype), *found]))

    def _next_ids(self, piece: bytes) -> Iterator[int]:
        """The ids after a short piece: its places stand in the order of what follows it."""
        size = self.ids.itemsize
        low, high = self.range_of(piece)
        while low < high:
            next_place = self._sorted[low] + len(piece) // size
            if next_place >= len(self.ids):
                low += 1
                continue
            yield int(self.ids[next_place])
            longer = piece + self.ids[next_place : next_place + 1].tobytes()
            low = self.range_of(longer, low, high)[1]

    def _places_of(self, piece: IntArray) -> Iterator[IntArray]:
        """Where a piece stands that is at least as long as the index looks ahead."""
        offsets = {*range(0, len(piece) - self.reach, self.reach), len(piece) - self.reach}
        parts = {k: piece[k : k + self.reach].tobytes() for k in offsets}
        ranges = {k: self.range_of(part) for k, part in parts.items()}
        rarest = min(offsets, key=lambda k: ranges[k][1] - ranges[k][0])
        for places in self.candidates(*ranges[rarest]):
            places = places - rarest
            places = places[(places >= 0) & (places + len(piece) <= len(self.ids))]
            for k in range(len(piece)):
                places = places[self.ids[places + k] == piece[k]]
            yield places

    def candidates(self, low: int, high: int) -> Iterator[IntArray]:
        """The places of a range, in pieces, fit for arithmetic."""
        for begin in range(low, high, _CHUNK):
            yield self.places[begin : min(begin + _CHUNK, high)].astype(np.int64)

    def has_at(self, place: int, piece: bytes) -> bool:
        """Whether a piece stands at a place."""
        begin = self.ids.itemsize * place
        return place >= 0 and bytes(self._bytes[begin : begin + len(piece)]) == piece

    def search(self, piece: bytes) -> int | None:
        """The first place of a piece, by reading the whole corpus."""
        size, stride = self.ids.itemsize, max(1 << 24, len(piece))
        stride -= stride % size
        for begin in range(0, len(self._bytes), stride):
            window = bytes(self._bytes[begin : begin + stride + len(piece) - 1])
            found = window.find(piece)
            while found >= 0 and found % size:  # begins within a character
                found = window.find(piece, found + 1)
            if found >= 0:
                return (begin + found) // size
        return None

    def line_of(self, place: int) -> int:
        """The number of the line that holds a place, from 1."""
        newline = int(self.vocab.ids_of(np.array([ord("\n")]))[0])
        ends = (
            np.count_nonzero(self.ids[begin : min(begin + (1 << 24), place)] == newline)
            for begin in range(0, place, 1 << 24)
        )
        return 1 + int(sum(ends))

    def has_word(self, word: str) -> bool:
        """Whether a word stands in the corpus with no letter before or after it."""
        ids = self.vocab.ids_of(code_points(word))
        if not is_known(ids, self.vocab).all():
            return False
        piece = ids.astype(self.ids.dtype)
        num_chars, letters = len(self.ids), self._is_letter
        for places in self.candidates(*self.range_of(piece.tobytes()[:DEPTH])):
            places = places[places + len(piece) <= num_chars]
            places = places[(places == 0) | ~letters[self.ids[places - 1]]]
            ends = places + len(piece)
            ends_alone = (ends == num_chars) | ~letters[self.ids[np.minimum(ends, num_chars - 1)]]
            if any(self.has_at(place, piece.tobytes()) for place in places[ends_alone].tolist()):
                return True
        return False

    @cached_property
    def _is_letter(self) -> npt.NDArray[np.bool_]:
        """Table: id → whether it is part of a word."""
        letters = [is_letter(self.vocab.char(i), self.vocab) for i in range(len(self.vocab))]
        return np.array(letters)


def is_known(ids: IntArray, vocab: Vocab) -> npt.NDArray[np.bool_]:
    """Which ids stand for one character, rather than for none or for all the rare ones."""
    known: npt.NDArray[np.bool_] = ids >= 0
    return known if vocab.unknown_id is None else known & (ids != vocab.unknown_id)


def is_letter(character: str, vocab: Vocab) -> bool:
    """Whether a character is part of a word; of bytes, also each that UTF-8 makes letters of."""
    if vocab.is_bytes:
        return (character.isascii() and character.isalpha()) or character >= "\x80"
    return unicodedata.category(character)[0] in "LM"  # letters, and the marks that go with them
