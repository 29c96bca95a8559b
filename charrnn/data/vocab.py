"""Text ↔ ids: the vocabulary of a model.

A vocabulary is a list of code points, or of values of bytes; a character's id is its place in that
list. The list is sorted when it is made from a corpus. It may grow later (training that starts from
a model, on a text with new characters): the new ones follow the old, so that no learned row moves.

Shapes: V vocabulary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

UNKNOWN = -1  # in the list: all characters that are too rare for an id of their own
NUM_CODE_POINTS = 0x110000

IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, repr=False)
class Vocab:
    """Code points (or values of bytes) in the order of their ids, at most one of them `UNKNOWN`."""

    code_points: tuple[int, ...]
    is_bytes: bool = False

    def __len__(self) -> int:
        return len(self.code_points)

    def __repr__(self) -> str:
        return f"Vocab({self.size_in_words})"

    @property
    def size_in_words(self) -> str:
        """Its size for people: 64 characters, 256 bytes."""
        return f"{len(self):,} {'bytes' if self.is_bytes else 'characters'}"

    @classmethod
    def from_counts(cls, counts: IntArray, *, is_bytes: bool, max_size: int) -> "Vocab":
        """The vocabulary of a corpus, in which code point c occurs `counts[c]` times.

        Past `max_size` the rarest characters become one unknown symbol, which comes last.
        """
        seen = np.flatnonzero(counts)
        if len(seen) <= max_size:
            return cls(tuple(seen.tolist()), is_bytes)
        most_frequent_first = seen[np.argsort(-counts[seen], kind="stable")]
        kept = np.sort(most_frequent_first[: max_size - 1])
        return cls((*kept.tolist(), UNKNOWN), is_bytes)

    def extended(self, counts: IntArray, *, max_size: int) -> "Vocab":
        """This vocabulary, ids unchanged, then the new characters of `counts` in sorted order.

        Past `max_size` the rarest of these become the unknown symbol, which comes last if it is
        new itself.
        """
        seen = np.flatnonzero(counts)
        new = seen[~np.isin(seen, self.code_points)]
        unknown: tuple[int, ...] = ()
        if len(new) and len(self) + len(new) > max_size:
            unknown = () if UNKNOWN in self.code_points else (UNKNOWN,)
            most_frequent_first = new[np.argsort(-counts[new], kind="stable")]
            new = np.sort(most_frequent_first[: max(0, max_size - len(self) - len(unknown))])
        return Vocab((*self.code_points, *new.tolist(), *unknown), self.is_bytes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned integer type that holds every id."""
        return np.min_scalar_type(max(len(self) - 1, 0))

    @cached_property
    def unknown_id(self) -> int | None:
        """The id of the unknown symbol, or None where every character has its own."""
        return self.code_points.index(UNKNOWN) if UNKNOWN in self.code_points else None

    @cached_property
    def newline(self) -> int:
        """The id of the newline; -1 or `unknown_id` if it has none of its own."""
        return int(self._id_of[ord("\n")])

    @cached_property
    def white_V(self) -> npt.NDArray[np.bool_]:
        """Table: id → whether its character is white space."""
        known = [bytes([c]) if self.is_bytes else chr(c) for c in self.code_points if c != UNKNOWN]
        white = iter([character.isspace() for character in known])
        return np.array([c != UNKNOWN and next(white) for c in self.code_points])

    @cached_property
    def _codes(self) -> npt.NDArray[Any]:
        """Table: id → code point of the character that stands for it."""
        return np.array([ord(self.char(i)) for i in range(len(self))], "<u4")

    @cached_property
    def _id_of(self) -> npt.NDArray[np.int32]:
        """Table: code point → id; `unknown_id` or -1 where it is not in the vocabulary."""
        fallback = -1 if self.unknown_id is None else self.unknown_id
        table = np.full(256 if self.is_bytes else NUM_CODE_POINTS, fallback, np.int32)
        ids = [i for i in range(len(self)) if i != self.unknown_id]
        table[[self.code_points[i] for i in ids]] = ids
        return table

    def ids_of(self, codes: IntArray) -> npt.NDArray[np.int32]:
        """An id for each code point; `unknown_id` or -1 where it is not in the vocabulary."""
        return self._id_of[codes]

    @cached_property
    def _packed_id_of(self) -> npt.NDArray[Any]:
        """Table: code point → id, in `dtype`."""
        return self._id_of.astype(self.dtype)

    def packed(self, codes: IntArray) -> bytes:
        """The bytes of `ids_of` in `dtype`; every code point must have an id."""
        if codes.dtype == np.uint8 and self.dtype == np.uint8:  # three times as fast as `take`
            return codes.tobytes().translate(self._packed_id_of[:256].tobytes())
        return self._packed_id_of.take(codes).tobytes()

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids; the unknown symbol becomes U+FFFD."""
        codes = self._codes[np.fromiter(ids, np.int64)]
        return codes.tobytes().decode("utf-32-le", "surrogatepass")

    def char(self, i: int) -> str:
        """The character of an id; of bytes, the character with that code point."""
        code = self.code_points[i]
        return "\N{REPLACEMENT CHARACTER}" if code == UNKNOWN else chr(code)

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return {"code_points": list(self.code_points), "bytes": self.is_bytes}

    @classmethod
    def from_json(cls, values: Any) -> "Vocab":
        """The inverse of `to_json`. Raises ValueError or TypeError for other values."""
        points, is_bytes = values["code_points"], values["bytes"] is True
        _require_vocabulary(points, limit=256 if is_bytes else NUM_CODE_POINTS)
        return cls(tuple(points), is_bytes)


def _require_vocabulary(points: Sequence[Any], *, limit: int) -> None:
    """Raise ValueError unless these are distinct code points within range, at least one."""
    valid = all(type(point) is int and UNKNOWN <= point < limit for point in points)
    if not points or not valid or len(set(points)) != len(points):
        raise ValueError("its vocabulary is not a list of distinct characters")


def code_points(text: str | bytes) -> IntArray:
    """The code points of a text, or the values of bytes, as unsigned integers."""
    if isinstance(text, bytes):
        return np.frombuffer(text, np.uint8)
    if text.isascii():  # four times less to move than UTF-32
        return np.frombuffer(text.encode("ascii"), np.uint8)
    half = text.encode("utf-16-le", "surrogatepass")
    if len(half) == 2 * len(text):  # no character takes two
        return np.frombuffer(half, np.uint16)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def count_code_points(codes: IntArray) -> npt.NDArray[np.int64]:
    """How often each code point occurs: at least as many counts as the largest takes."""
    if codes.dtype != np.uint8 or len(codes) < 1 << 16:
        return np.bincount(codes)
    num_pairs = len(codes) // 2  # two bytes at a time take half the time
    pairs = np.bincount(codes[: 2 * num_pairs].view(np.uint16), minlength=1 << 16).reshape(256, 256)
    rest = np.bincount(codes[2 * num_pairs :], minlength=256)
    counts: npt.NDArray[np.int64] = pairs.sum(0) + pairs.sum(1) + rest
    return counts
