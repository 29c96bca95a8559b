"""What a file is, by its first bytes: compressed, and then it is unpacked as it is read; or not a
text, and then it is refused by name, with a hint.
"""

import bz2
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from charrnn.errors import CorpusError

HEAD = 4096  # bytes of a file that tell its type


COMPRESSION_SUFFIXES = (".gz", ".bz2", ".xz")


def uncompressed_name(name: str) -> str:
    """A file's name without the suffix of a compressed file, if it has one."""
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in COMPRESSION_SUFFIXES else name


class Kind(NamedTuple):
    """A type of files that are not text."""

    name: str  # with its article
    hint: str


class Readable(Protocol):
    """A file to read bytes from."""

    def read(self, size: int, /) -> bytes:
        """Read at most `size` bytes; none are left at the end."""


_OPENERS: dict[str, Callable[[Any], Readable]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}

_SAVE = "save it as plain text (.txt) first"
_UNPACK = "unpack it first, then name what was in it"
_OTHER = "name a text; is_bytes models any file as raw bytes"

# Beginnings that no text has: they hold bytes that are not characters, or are reserved.
_BEGINNINGS = (
    (b"%PDF-", Kind("a PDF", "take the text out of it first: pdftotext")),
    (b"{\\rtf", Kind("an RTF document", _SAVE)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an Office document", _SAVE)),
    (b"PK\x05\x06", Kind("an empty zip archive", _UNPACK)),
    (b"Rar!\x1a\x07", Kind("a RAR archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("compressed with zstd", "unpack it first: zstd -d")),
    (b"\x04\x22\x4d\x18", Kind("compressed with lz4", "unpack it first: lz4 -d")),
    (b"\x1f\x9d", Kind("compressed with compress", "unpack it first: gzip -d")),
    (b"\x89PNG\r\n", Kind("a picture (PNG)", _OTHER)),
    (b"\xff\xd8\xff", Kind("a picture (JPEG)", _OTHER)),
    (b"II*\0", Kind("a picture (TIFF)", _OTHER)),
    (b"MM\0*", Kind("a picture (TIFF)", _OTHER)),
    (b"\0\0\x01\0", Kind("a picture (ICO)", _OTHER)),
    (b"\x1aE\xdf\xa3", Kind("a film", _OTHER)),
    (b"\x7fELF", Kind("a program", _OTHER)),
    (b"\xcf\xfa\xed\xfe", Kind("a program", _OTHER)),
    (b"\xca\xfe\xba\xbe", Kind("a program", _OTHER)),
    (b"SQLite format 3\0", Kind("a database (SQLite)", "export a table from it as CSV or text")),
    (b"\x93NUMPY", Kind("an array (NumPy)", _OTHER)),
    (b"\x89HDF\r\n", Kind("an HDF5 file", _OTHER)),
)
# These could begin a text as well, but a text has no NUL bytes.
_BEGINNINGS_WITH_NUL = (
    (b"GIF8", Kind("a picture (GIF)", _OTHER)),
    (b"BM", Kind("a picture (BMP)", _OTHER)),
    (b"ID3", Kind("a sound (MP3)", _OTHER)),
    (b"OggS", Kind("a sound (Ogg)", _OTHER)),
    (b"fLaC", Kind("a sound (FLAC)", _OTHER)),
    (b"MZ", Kind("a program", _OTHER)),
    (b"PAR1", Kind("a Parquet file", "export a column of it as CSV or text")),
)
_PARTS_OF_ZIP = (  # the first entries of an archive tell what it is
    (b"mimetypeapplication/epub", Kind("an EPUB book", _SAVE + ": pandoc -t plain")),
    (b"mimetypeapplication/vnd.oasis", Kind("an OpenDocument file", _SAVE)),
    (b"word/", Kind("a Word document", _SAVE)),
    (b"[Content_Types].xml", Kind("an Office document", _SAVE)),
    (b"", Kind("a zip archive", _UNPACK)),
)


def compression(head: bytes) -> str | None:
    """How a file with this beginning is compressed: gzip, bzip2, xz, or None."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    is_bzip2 = head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")
    return "bzip2" if is_bzip2 else None


def unpacked(file: Any) -> Readable:
    """Return the file, or a file of its contents if it is compressed. It must be at its start; a
    pipe must be buffered, since its first bytes are peeked at.
    """
    if isinstance(file, io.BufferedReader):
        head = file.peek(HEAD)
    else:
        head = file.read(HEAD)
        file.seek(0)
    kind = compression(head)
    return file if kind is None else _OPENERS[kind](file)


@contextmanager
def damage_named(label: str) -> Iterator[None]:
    """Turn what unpacking raises for a file that is cut or damaged into a `CorpusError`."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise _damaged(label) from error
    except OSError as error:
        if error.errno is not None:  # the disk refuses
            raise
        raise _damaged(label) from error


def _damaged(label: str) -> CorpusError:
    return CorpusError(
        f"{label} is compressed, and cut short or damaged", "download it again, or pack it again"
    )


def require_text(head: bytes, label: str) -> None:
    """Raise `CorpusError` for a file with a beginning that no text has."""
    kind = _kind(head)
    if kind is not None:
        raise CorpusError(f"{label} is {kind.name}, not a text", kind.hint, "is_bytes")


def _kind(head: bytes) -> Kind | None:
    """The type of a file with this beginning; None if it is unknown or a text."""
    if head.startswith(b"PK\x03\x04"):
        return next(kind for part, kind in _PARTS_OF_ZIP if part in head)
    if (packing := compression(head)) is not None:  # in what was unpacked
        return Kind(f"compressed once more, with {packing}", "unpack it once first")
    if head[257:262] == b"ustar":
        return Kind("a tar archive", "unpack it first, then name the folder")
    known = _BEGINNINGS + (_BEGINNINGS_WITH_NUL if b"\0" in head else ())
    for beginning, kind in known:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and b"\0" in head:
        return Kind("a picture, sound or film (RIFF)", _OTHER)
    if head[4:8] == b"ftyp" and b"\0" in head:
        return Kind("a film or picture (MP4)", _OTHER)
    return None
