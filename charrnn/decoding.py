"""The text of one source, in chunks of constant size.

It comes out normalised: no byte order mark, every line end a newline. What was normalised is said
in notes, one line each; the first byte that is no text is named by line and offset. It knows
nothing of ids.
"""

import codecs
import encodings
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from charrnn import shakespeare
from charrnn.errors import CorpusError, UsageError
from charrnn.sources import Source

CHUNK_BYTES = 1 << 19  # what is made of a chunk stays in the cache of a core


@dataclass(frozen=True)
class Reading:
    """How bytes on disk become characters."""

    encoding: str = "utf-8"
    is_bytes: bool = False  # every byte is a character of its own


class Chunk(NamedTuple):
    """A little of a text, normalised."""

    data: bytes  # in UTF-8; raw bytes where every byte is a character
    text: str | None  # None where data is ASCII or raw: each byte is a character


@dataclass
class Normalised:
    """What reading changed or left out, gathered over all sources for one note each."""

    marks: int = 0  # byte order marks dropped
    line_ends: bool = False
    skipped: list[str] = field(default_factory=list)

    def add(self, other: "Normalised") -> None:
        """What happened elsewhere happened too."""
        self.marks += other.marks
        self.line_ends |= other.line_ends
        self.skipped += other.skipped

    def notes(self) -> list[str]:
        """One plain sentence for each thing that happened."""
        sentences = []
        if self.marks:
            sentences.append("dropped the byte order mark at the start of the text")
        if self.line_ends:
            sentences.append("turned CRLF and CR line ends into newlines")
        if self.skipped:
            names = ", ".join(self.skipped[:3]) + (", …" if len(self.skipped) > 3 else "")
            files = (
                "1 file that is"
                if len(self.skipped) == 1
                else f"{len(self.skipped)} files that are"
            )
            sentences.append(f"passed over {files} not text: {names}")
        return sentences


def read_bytes(source: Source) -> Iterator[bytes]:
    """A source's raw bytes in chunks. Raises `CorpusError` where the disk refuses."""
    try:
        if source.is_play:
            yield shakespeare.play_text(source.path.read_text(encoding="utf-8")).encode()
            return
        left = sys.maxsize if source.end is None else source.end - source.begin
        with source.path.open("rb", buffering=0) as file:
            file.seek(source.begin)
            while chunk := file.read(min(CHUNK_BYTES, left)):
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise CorpusError(
            f"cannot read {source.label}: {error.strerror}", "check its permissions"
        ) from error


def read_text(source: Source, encoding: str, seen: Normalised) -> Iterator[Chunk]:
    """A source's text in chunks, normalised; what was normalised is added to `seen`.

    Raises `CorpusError` with line and byte offset at the first byte that is not in `encoding`.
    """
    decoder = _decoder("utf-8" if source.is_play else encoding)
    is_as_read = is_utf8(encoding) or source.is_play
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    num_bytes = source.begin
    at_start = not source.begin
    for raw in chain(read_bytes(source), [b""]):  # the empty chunk ends it
        held_back: bytes = decoder.getstate()[0]
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeError as error:
            offset = num_bytes - len(held_back) + getattr(error, "start", 0)
            raise _not_text(source, encoding, offset) from error
        num_bytes += len(raw)
        plain = newlines.decode(text, final=not raw)
        if at_start and plain:
            at_start = False
            if plain[0] == "\ufeff":
                plain = plain[1:]
                seen.marks += 1
        if is_as_read and plain == text:  # what was read is as good: to encode it takes time
            data = held_back + raw if held_back else raw
            data = data[: len(data) - len(decoder.getstate()[0])]
        else:
            data = _utf8(plain)
        if plain:
            yield Chunk(data, None if plain.isascii() else plain)
    seen.line_ends |= newlines.newlines not in (None, "\n")


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
    _decoder(encoding)


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    """Python's decoder of that name. Raises `UsageError` where there is none for text."""
    try:
        if encodings.search_function(encoding) is None:  # Python's own: packages add stranger ones
            raise LookupError(encoding)
        "x".encode(encoding)  # refuses codecs such as hex, which are not for text
        return codecs.getincrementaldecoder(encoding)("strict")
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"--encoding {encoding!r} is not known", "utf-8, utf-16, latin-1 and cp1252 are"
        ) from error


def _not_text(source: Source, encoding: str, offset: int) -> CorpusError:
    """The error for a byte that is not in the encoding, with the likely encoding as its hint."""
    before = replace(source, begin=0, end=offset)
    line = 1 + sum(chunk.count(b"\n") for chunk in read_bytes(before))
    message = f"{source.label} is not {encoding}: line {line}, byte {offset}"
    guess = _likely_encoding(source.path, offset)
    if guess is None or codecs.lookup(guess) == codecs.lookup(encoding):
        return CorpusError(message, "--bytes models any file as raw bytes")
    return CorpusError(message, f"it may be {guess}: try --encoding {guess}, or --bytes")


def _likely_encoding(path: Path, offset: int) -> str | None:
    """A guess from the file's first bytes and those around the offset, or None."""
    from charset_normalizer import from_bytes  # only ever needed for this message

    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, offset - 2000) // 4 * 4)
        around = file.read(4000)
    for mark, name in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if head.startswith(mark):
            return name
    if sum(byte > 127 for byte in around) < 32:
        return "cp1252"  # too few for statistics: the likeliest by far
    best = from_bytes(around).best()
    return best.encoding.replace("_", "-") if best and best.encoding != "ascii" else None
