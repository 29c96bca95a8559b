"""The text of one source, in chunks of constant size.

It comes out normalised: no byte order mark, every line end a newline. What was normalised or left
out is said in notes, one line each; the first byte that is no text is named by line and offset. It
knows nothing of ids.
"""

import codecs
import encodings
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import NamedTuple

from charrnn._text import CountBytes, ignore_bytes, number_of, some
from charrnn.config import DataConfig
from charrnn.errors import CorpusError, UsageError
from charrnn.sources import columns, detection, file_types, shakespeare, units
from charrnn.sources.paths import Source

CHUNK_BYTES = 1 << 19  # what is made of a chunk stays in the cache of a core
_MARKING = "charrnn.marking"  # a way to decode: what cannot be becomes a mark, to be looked for

codecs.register_error(_MARKING, lambda error: (units.BAD, error.end))  # type: ignore[attr-defined]


class NotTextError(CorpusError):
    """Bytes that are not in the encoding; `likely` is the one that they may be in."""

    def __init__(self, message: str, hint: str, likely: str | None) -> None:
        super().__init__(message, hint)
        self.likely = likely


class Chunk(NamedTuple):
    """A little of a text, normalised."""

    data: bytes  # in UTF-8; raw bytes where every byte is a character
    text: str | None  # None where data is ASCII or raw: each byte is a character


@dataclass
class Normalised(columns.Rows):
    """What reading changed or left out, rows of tables or else lines and records, gathered over all
    sources for one note each.
    """

    marks: int = 0  # byte order marks dropped
    line_ends: bool = False
    num_replaced: int = 0  # places that were not in the encoding
    skipped: list[str] = field(default_factory=list)  # files that are passed over
    likely: dict[str, str] = field(default_factory=dict)  # which of them may be in what encoding
    encodings: dict[str, str] = field(default_factory=dict)  # files in one of their own
    packed: list[str] = field(default_factory=list)  # compressed files that are read as they are
    num_plain: int = 0  # files in the encoding that was asked for

    def add(self, other: "Normalised") -> None:
        """What happened elsewhere happened too."""
        self.marks += other.marks
        self.line_ends |= other.line_ends
        self.num_replaced += other.num_replaced
        self.num_left_out += other.num_left_out
        self.num_folded += other.num_folded
        self.num_missing += other.num_missing
        self.num_malformed += other.num_malformed
        self.skipped += other.skipped
        self.likely |= other.likely
        self.encodings |= other.encodings
        self.packed += other.packed
        self.num_plain += other.num_plain

    def is_as_it_was(self, config: DataConfig) -> bool:
        """Whether the text is what the files hold, byte for byte."""
        is_mended = self.marks or self.line_ends or self.num_replaced or self.num_left_out
        return not is_mended and config.column is None and is_utf8(config.encoding)

    def notes(self, config: DataConfig) -> list[str]:
        """One plain sentence for each thing that happened."""
        return [*self._of_text(config), *self._of_rows(config), *self._of_files(config)]

    def _of_text(self, config: DataConfig) -> Iterator[str]:
        if self.marks:
            yield "dropped the byte order mark at the start of the text"
        if self.line_ends:
            yield "turned CRLF and CR line ends into newlines"
        if self.num_replaced:
            what = number_of(self.num_replaced, "place")
            yield f"put � in {what} with bytes that are not {config.encoding}"
        if self.num_left_out:
            is_line = config.records != "blank" and config.column is None
            what = number_of(self.num_left_out, "line" if is_line else "record")
            yield f"left out {what} with bytes that are not {config.encoding}"

    def _of_rows(self, config: DataConfig) -> Iterator[str]:
        if self.num_folded:
            what = number_of(self.num_folded, "record")
            became = "a newline took the place of blank lines"
            if config.records == "lines":
                became = "spaces took the place of the line ends; --records blank keeps them"
            yield f"within {what} {became}"
        if self.num_missing:
            what = number_of(self.num_missing, "row")
            yield f"skipped {what} with nothing in column {config.column}"
        if self.num_malformed:
            yield f"left out {number_of(self.num_malformed, 'row')} that cannot be read"

    def _of_files(self, config: DataConfig) -> Iterator[str]:
        if self.encodings:
            names = [f"{name} ({encoding})" for name, encoding in self.encodings.items()]
            yield f"read {number_of(len(names), 'file')} in another encoding: {some(names)}"
        damaged = [name for name, likely in self.likely.items() if likely == config.encoding]
        if damaged:
            yield (
                f"skipped {number_of(len(damaged), 'file')} with bytes that are not"
                f" {config.encoding}: {some(damaged)}; --errors skip leaves out only the lines"
                " with such bytes"
            )
        if others := [name for name in self.likely if name not in damaged]:
            names = [f"{name} (perhaps {self.likely[name]})" for name in others]
            yield f"skipped {_files_that_are(len(names))} not {config.encoding}: {some(names)}"
        if others := [name for name in self.skipped if name not in self.likely]:
            what = "text" if config.column is None else "a table"
            yield f"skipped {_files_that_are(len(others))} not {what}: {some(others)}"
        if self.packed:
            yield (
                f"learning compressed bytes as they are: {some(self.packed)}; to learn the text in"
                " them leave --bytes out, or unpack them first"
            )


def _files_that_are(count: int) -> str:
    return f"{number_of(count, 'file')} that {'is' if count == 1 else 'are'}"


def read_bytes(
    source: Source, *, unpack: bool = False, count_bytes: CountBytes = ignore_bytes
) -> Iterator[bytes]:
    """A source's bytes in chunks, as they are or unpacked where they are compressed.

    `count_bytes` is called with the bytes of the file as they are read.

    Raises `CorpusError` where the disk refuses, and for a compressed file that is damaged.
    """
    with _disk_asked(source):
        if source.is_play:
            yield shakespeare.play_text(source.path.read_text(encoding="utf-8")).encode()
            count_bytes(source.path.stat().st_size)
            return
        place = source.begin
        left = sys.maxsize if source.end is None else source.end - source.begin
        with source.path.open("rb", buffering=0) as file, file_types.damage_named(source.label):
            opened: file_types.Readable = file
            if unpack and not source.begin:
                opened = file_types.unpacked(file)
            else:
                file.seek(source.begin)
            while chunk := opened.read(min(CHUNK_BYTES, left)):
                left -= len(chunk)
                before, place = place, file.tell()
                count_bytes(place - before)
                yield chunk


@contextmanager
def _disk_asked(source: Source) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"cannot read {source.label}: {error.strerror}", "check its permissions"
        ) from error


def is_compressed(source: Source) -> bool:
    """Whether a file begins like one that is compressed."""
    with _disk_asked(source), source.path.open("rb") as file:
        return file_types.compression(file.read(file_types.HEAD)) is not None


def beginning(source: Source) -> bytes:
    """The first bytes of a source, unpacked: enough to guess its encoding by."""
    chunks = read_bytes(source, unpack=True)
    return b"".join(islice(chunks, max(1, detection.MOST_BYTES // CHUNK_BYTES)))


def read_text(
    source: Source, config: DataConfig, seen: Normalised, *, count_bytes: CountBytes = ignore_bytes
) -> Iterator[Chunk]:
    """A source's text in chunks, normalised; what was normalised is added to `seen`.

    Raises `CorpusError` for what is no text by its first bytes, and `NotTextError` with line and
    byte offset at the first byte that is not in the encoding.
    """
    if source.skip_unreadable and config.column is not None and not columns.is_table(source.label):
        raise CorpusError(f"{source.label} is no table by its name", "name the file itself")
    if encoding := "utf-8" if source.is_play else source.encoding:
        config = replace(config, encoding=encoding)

    def line_at(offset: int) -> int:
        before, line = offset, 1
        for chunk in read_bytes(replace(source, begin=0, end=None), unpack=True):
            line += chunk.count(b"\n", 0, before)
            before -= len(chunk)
            if before <= 0:
                break
        return line

    data = read_bytes(source, unpack=True, count_bytes=count_bytes)
    yield from normalised(
        data, config, seen, label=source.label, begin=source.begin, line_at=line_at
    )


def normalised(
    data: Iterable[bytes],
    config: DataConfig,
    seen: Normalised,
    *,
    label: str,
    begin: int = 0,
    line_at: Callable[[int], int] | None = None,
) -> Iterator[Chunk]:
    """The text that bytes spell, in chunks. `begin` is how many bytes came before them in their
    file, and `line_at` tells which line of it holds a byte.
    """
    plain = _decoded(data, config, seen, label, begin, line_at)
    if config.errors == "strict" and config.column is None:
        for text, as_read in plain:
            yield _chunk(text, as_read)
        return
    texts: Iterator[str] = (text for text, _ in plain)
    if config.errors == "replace":
        texts = _replaced(texts, seen)
    if config.column is not None:
        texts = _cells(texts, config, label, seen)
    elif config.errors == "skip":
        texts = _without_bad(texts, config.records, seen)
    yield from (_chunk(text) for text in texts if text)


def _chunk(text: str, data: bytes | None = None) -> Chunk:
    return Chunk(_utf8(text) if data is None else data, None if text.isascii() else text)


def _decoded(
    data: Iterable[bytes],
    config: DataConfig,
    seen: Normalised,
    label: str,
    begin: int,
    line_at: Callable[[int], int] | None,
) -> Iterator[tuple[str, bytes | None]]:
    """The text in chunks that are not empty, each with the bytes that it was read from where these
    are the same text in UTF-8.
    """
    is_strict = config.errors == "strict"
    decoder = _decoder(config.encoding, "strict" if is_strict else _MARKING)
    is_as_read = is_utf8(config.encoding) and is_strict
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    num_bytes, at_start = begin, not begin
    for raw in chain(data, [b""]):  # the empty chunk ends it
        if not num_bytes:
            file_types.require_text(raw[: file_types.HEAD], label)
        held_back: bytes = decoder.getstate()[0]
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeError as error:
            offset = num_bytes - len(held_back) + getattr(error, "start", 0)
            line = None if line_at is None else line_at(offset)
            raise _not_text(label, config.encoding, held_back + raw, offset, line) from error
        num_bytes += len(raw)
        plain = newlines.decode(text, final=not raw)
        if at_start and plain:
            at_start = False
            if plain[0] == "\ufeff":
                plain = plain[1:]
                seen.marks += 1
        as_read = None
        if is_as_read and plain == text:  # what was read is as good: to encode it takes time
            as_read = held_back + raw if held_back else raw
            as_read = as_read[: len(as_read) - len(decoder.getstate()[0])]
        if plain:
            yield plain, as_read
    seen.line_ends |= newlines.newlines not in (None, "\n")


def _cells(texts: Iterable[str], config: DataConfig, label: str, seen: Normalised) -> Iterator[str]:
    """The records that stand in one column."""
    assert config.column is not None
    return columns.records(
        texts,
        config.column,
        kind="lines" if config.records == "none" else config.records,
        label=label,
        skip=config.errors == "skip",
        seen=seen,
    )


def _replaced(texts: Iterable[str], seen: Normalised) -> Iterator[str]:
    for text in texts:
        seen.num_replaced += text.count(units.BAD)
        yield text.replace(units.BAD, "\N{REPLACEMENT CHARACTER}")


def _without_bad(texts: Iterable[str], records: str, seen: Normalised) -> Iterator[str]:
    """The text without those lines, or records, that hold what could not be decoded."""
    for text in units.whole(texts, records):
        if units.BAD in text:
            text, num_left_out = units.without_bad(text, records)
            seen.num_left_out += num_left_out
        yield text


def is_utf8(encoding: str) -> bool:
    """Whether that is a name of UTF-8, without a mark."""
    return encoding.lower() in ("utf-8", "utf8", "utf_8")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # utf-7 and unicode-escape can make such text
        raise CorpusError(
            "the corpus holds half a surrogate pair", "is its --encoding right?"
        ) from error


def require_known(encoding: str) -> None:
    """Raise `UsageError` for the name of no encoding."""
    _decoder(encoding, "strict")


def _decoder(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    """Python's decoder of that name. Raises `UsageError` where there is none for text."""
    try:
        if encodings.search_function(encoding) is None:  # Python's own: packages add stranger ones
            raise LookupError(encoding)
        "x".encode(encoding)  # refuses codecs such as hex, which are not for text
        return codecs.getincrementaldecoder(encoding)(errors)
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"--encoding {encoding!r} is not known", "utf-8, utf-16, latin-1 and cp1252 are"
        ) from error


def _not_text(
    label: str, encoding: str, data: bytes, offset: int, line: int | None
) -> NotTextError:
    """The error for a byte that is not in the encoding, with what to do about it as its hint;
    `data` is what is around that byte.
    """
    where = f"byte {offset}" if line is None else f"line {line}, byte {offset}"
    message = f"{label} is not {encoding}: {where}"
    if is_utf8(encoding) and detection.is_mostly_utf8(data):
        return NotTextError(
            message,
            "nearly all of it is: --errors skip leaves out the lines with such bytes, --errors"
            " replace puts \N{REPLACEMENT CHARACTER} there",
            encoding,
        )
    likely = detection.guess(data).encoding
    if likely is None or codecs.lookup(likely) == codecs.lookup(encoding):
        return NotTextError(message, "--bytes models any file as raw bytes", None)
    return NotTextError(message, f"it may be {likely}: try --encoding {likely}, or --bytes", likely)
