"""A corpus in pieces of like size, each of which is counted and encoded alone.

So several processes share the work, and what one that is killed had finished need not be done
again. It knows nothing of caches, nor of how the pieces are put together.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.decoding import Chunk, Normalised, Reading, is_utf8, read_bytes, read_text
from charrnn.errors import CorpusError
from charrnn.sources import Source
from charrnn.vocab import IntArray, Vocab, code_points, counted

PIECE_BYTES = 1 << 25
Tell = Callable[[int], None]  # so many more bytes are done


@dataclass(frozen=True)
class Piece:
    """Small files that follow each other, or a stretch of a large one."""

    sources: tuple[Source, ...]
    num_bytes: int  # on disk
    reading: Reading

    def without(self, labels: Collection[str]) -> "Piece":
        """The piece without those of its files that are of a folder and so called."""
        kept = (s for s in self.sources if not (s.skip_unreadable and s.label in labels))
        return replace(self, sources=tuple(kept))


@dataclass(frozen=True)
class Tally:
    """What one pass over a piece tells."""

    sha256: str  # of its normalised text in UTF-8, or of its raw bytes
    counts: dict[int, int]  # code point → how often
    is_open: bool  # it ends within a line, so that a text that follows begins a new one
    seen: Normalised

    @classmethod
    def from_json(cls, values: Any) -> "Tally":
        """The inverse of `asdict` and JSON."""
        counts = {int(code): count for code, count in values["counts"].items()}
        return cls(values["sha256"], counts, values["is_open"], Normalised(**values["seen"]))

    @property
    def num_chars(self) -> int:
        """How long the piece is."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Place:
    """Where the ids of a piece are among those of the corpus."""

    start: int
    num_chars: int
    sha256: str  # of the piece's text


@dataclass(frozen=True)
class Writing:
    """A piece to encode."""

    piece: Piece
    place: Place
    vocab: Vocab
    path: Path  # a file as long as all ids
    first_byte: int  # where the ids begin in it, in bytes
    written: str | None  # the digest of the ids that were written there before, if any were

    @property
    def num_bytes(self) -> int:
        """The size of the work."""
        return self.piece.num_bytes


_NOTHING = Tally(hashlib.sha256().hexdigest(), {}, is_open=False, seen=Normalised())


def changed() -> CorpusError:
    """The error for a corpus that is not what it was a moment ago."""
    return CorpusError("the corpus changed while it was being read", "run the command again")


def divided(sources: Sequence[tuple[Source, int]], reading: Reading) -> list[Piece]:
    """The pieces of a corpus, in order; each source comes with its size in bytes."""
    pieces: list[Piece] = []
    small: list[Source] = []
    small_bytes = 0
    for source, num_bytes in [*sources, (None, 0)]:
        is_large = source is not None and num_bytes > PIECE_BYTES
        if small and (source is None or is_large or small_bytes + num_bytes > PIECE_BYTES):
            pieces.append(Piece(tuple(small), small_bytes, reading))
            small, small_bytes = [], 0
        if source is None:
            break
        if is_large:
            pieces += _stretches(source, num_bytes, reading)
        else:
            small.append(source)
            small_bytes += num_bytes
    return pieces


def _stretches(source: Source, num_bytes: int, reading: Reading) -> Iterator[Piece]:
    """A large file, cut where no character and no CRLF is; whole where that cannot be known."""
    can_be_cut = not source.is_play and (is_utf8(reading.encoding) or reading.is_bytes)
    begin = 0
    for aim in range(PIECE_BYTES, num_bytes, PIECE_BYTES) if can_be_cut else ():
        end = max(begin, _boundary(source, aim))
        yield Piece((replace(source, begin=begin, end=end),), end - begin, reading)
        begin = end
    yield Piece((replace(source, begin=begin),), num_bytes - begin, reading)


def _boundary(source: Source, aim: int) -> int:
    """The first place from there on where a text in UTF-8 may be cut in two."""
    around = b"".join(read_bytes(replace(source, begin=aim - 1, end=aim + 8)))
    for k in range(1, len(around)):
        if around[k] & 0xC0 != 0x80 and around[k - 1 : k + 1] != b"\r\n":
            return aim - 1 + k
    return aim - 1 + len(around)  # the end of the file, or no UTF-8: whoever reads on will say so


def chunks(piece: Piece, source: Source, seen: Normalised, *, after: bytes) -> Iterator[Chunk]:
    """One source's text or bytes; a text that follows another (`after`, its end) begins a new
    line.
    """
    if piece.reading.is_bytes:
        yield from (Chunk(data, None) for data in read_bytes(source))
        return
    if after not in (b"", b"\n"):
        yield Chunk(b"\n", None)
    yield from read_text(source, piece.reading.encoding, seen)


def tally(piece: Piece, tell: Tell) -> Tally:
    """Count and hash a piece.

    Raises `CorpusError` for what cannot be decoded, unless its source may be skipped.
    """
    digest, counts, last = hashlib.sha256(), np.zeros(1, np.int64), b""
    seen = Normalised()
    for source in piece.sources:
        # A file that turns out not to be text must leave no trace, so each has its own tallies.
        its_digest, its_counts, its_last = digest.copy(), np.zeros(1, np.int64), last
        its_seen = Normalised()
        try:
            for chunk in chunks(piece, source, its_seen, after=last):
                its_counts = _sum(its_counts, counted(_codes(chunk)))
                its_digest.update(chunk.data)
                its_last = chunk.data[-1:]
                tell(len(chunk.data))
            if source.skip_unreadable and not piece.reading.is_bytes and its_counts[0]:
                raise CorpusError(f"{source.label} holds NUL characters")
        except CorpusError:
            if not source.skip_unreadable:
                raise
            seen.skipped.append(source.label)
            continue
        digest, last, counts = its_digest, its_last, _sum(counts, its_counts)
        seen.add(its_seen)
    return Tally(
        sha256=digest.hexdigest(),
        counts={int(code): int(counts[code]) for code in np.flatnonzero(counts)},
        is_open=not piece.reading.is_bytes and last not in (b"", b"\n"),
        seen=seen,
    )


def settled(divided: Sequence[Piece], tallies: Iterable[Tally]) -> Iterator[tuple[Piece, Tally]]:
    """Each piece with its tally, without what is not text: of a file, all stretches or none."""
    stretches: list[tuple[Piece, Tally]] = []
    for piece, its in zip(divided, tallies, strict=True):
        stretches.append((piece, its))
        last = piece.sources[-1]
        if last.skip_unreadable and last.end is not None:
            continue  # what follows may turn out not to be text
        skipped = {label for _, its in stretches for label in its.seen.skipped}
        if len(stretches) > 1 and skipped:
            nothing = replace(_NOTHING, seen=Normalised(skipped=[*skipped]))
            stretches = [(stretch, _NOTHING) for stretch, _ in stretches[1:]] + [(piece, nothing)]
        yield from ((stretch.without(skipped), its) for stretch, its in stretches)
        stretches = []


def text(piece: Piece, its: Tally) -> Iterator[bytes]:
    """The text of a settled piece once more, normalised, in UTF-8; raw bytes in byte mode."""
    is_clean = not (its.seen.marks or its.seen.line_ends) and is_utf8(piece.reading.encoding)
    last = b""
    for source in piece.sources:
        if len(piece.sources) == 1 and is_clean and not source.is_play:
            yield from read_bytes(source)
            continue
        for chunk in chunks(piece, source, Normalised(), after=last):
            last = chunk.data[-1:]
            yield chunk.data


def _codes(chunk: Chunk) -> IntArray:
    return code_points(chunk.data if chunk.text is None else chunk.text)


def _sum(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Counts added up, in the longer of the two arrays."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    longer[: len(shorter)] += shorter
    return longer


def write(writing: Writing, tell: Tell) -> str:
    """Put a piece's ids in their place, unless they are there; the digest of what is there then.

    Raises `CorpusError` where the piece is not what it was when it was counted.
    """
    piece, vocab = writing.piece, writing.vocab
    first_byte = writing.first_byte + writing.place.start * vocab.dtype.itemsize
    if writing.written == _digest_there(writing, first_byte):
        tell(piece.num_bytes)
        return writing.written
    text, ids, last = hashlib.sha256(), hashlib.sha256(), b""
    with writing.path.open("r+b") as file:
        file.seek(first_byte)
        for source in piece.sources:
            for chunk in chunks(piece, source, Normalised(), after=last):
                packed = vocab.packed(_codes(chunk))
                file.write(packed)
                text.update(chunk.data)
                ids.update(packed)
                last = chunk.data[-1:]
                tell(len(chunk.data))
    if text.hexdigest() != writing.place.sha256:
        raise changed()
    return ids.hexdigest()


def _digest_there(writing: Writing, first_byte: int) -> str:
    """The digest of the ids that are in a piece's place, if they may be its own; else ""."""
    if writing.written is None:
        return ""
    ids = hashlib.sha256()
    num_bytes = writing.place.num_chars * writing.vocab.dtype.itemsize
    stretch = Source(writing.path, "", begin=first_byte, end=first_byte + num_bytes)
    for data in read_bytes(stretch):
        ids.update(data)
    return ids.hexdigest()
