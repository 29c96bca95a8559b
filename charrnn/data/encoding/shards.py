"""A corpus in pieces of like size, each of which is counted and encoded alone.

So several processes share the work; scan.py and encode.py put the results together.
"""

import contextlib
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._text import CountBytes, ignore_bytes
from charrnn.config import DataConfig
from charrnn.data.vocab import IntArray, Vocab, code_points, counted
from charrnn.errors import CorpusError
from charrnn.sources import detection
from charrnn.sources.decoding import (
    Chunk,
    Normalised,
    NotTextError,
    beginning,
    is_compressed,
    is_utf8,
    read_bytes,
    read_text,
)
from charrnn.sources.paths import Source

PIECE_BYTES = 1 << 25


@dataclass(frozen=True)
class Piece:
    """Small files that follow each other, or a stretch of a large one."""

    sources: tuple[Source, ...]
    num_bytes: int  # on disk
    config: DataConfig

    def settled(self, skipped: Collection[str], encodings: Mapping[str, str]) -> "Piece":
        """The piece without those of its files that are of a folder and so called, and those that
        have an encoding of their own in it.
        """
        kept = (s for s in self.sources if not (s.skip_unreadable and s.label in skipped))
        own = (replace(s, encoding=encodings[s.label]) if s.label in encodings else s for s in kept)
        return replace(self, sources=tuple(own))


@dataclass(frozen=True)
class Tally:
    """What one pass over a piece tells."""

    sha256: str  # of its normalised text in UTF-8, or of its raw bytes
    counts: dict[int, int]  # code point → how often
    is_open: bool  # it ends within a line, so that a text that follows begins a new one
    begins: list[int]  # where in it its files begin, but for one that goes on from another piece
    seen: Normalised

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

    @property
    def num_bytes(self) -> int:
        """The size of the work."""
        return self.piece.num_bytes


_NOTHING = Tally(hashlib.sha256().hexdigest(), {}, is_open=False, begins=[], seen=Normalised())


def changed() -> CorpusError:
    """The error for a corpus that is not what it was a moment ago."""
    return CorpusError("the corpus changed while it was being read", "run the command again")


def divided(sources: Sequence[tuple[Source, int]], config: DataConfig) -> list[Piece]:
    """The pieces of a corpus, in order; each source comes with its size in bytes."""
    pieces: list[Piece] = []
    small: list[Source] = []
    small_bytes = 0
    for source, num_bytes in [*sources, (None, 0)]:
        is_large = source is not None and num_bytes > PIECE_BYTES
        if small and (source is None or is_large or small_bytes + num_bytes > PIECE_BYTES):
            pieces.append(Piece(tuple(small), small_bytes, config))
            small, small_bytes = [], 0
        if source is None:
            break
        if is_large:
            pieces += _stretches(source, num_bytes, config)
        else:
            small.append(source)
            small_bytes += num_bytes
    return pieces


def _stretches(source: Source, num_bytes: int, config: DataConfig) -> Iterator[Piece]:
    """A large file, cut where no character and no CRLF is, or where a line ends if lines are left
    out whole; in one piece where that cannot be known.
    """
    can_be_cut = not source.is_play and _can_be_cut(config)
    if can_be_cut and not config.is_bytes:
        can_be_cut = not is_compressed(source) and detection.is_utf8(beginning(source))
    begin = 0
    for aim in range(PIECE_BYTES, num_bytes, PIECE_BYTES) if can_be_cut else ():
        boundary = _line_end if _leaves_out_lines(config) else _boundary
        end = max(begin, boundary(source, max(begin, aim)))
        yield Piece((replace(source, begin=begin, end=end),), end - begin, config)
        begin = end
    yield Piece((replace(source, begin=begin),), num_bytes - begin, config)


def _can_be_cut(config: DataConfig) -> bool:
    """Whether a file can be read from any character, or from any line, on."""
    if config.is_bytes:
        return True
    is_plain = is_utf8(config.encoding) and config.column is None
    return is_plain and not (_leaves_out_lines(config) and config.records == "blank")


def _leaves_out_lines(config: DataConfig) -> bool:
    """Whether a bad byte means that the whole line, or record, is left out."""
    return config.errors == "skip" and not config.is_bytes


def _boundary(source: Source, aim: int) -> int:
    """The first place from there on where a text in UTF-8 may be cut in two."""
    around = b"".join(read_bytes(replace(source, begin=aim - 1, end=aim + 8)))
    for k in range(1, len(around)):
        if around[k] & 0xC0 != 0x80 and around[k - 1 : k + 1] != b"\r\n":
            return aim - 1 + k
    return aim - 1 + len(around)  # the end of the file, or no UTF-8: whoever reads on will say so


def _line_end(source: Source, aim: int) -> int:
    """Where the line ends that holds the byte before that place."""
    place = aim - 1
    for data in read_bytes(replace(source, begin=place)):
        found = data.find(b"\n")
        if found >= 0:
            return place + found + 1
        place += len(data)
    return place


def chunks(
    piece: Piece,
    source: Source,
    seen: Normalised,
    *,
    after: bytes,
    count_bytes: CountBytes = ignore_bytes,
) -> Iterator[Chunk]:
    """One source's text or bytes; a text that follows another (`after`, its end) begins a new
    line.
    """
    if piece.config.is_bytes:
        yield from (Chunk(data, None) for data in read_bytes(source, count_bytes=count_bytes))
        return
    if after not in (b"", b"\n"):
        yield Chunk(b"\n", None)
    yield from read_text(source, piece.config, seen, count_bytes=count_bytes)


@dataclass(frozen=True)
class _Count:
    """What was counted of a source."""

    digest: Any  # of hashlib: of it and what came before it
    counts: npt.NDArray[np.int64]
    last: bytes  # the last byte so far, b"" where there is none
    seen: Normalised


def tally(piece: Piece, count_bytes: CountBytes) -> Tally:
    """Count and hash a piece.

    Raises `CorpusError` for what cannot be decoded, unless its source may be skipped.
    """
    digest, counts, last = hashlib.sha256(), np.zeros(1, np.int64), b""
    seen, begins, num_chars = Normalised(), list[int](), 0
    for source in piece.sources:
        try:
            its = _counted_in_some_encoding(piece, source, digest, last, count_bytes)
        except CorpusError as error:
            if not source.skip_unreadable:
                raise
            seen.skipped.append(source.label)
            if isinstance(error, NotTextError) and error.likely is not None:
                seen.likely[source.label] = error.likely
            continue
        if not source.begin:
            begins.append(num_chars + (not piece.config.is_bytes and last not in (b"", b"\n")))
        num_chars += int(its.counts.sum())
        digest, last, counts = its.digest, its.last, _sum(counts, its.counts)
        seen.add(its.seen)
    return Tally(
        sha256=digest.hexdigest(),
        counts={int(code): int(counts[code]) for code in np.flatnonzero(counts)},
        is_open=not piece.config.is_bytes and last not in (b"", b"\n"),
        begins=begins,
        seen=seen,
    )


def _counted_in_some_encoding(
    piece: Piece, source: Source, before: Any, last: bytes, count_bytes: CountBytes
) -> _Count:
    """A source, counted; if it is one of several and not in the encoding that was asked for, in
    the one that it surely is in.
    """
    asked = piece.config.encoding
    may_differ = source.is_one_of_many and not (piece.config.is_bytes or source.is_play)
    if may_differ and not is_utf8(asked) and detection.begins_as_utf8(beginning(source)):
        with contextlib.suppress(NotTextError):  # else it begins so, and does not go on so
            return _counted(piece, replace(source, encoding="utf-8"), before, last, count_bytes)
    try:
        return _counted(piece, source, before, last, count_bytes)
    except NotTextError:
        if may_differ:
            likely, is_sure = detection.guess(beginning(source))
            if is_sure:
                with contextlib.suppress(NotTextError):
                    return _counted(
                        piece, replace(source, encoding=likely), before, last, count_bytes
                    )
        raise


def _counted(
    piece: Piece, source: Source, before: Any, last: bytes, count_bytes: CountBytes
) -> _Count:
    """A source, counted. What came before it stays as it is, for it may turn out to be no text."""
    digest, counts = before.copy(), np.zeros(1, np.int64)
    is_bytes, seen = piece.config.is_bytes, Normalised()
    for chunk in chunks(piece, source, seen, after=last, count_bytes=count_bytes):
        counts = _sum(counts, counted(_codes(chunk)))
        digest.update(chunk.data)
        last = chunk.data[-1:]
    if source.skip_unreadable and not is_bytes and counts[0]:
        raise CorpusError(f"{source.label} holds NUL characters")
    if source.encoding is not None:
        seen.encodings[source.label] = source.encoding
    elif not source.begin:
        seen.num_plain += 1
    if is_bytes and not source.begin and is_compressed(source):
        seen.packed.append(source.label)
    return _Count(digest, counts, last, seen)


def settled(divided: Sequence[Piece], tallies: Iterable[Tally]) -> Iterator[tuple[Piece, Tally]]:
    """Each piece with its tally, without what is not text: of a file, all stretches or none."""
    stretches: list[tuple[Piece, Tally]] = []
    for piece, its in zip(divided, tallies, strict=True):
        stretches.append((piece, its))
        last = piece.sources[-1]
        if last.skip_unreadable and last.end is not None:
            continue  # what follows may turn out not to be text
        skipped = {label for _, its in stretches for label in its.seen.skipped}
        likely = {name: its.seen.likely[name] for _, its in stretches for name in its.seen.likely}
        if len(stretches) > 1 and skipped:
            nothing = replace(_NOTHING, seen=Normalised(skipped=[*skipped], likely=likely))
            stretches = [(stretch, _NOTHING) for stretch, _ in stretches[1:]] + [(piece, nothing)]
        for stretch, its in stretches:
            yield stretch.settled(skipped, its.seen.encodings), its
        stretches = []


def text(piece: Piece, its: Tally) -> Iterator[bytes]:
    """The text of a settled piece once more, normalised, in UTF-8; raw bytes in byte mode."""
    is_clean = its.seen.is_as_it_was(piece.config)
    last = b""
    for source in piece.sources:
        is_clean = is_clean and not source.is_play and source.encoding is None
        if len(piece.sources) == 1 and is_clean:
            yield from read_bytes(source, unpack=not piece.config.is_bytes)
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


def write(writing: Writing, count_bytes: CountBytes) -> None:
    """Put a piece's ids in their place.

    Raises `CorpusError` where the piece is not what it was when it was counted.
    """
    piece, vocab = writing.piece, writing.vocab
    first_byte = writing.first_byte + writing.place.start * vocab.dtype.itemsize
    text, last = hashlib.sha256(), b""
    with writing.path.open("r+b") as file:
        file.seek(first_byte)
        for source in piece.sources:
            for chunk in chunks(piece, source, Normalised(), after=last, count_bytes=count_bytes):
                file.write(vocab.packed(_codes(chunk)))
                text.update(chunk.data)
                last = chunk.data[-1:]
    if text.hexdigest() != writing.place.sha256:
        raise changed()
