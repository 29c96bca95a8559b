"""A corpus divided into shards of like size, so that several processes can share the work.

A shard is a stretch of a large file, or small files that follow each other. Its text is that of its
files, each on a new line.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from charrnn._text import CountBytes, ignore_bytes
from charrnn.config import DataConfig
from charrnn.data.vocab import IntArray, code_points
from charrnn.errors import CorpusError
from charrnn.sources import detection
from charrnn.sources.changes import Changes, is_utf8
from charrnn.sources.decoding import Chunk
from charrnn.sources.paths import Source
from charrnn.sources.reading import beginning, is_compressed, read_bytes, read_text

SHARD_BYTES = 1 << 25


@dataclass(frozen=True)
class Shard:
    """Small files that follow each other, or a stretch of a large one."""

    sources: tuple[Source, ...]
    num_bytes: int  # on disk
    config: DataConfig

    def without(self, skipped: Collection[str], encodings: Mapping[str, str]) -> "Shard":
        """Leave out the files of folders with these labels, and set the encodings of others."""
        kept = [s for s in self.sources if not (s.skip_unreadable and s.label in skipped)]
        sources = [
            replace(source, encoding=encodings[source.label])
            if source.label in encodings
            else source
            for source in kept
        ]
        return replace(self, sources=tuple(sources))

    def chunks(
        self,
        source: Source,
        changes: Changes,
        *,
        on_new_line: bool,
        count_bytes: CountBytes = ignore_bytes,
    ) -> Iterator[Chunk]:
        """The text or the bytes of one source; `on_new_line` puts a newline before a text."""
        if self.config.is_bytes:
            for data in read_bytes(source, count_bytes=count_bytes):
                yield Chunk(data, None)
            return
        if on_new_line:
            yield Chunk(b"\n", None)
        yield from read_text(source, self.config, changes, count_bytes=count_bytes)


def code_points_of(chunk: Chunk) -> IntArray:
    """The code points, or values of bytes, of a chunk."""
    return code_points(chunk.data if chunk.text is None else chunk.text)


def corpus_changed() -> CorpusError:
    """The error for a corpus that is not what it was a moment ago."""
    return CorpusError("the corpus changed while it was being read", "run the command again")


def divide(sources: Sequence[tuple[Source, int]], config: DataConfig) -> list[Shard]:
    """Divide a corpus into shards, in order. Each source comes with its size in bytes."""
    shards: list[Shard] = []
    small: list[Source] = []
    small_bytes = 0

    def end_small() -> None:
        nonlocal small, small_bytes
        if small:
            shards.append(Shard(tuple(small), small_bytes, config))
        small, small_bytes = [], 0

    for source, num_bytes in sources:
        if small_bytes + num_bytes > SHARD_BYTES:
            end_small()
        if num_bytes > SHARD_BYTES:
            shards.extend(_stretches(source, num_bytes, config))
        else:
            small.append(source)
            small_bytes += num_bytes
    end_small()
    return shards


def _stretches(source: Source, num_bytes: int, config: DataConfig) -> Iterator[Shard]:
    """Cut a large file where no character and no CRLF is cut in two, or at the end of a line if
    whole lines may be left out. Where such places cannot be known the file stays whole.
    """
    boundary = _next_line if _leaves_out_lines(config) else _next_character
    begin = 0
    for aim in range(SHARD_BYTES, num_bytes, SHARD_BYTES) if _can_be_cut(source, config) else ():
        end = max(begin, boundary(source, max(begin, aim)))
        yield Shard((replace(source, begin=begin, end=end),), end - begin, config)
        begin = end
    yield Shard((replace(source, begin=begin),), num_bytes - begin, config)


def _can_be_cut(source: Source, config: DataConfig) -> bool:
    """Whether a file can be read from any character, or from any line, on."""
    if source.is_play:
        return False
    if config.is_bytes:
        return True
    leaves_out_records = _leaves_out_lines(config) and config.records == "blank"
    if not is_utf8(config.encoding) or config.column is not None or leaves_out_records:
        return False
    return not is_compressed(source) and detection.is_utf8(beginning(source))


def _leaves_out_lines(config: DataConfig) -> bool:
    """Whether a bad byte means that its whole line, or record, is left out."""
    return config.errors == "skip" and not config.is_bytes


def _next_character(source: Source, aim: int) -> int:
    """The first place at or after `aim` where a text in UTF-8 may be cut in two."""
    around = b"".join(read_bytes(replace(source, begin=aim - 1, end=aim + 8)))
    for k in range(1, len(around)):
        if around[k] & 0xC0 != 0x80 and around[k - 1 : k + 1] != b"\r\n":
            return aim - 1 + k
    return aim - 1 + len(around)  # the end of the file, or not UTF-8, which its reader will find


def _next_line(source: Source, aim: int) -> int:
    """The end of the line that holds the byte before `aim`."""
    place = aim - 1
    for data in read_bytes(replace(source, begin=place)):
        newline = data.find(b"\n")
        if newline >= 0:
            return place + newline + 1
        place += len(data)
    return place
