"""The first pass over a corpus: count its characters, hash its text, find where its files begin.

The result is kept in the cache under what the file system says of the files (path, size, times), so
that a second start reads nothing.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn._atomic import write_atomically
from charrnn._text import CountBytes, ProgressCallback, some
from charrnn.config import DataConfig
from charrnn.data.encoding import cache_files, shards, workers
from charrnn.data.encoding.counting import ShardCounts, count_shard, text_of, without_skipped
from charrnn.data.encoding.shards import Shard
from charrnn.data.splits import FileStarts
from charrnn.data.vocab import NUM_CODE_POINTS
from charrnn.errors import CorpusError
from charrnn.sources.changes import Changes
from charrnn.sources.paths import Source, Sources

_SETTINGS = ("encoding", "is_bytes", "errors", "records", "column")  # that decide the result
_CACHE_FORMAT = 3  # part of every file's name: raise it when what it means changes


@dataclass(frozen=True)
class Place:
    """Where the text of a shard is in that of the corpus."""

    start: int
    num_chars: int
    sha256: str  # of the shard's text


@dataclass(frozen=True)
class Scan:
    """What one pass over a corpus finds.

    `sha256` is that of the text in UTF-8 (of the raw bytes in byte mode): for one clean file, what
    `sha256sum` prints.
    """

    sha256: str
    num_chars: int
    counts: dict[int, int]  # code point → how often
    notes: tuple[str, ...]  # what was changed or skipped, a sentence each
    skipped: tuple[str, ...]  # labels of the files in a folder that are not text
    encodings: dict[str, str]  # the encoding of those files, by label, that have another one
    places: tuple[Place, ...]  # of the shards, in order
    begins: tuple[int, ...]  # where each file begins, except those that were skipped

    def counts_array(self) -> npt.NDArray[np.int64]:
        """`counts` as an array with one entry for each code point of Unicode."""
        array = np.zeros(NUM_CODE_POINTS, np.int64)
        array[list(self.counts)] = list(self.counts.values())
        return array

    def file_starts(self, sources: Sources) -> FileStarts:
        """Where the files begin, except those that were skipped. The plays of Shakespeare are one
        text.
        """
        skipped = set(self.skipped)
        begins = iter(self.begins)
        is_val_at: dict[int, bool] = {}  # by where a file begins
        was_play = False
        for source, is_val in zip(sources.files, sources.for_validation, strict=True):
            if source.skip_unreadable and source.label in skipped:
                continue
            begin = next(begins)
            if begin < self.num_chars and not (was_play and source.is_play):
                is_val_at[begin] = is_val
            was_play = source.is_play
        return FileStarts(tuple(is_val_at), sum(is_val_at.values()))


def scan_files(
    sources: Sequence[Source], config: DataConfig, *, cache: Path, progress: ProgressCallback
) -> Scan:
    """Count and hash a corpus, or load the result of having done so for these very files.

    Raises `CorpusError` for what cannot be decoded, and for a corpus of fewer than two characters.
    """
    key = _stat_key(sources, config)
    path = cache / f"{key}.json"
    scan = _load(path)
    if scan is None:
        with cache_files.lock_for(path):
            scan = _load(path)  # another process may have just made it
            if scan is None:
                scan = _scan(sources, config, progress)
                if _stat_key(sources, config) != key:
                    raise shards.corpus_changed()
                write_atomically(path, [json.dumps(asdict(scan)).encode()])
    if scan.num_chars < 2:
        count = "one character" if scan.num_chars else "no text"
        raise CorpusError(f"the corpus holds {count}", "it takes at least two characters to learn")
    return scan


def _scan(sources: Sequence[Source], config: DataConfig, progress: ProgressCallback) -> Scan:
    sized = with_sizes(sources)
    divided = shards.divide(sized, config)
    count_bytes = count_for(progress, sized, num_passes_done=0)
    total = _Total(is_one=len(divided) == 1)
    with closing(workers.run_in_order(count_shard, divided, count_bytes)) as all_counts:
        total.add_all(without_skipped(divided, all_counts))
    _require_plain_files(total.changes, config)
    return Scan(
        sha256=total.sha256,
        num_chars=total.num_chars,
        counts=dict(sorted(total.counts.items())),
        notes=tuple(total.changes.sentences(config)),
        skipped=tuple(total.changes.skipped),
        encodings=total.changes.encodings,
        places=tuple(total.places),
        begins=tuple(total.begins),
    )


class _Total:
    """Puts the counts of shards together."""

    def __init__(self, *, is_one: bool) -> None:
        """Begin with nothing; of a corpus in one shard the digest is that of the shard."""
        self.counts, self.changes = Counter[int](), Changes()
        self.places, self.begins = list[Place](), list[int]()
        self.num_chars = 0
        self._is_one, self._digest, self._lacks_newline = is_one, hashlib.sha256(), False

    @property
    def sha256(self) -> str:
        """Digest of the text."""
        return self.places[0].sha256 if self._is_one else self._digest.hexdigest()

    def add_all(self, counted: Iterable[tuple[Shard, ShardCounts]]) -> None:
        """Add shards, in the order of the corpus."""
        for shard, counts in counted:
            self._begin(shard)
            self.places.append(Place(self.num_chars, counts.num_chars, counts.sha256))
            self.begins += [self.num_chars + begin for begin in counts.begins]
            self.counts.update(counts.counts)
            self.changes.add(counts.changes)
            self.num_chars += counts.num_chars
            self._lacks_newline = counts.lacks_newline if counts.num_chars else self._lacks_newline
            if not self._is_one:
                for data in text_of(shard, counts):
                    self._digest.update(data)

    def _begin(self, shard: Shard) -> None:
        """Add the newline before a shard that begins with a file, where there is none."""
        if self._lacks_newline and shard.sources and not shard.sources[0].begin:
            self._digest.update(b"\n")
            self.counts[ord("\n")] += 1
            self.num_chars, self._lacks_newline = self.num_chars + 1, False


def _require_plain_files(changes: Changes, config: DataConfig) -> None:
    """Raise `CorpusError` where all text files are in another encoding than the one asked for: then
    somebody forgot to name it, and it is not for us to guess.
    """
    others = changes.likely | changes.encodings
    if changes.num_plain or not others:
        return
    likeliest = Counter(others.values()).most_common(1)[0][0]
    if likeliest == config.encoding:  # ... but for a few bytes
        raise CorpusError(
            f"every file has bytes that are not {config.encoding}: {some(others)}",
            "errors skip leaves out the lines with such bytes",
            "errors",
        )
    names = [name for name, encoding in others.items() if encoding == likeliest]
    raise CorpusError(
        f"no file is {config.encoding}: {some(names)} may be {likeliest}",
        f"try encoding {likeliest}, or is_bytes",
        "encoding",
        "is_bytes",
    )


def with_sizes(sources: Sequence[Source]) -> list[tuple[Source, int]]:
    """Each source with its size in bytes."""
    return [(source, _status(source).st_size) for source in sources]


def count_for(
    progress: ProgressCallback,
    sized: Sequence[tuple[Source, int]],
    *,
    num_passes_done: int,
    num_passes: int = 2,
) -> CountBytes:
    """A `CountBytes` for one of the passes, which reports the progress of all of them."""
    total = sum(num_bytes for _, num_bytes in sized)
    done = 0

    def count_bytes(num_bytes: int) -> None:
        nonlocal done
        done += num_bytes
        progress(num_passes_done * total + min(done, total), num_passes * total)

    return count_bytes


def _status(source: Source) -> os.stat_result:
    try:
        return source.path.stat()
    except OSError as error:
        raise CorpusError(
            f"cannot read {source.label}: {error.strerror}", "check its permissions"
        ) from error


def stat_key(sources: Sequence[Source], what: Sequence[Any]) -> str:
    """A name for "these files, unchanged since": label, path, size, times and inode of each.

    `what` else decides what is found in them, as JSON.
    """
    files = []
    for source in sources:
        status = _status(source)
        times = (status.st_mtime_ns, status.st_ctime_ns)
        path, may_skip = str(source.path.resolve()), source.skip_unreadable
        files.append((source.label, path, may_skip, status.st_size, *times, status.st_ino))
    return cache_files.SURVEY + hashlib.sha256(json.dumps([*what, files]).encode()).hexdigest()[:32]


def _stat_key(sources: Sequence[Source], config: DataConfig) -> str:
    settings = {name: getattr(config, name) for name in _SETTINGS}
    return stat_key(sources, [_CACHE_FORMAT, shards.SHARD_BYTES, settings])


def _load(path: Path) -> Scan | None:
    try:
        values = json.loads(path.read_text())
        values["counts"] = {int(code): count for code, count in values["counts"].items()}
        values["begins"] = tuple(values["begins"])
        values["places"] = tuple(Place(**place) for place in values["places"])
        return Scan(**values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # missing or damaged: the corpus is counted again
