"""Bytes of one file → text, in chunks of about the same size.

The text has no byte order mark, and every line ends with a newline. What cannot be decoded is an
error that names line and byte, or is replaced, or is left out with its line: as `DataConfig.errors`
says.
"""

import codecs
import encodings
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from charrnn.config import DataConfig
from charrnn.errors import CorpusError, SettingError
from charrnn.sources import columns, detection, file_types, lines
from charrnn.sources.changes import Changes, is_utf8

_MARKING = "charrnn.marking"  # an error handler: each undecodable place becomes a mark

codecs.register_error(_MARKING, lambda error: (lines.UNDECODABLE, error.end))  # type: ignore[attr-defined]


class NotTextError(CorpusError):
    """Bytes that are not in the encoding; `likely` is the one that they may be in."""

    def __init__(self, message: str, hint: str, *fields: str, likely: str | None) -> None:
        super().__init__(message, hint, *fields)
        self.likely = likely


class Chunk(NamedTuple):
    """A part of a text."""

    data: bytes  # in UTF-8; raw bytes where every byte is a character
    text: str | None  # None where data is ASCII or raw: each byte is a character

    @property
    def lacks_newline(self) -> bool:
        """Whether it ends within a line."""
        return not self.data.endswith(b"\n")


class Origin(NamedTuple):
    """Where bytes come from, for messages."""

    label: str  # of the file
    begin: int = 0  # how many bytes of the file come before them
    line_at: Callable[[int], int] | None = None  # finds the line that holds a byte of the file
    has_lines: bool = False  # it is read as lines or rows, so that it cannot be raw bytes


def decode(
    data: Iterable[bytes], config: DataConfig, changes: Changes, origin: Origin
) -> Iterator[Chunk]:
    """Decode the bytes of a file; what is changed is added to `changes`.

    Raises `CorpusError` for a file that begins as no text does, `NotTextError` for bytes that are
    not in the encoding, `UsageError` for an encoding or a column that does not exist.
    """
    if config.errors == "strict" and config.column is None:
        for text, as_read in _Decoder(config, changes, origin).decode(data):
            yield _chunk(text, as_read)
        return
    texts = decode_marked(data, config, changes, origin)
    if config.column is not None:
        texts = columns.records(texts, config, label=origin.label, changes=changes)
    elif config.errors == "skip":
        texts = _without_damaged(texts, config.records, changes)
    yield from (_chunk(text) for text in texts if text)


def decode_marked(
    data: Iterable[bytes], config: DataConfig, changes: Changes, origin: Origin
) -> Iterator[str]:
    """Decode the bytes of a file, with `lines.UNDECODABLE` for what errors "skip" is to leave out.

    Raises the errors of `decode`, but looks at no column.
    """
    texts: Iterator[str] = (text for text, _ in _Decoder(config, changes, origin).decode(data))
    return _replace_damaged(texts, changes) if config.errors == "replace" else texts


def _chunk(text: str, data: bytes | None = None) -> Chunk:
    return Chunk(_utf8(text) if data is None else data, None if text.isascii() else text)


class _Decoder:
    """Decodes the chunks of one file, which may end within a character or a CRLF."""

    def __init__(self, config: DataConfig, changes: Changes, origin: Origin) -> None:
        is_strict = config.errors == "strict"
        self._encoding, self._changes, self._origin = config.encoding, changes, origin
        self._decoder = _decoder(config.encoding, "strict" if is_strict else _MARKING)
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)
        self._is_utf8 = is_utf8(config.encoding) and is_strict
        self._num_bytes = origin.begin
        self._at_start = not origin.begin

    def decode(self, data: Iterable[bytes]) -> Iterator[tuple[str, bytes | None]]:
        """The text in chunks that are not empty, each with the bytes that it was read from where
        these are the same text in UTF-8: to encode it again would take time.
        """
        for raw in chain(data, [b""]):  # the empty chunk ends the text
            if not self._num_bytes:
                file_types.require_text(raw[: file_types.HEAD], self._origin.label)
            held_back: bytes = self._decoder.getstate()[0]
            text = self._decode(raw, held_back)
            self._num_bytes += len(raw)
            plain = self._without_mark(self._newlines.decode(text, final=not raw))
            is_as_read = self._is_utf8 and plain == text
            if plain:
                yield plain, self._as_read(raw, held_back) if is_as_read else None
        self._changes.line_ends |= self._newlines.newlines not in (None, "\n")

    def _decode(self, raw: bytes, held_back: bytes) -> str:
        try:
            return self._decoder.decode(raw, final=not raw)
        except UnicodeError as error:
            offset = self._num_bytes - len(held_back) + getattr(error, "start", 0)
            raise _not_text(self._origin, self._encoding, held_back + raw, offset) from error

    def _without_mark(self, text: str) -> str:
        """Drop the byte order mark at the start of a file."""
        if self._at_start and text:
            self._at_start = False
            if text[0] == "\ufeff":
                text = text[1:]
                self._changes.marks += 1
        return text

    def _as_read(self, raw: bytes, held_back: bytes) -> bytes:
        data = held_back + raw if held_back else raw
        return data[: len(data) - len(self._decoder.getstate()[0])]


def _replace_damaged(texts: Iterable[str], changes: Changes) -> Iterator[str]:
    for text in texts:
        changes.num_replaced += text.count(lines.UNDECODABLE)
        yield text.replace(lines.UNDECODABLE, "\N{REPLACEMENT CHARACTER}")


def _without_damaged(texts: Iterable[str], records: str, changes: Changes) -> Iterator[str]:
    """Leave out the lines, or records, with bytes that could not be decoded."""
    for text in lines.regroup(texts, records):
        if lines.UNDECODABLE in text:
            text, num_left_out = lines.without_damaged(text, records)
            changes.num_left_out += num_left_out
        yield text


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # utf-7 and unicode-escape can make such text
        raise half_a_pair() from error


def half_a_pair() -> CorpusError:
    """The error for half a surrogate pair, which is no character."""
    return CorpusError(
        "the corpus holds half a surrogate pair", "is its encoding right?", "encoding"
    )


def require_known(encoding: str) -> None:
    """Raise `UsageError` for a name that is not of an encoding."""
    _decoder(encoding, "strict")


def _decoder(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    """Python's decoder of that name. Raises `UsageError` where there is none for text."""
    try:
        if encodings.search_function(encoding) is None:  # Python's own: packages add stranger ones
            raise LookupError(encoding)
        "x".encode(encoding)  # refuses codecs such as hex, which are not for text
        return codecs.getincrementaldecoder(encoding)(errors)
    except (LookupError, ValueError) as error:
        raise SettingError(
            f"encoding {encoding!r} is not known",
            "utf-8, utf-16, latin-1 and cp1252 are",
            "encoding",
        ) from error


def _not_text(origin: Origin, encoding: str, around: bytes, offset: int) -> NotTextError:
    """The error for a byte that is not in the encoding, with what to do about it as its hint.

    `around` is some of the file with that byte in it, `offset` the byte's place in the file.
    """
    where = f"byte {offset}"
    if origin.line_at is not None:
        where = f"line {origin.line_at(offset)}, {where}"
    message = f"{origin.label} is not {encoding}: {where}"
    if is_utf8(encoding) and detection.is_mostly_utf8(around):
        return NotTextError(
            message,
            "nearly all of it is: errors skip leaves out the lines with such bytes, and replace"
            " puts \N{REPLACEMENT CHARACTER} there",
            "errors",
            likely=encoding,
        )
    likely = detection.guess(around).encoding
    if likely is None or codecs.lookup(likely) == codecs.lookup(encoding):
        likely, hint = None, "is_bytes models any file as raw bytes"
        if origin.has_lines:
            hint = "errors skip leaves out the lines with such bytes"
    else:
        hint = f"it may be {likely}: try encoding {likely}"
        if not origin.has_lines:
            hint += ", or is_bytes"
    named = [field for field in ("encoding", "is_bytes", "errors") if field in hint]
    return NotTextError(message, hint, *named, likely=likely)
