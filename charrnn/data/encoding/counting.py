"""Count and hash one shard of a corpus; settle which of its files are text, in which encoding."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._text import CountBytes
from charrnn.data.encoding.shards import Shard, code_points_of
from charrnn.data.vocab import count_code_points
from charrnn.errors import CorpusError
from charrnn.sources import detection
from charrnn.sources.changes import Changes, is_utf8
from charrnn.sources.decoding import NotTextError
from charrnn.sources.paths import Source
from charrnn.sources.reading import beginning, is_compressed, read_bytes


@dataclass(frozen=True)
class ShardCounts:
    """What one pass over a shard finds."""

    sha256: str  # of its text in UTF-8, or of its bytes
    counts: dict[int, int]  # code point → how often
    lacks_newline: bool  # it ends within a line, so that a text that follows begins a new one
    begins: list[int]  # where its files begin in it, except one that an earlier shard began
    changes: Changes

    @property
    def num_chars(self) -> int:
        """Length of the text."""
        return sum(self.counts.values())


_NOTHING = ShardCounts(
    hashlib.sha256().hexdigest(), {}, lacks_newline=False, begins=[], changes=Changes()
)


@dataclass(frozen=True)
class _Count:
    """What was counted of a source."""

    digest: Any  # of hashlib: of the source and of what comes before it in the shard
    counts: npt.NDArray[np.int64]
    lacks_newline: bool  # the text so far ends within a line
    changes: Changes


def count_shard(shard: Shard, count_bytes: CountBytes) -> ShardCounts:
    """Count and hash a shard.

    Raises `CorpusError` for what cannot be decoded, unless its source may be skipped.
    """
    total, num_chars = _Count(hashlib.sha256(), np.zeros(1, np.int64), False, Changes()), 0
    begins, changes = list[int](), Changes()
    for source in shard.sources:
        try:
            count = _count_in_some_encoding(shard, source, total, count_bytes)
        except CorpusError as error:
            if not source.skip_unreadable:
                raise
            _note_skipped(source, error, changes)
            continue
        if not source.begin:
            begins.append(num_chars + total.lacks_newline)
        num_chars += int(count.counts.sum())
        changes.add(count.changes)
        total = replace(count, counts=_sum(total.counts, count.counts))
    return ShardCounts(
        sha256=total.digest.hexdigest(),
        counts={int(code): int(total.counts[code]) for code in np.flatnonzero(total.counts)},
        lacks_newline=total.lacks_newline,
        begins=begins,
        changes=changes,
    )


def _note_skipped(source: Source, error: CorpusError, changes: Changes) -> None:
    changes.skipped.append(source.label)
    if isinstance(error, NotTextError) and error.likely is not None:
        changes.likely[source.label] = error.likely


def _count_in_some_encoding(
    shard: Shard, source: Source, before: _Count, count_bytes: CountBytes
) -> _Count:
    """Count a source. If it is one of several and not in the encoding that was asked for, count it
    in the one that it surely is in.
    """

    def count(encoding: str | None) -> _Count:
        return _count(shard, replace(source, encoding=encoding), before, count_bytes)

    may_differ = source.is_one_of_many and not (shard.config.is_bytes or source.is_play)
    if not may_differ:
        return count(source.encoding)
    asked = shard.config.encoding
    if not is_utf8(asked) and detection.begins_as_utf8(beginning(source)):
        with contextlib.suppress(NotTextError):  # else it begins so, and does not go on so
            return count("utf-8")
    try:
        return count(source.encoding)
    except NotTextError:
        likely, is_sure = detection.guess(beginning(source))
        if is_sure:
            with contextlib.suppress(NotTextError):
                return count(likely)
        raise


def _count(shard: Shard, source: Source, before: _Count, count_bytes: CountBytes) -> _Count:
    """Count a source. What was counted before it stays as it is: the source may not be text."""
    digest, counts, changes = before.digest.copy(), np.zeros(1, np.int64), Changes()
    is_bytes, lacks_newline = shard.config.is_bytes, before.lacks_newline
    for chunk in shard.chunks(
        source, changes, on_new_line=before.lacks_newline, count_bytes=count_bytes
    ):
        counts = _sum(counts, count_code_points(code_points_of(chunk)))
        digest.update(chunk.data)
        lacks_newline = not is_bytes and chunk.lacks_newline
    if source.skip_unreadable and not is_bytes and counts[0]:
        raise CorpusError(f"{source.label} holds NUL characters")
    if source.encoding is not None:
        changes.encodings[source.label] = source.encoding
    elif not source.begin:
        changes.num_plain += 1
    if is_bytes and not source.begin and is_compressed(source):
        changes.packed.append(source.label)
    return _Count(digest, counts, lacks_newline, changes)


def _sum(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Add counts up, in the longer of the two arrays."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    longer[: len(shorter)] += shorter
    return longer


def without_skipped(
    shards: Sequence[Shard], all_counts: Iterable[ShardCounts]
) -> Iterator[tuple[Shard, ShardCounts]]:
    """Each shard with its counts, without the files that are not text.

    Of a large file, all stretches are left out if one is not text.
    """
    stretches: list[tuple[Shard, ShardCounts]] = []  # of one file
    for shard, counts in zip(shards, all_counts, strict=True):
        stretches.append((shard, counts))
        last = shard.sources[-1]
        if last.skip_unreadable and last.end is not None:
            continue  # what follows may turn out not to be text
        skipped = {label for _, each in stretches for label in each.changes.skipped}
        if len(stretches) > 1 and skipped:
            stretches = _emptied(stretches, skipped)
        for stretch, each in stretches:
            yield stretch.without(skipped, each.changes.encodings), each
        stretches = []


def _emptied(
    stretches: list[tuple[Shard, ShardCounts]], skipped: set[str]
) -> list[tuple[Shard, ShardCounts]]:
    """The stretches of a file that is left out; the last one tells that it is."""
    likely: dict[str, str] = {}
    for _, counts in stretches:
        likely |= counts.changes.likely
    last = replace(_NOTHING, changes=Changes(skipped=[*skipped], likely=likely))
    return [(shard, _NOTHING) for shard, _ in stretches[:-1]] + [(stretches[-1][0], last)]


def text_of(shard: Shard, counts: ShardCounts) -> Iterator[bytes]:
    """The text of a shard that `without_skipped` gave, once more: in UTF-8, or raw bytes."""
    config, lacks_newline = shard.config, False
    is_plain = counts.changes.none_in_text(config)
    for source in shard.sources:
        is_plain = is_plain and not source.is_play and source.encoding is None
        if len(shard.sources) == 1 and is_plain:
            yield from read_bytes(source, unpack=not config.is_bytes)
            continue
        for chunk in shard.chunks(source, Changes(), on_new_line=lacks_newline):
            lacks_newline = chunk.lacks_newline
            yield chunk.data
