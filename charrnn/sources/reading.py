"""The bytes of a source, unpacked if need be, and its text; in chunks, for constant memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice

from charrnn._text import CountBytes, ignore_bytes
from charrnn.config import DataConfig
from charrnn.errors import CorpusError
from charrnn.sources import columns, detection, file_types, shakespeare
from charrnn.sources.changes import Changes
from charrnn.sources.decoding import Chunk, Origin, decode, decode_marked
from charrnn.sources.paths import Source

CHUNK_BYTES = 1 << 19  # what is made of a chunk stays in the cache of a core


def read_bytes(
    source: Source, *, unpack: bool = False, count_bytes: CountBytes = ignore_bytes
) -> Iterator[bytes]:
    """Read a source in chunks; `unpack` what is compressed.

    `count_bytes` is called with the bytes of the file as they are read. Raises `CorpusError` where
    the disk refuses, and for a compressed file that is damaged.
    """
    with _naming(source):
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
def _naming(source: Source) -> Iterator[None]:
    """Turn what the disk refuses into a `CorpusError` that names the source."""
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"cannot read {source.label}: {error.strerror}", "check its permissions"
        ) from error


def is_compressed(source: Source) -> bool:
    """Whether a file begins like a compressed one."""
    with _naming(source), source.path.open("rb") as file:
        return file_types.compression(file.read(file_types.HEAD)) is not None


def beginning(source: Source) -> bytes:
    """The first bytes of a source, unpacked: enough to guess its encoding by."""
    chunks = read_bytes(source, unpack=True)
    return b"".join(islice(chunks, max(1, detection.MOST_BYTES // CHUNK_BYTES)))


def read_text(
    source: Source, config: DataConfig, changes: Changes, *, count_bytes: CountBytes = ignore_bytes
) -> Iterator[Chunk]:
    """Read and decode a source; what is changed is added to `changes`.

    Raises the errors of `read_bytes` and of `decode`.
    """
    if source.skip_unreadable and config.column is not None and not columns.is_table(source.label):
        raise CorpusError(f"{source.label} is not a table, by its name", "name the file itself")
    if encoding := "utf-8" if source.is_play else source.encoding:
        config = replace(config, encoding=encoding)
    data = read_bytes(source, unpack=True, count_bytes=count_bytes)
    yield from decode(data, config, changes, _origin(source))


def read_marked_text(
    source: Source, config: DataConfig, changes: Changes, *, count_bytes: CountBytes = ignore_bytes
) -> Iterator[str]:
    """Read and decode a source as `read_text` does, with `lines.UNDECODABLE` for bytes that errors
    "skip" is to leave out: whoever reads lines or rows can then name them.
    """
    data = read_bytes(source, unpack=True, count_bytes=count_bytes)
    return decode_marked(data, config, changes, _origin(source)._replace(has_lines=True))


def _origin(source: Source) -> Origin:
    return Origin(source.label, source.begin, partial(_line_at, source))


def _line_at(source: Source, offset: int) -> int:
    """The line of a file that holds a byte, from 1."""
    line = 1
    for chunk in read_bytes(replace(source, begin=0, end=None), unpack=True):
        line += chunk.count(b"\n", 0, offset)
        offset -= len(chunk)
        if offset <= 0:
            break
    return line
