"""The second pass over a corpus: write the ids of its characters to a file.

The file is mapped into memory, so that a corpus of any size takes the same memory. It is kept in
the cache under the digests of text and vocabulary.
"""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from charrnn._atomic import replacing
from charrnn._text import CountBytes, ProgressCallback
from charrnn.config import DataConfig
from charrnn.data.encoding import cache_files, shards, workers
from charrnn.data.encoding.scan import Place, Scan, count_for, with_sizes
from charrnn.data.encoding.shards import Shard, code_points_of
from charrnn.data.vocab import IntArray, Vocab
from charrnn.sources.changes import Changes
from charrnn.sources.paths import Source


@dataclass(frozen=True)
class _Job:
    """A shard to encode, and where to write its ids."""

    shard: Shard
    place: Place
    vocab: Vocab
    path: Path  # of a file as long as all ids
    num_bytes_before: int  # before the ids of the corpus in that file

    @property
    def num_bytes(self) -> int:
        """Size of the work."""
        return self.shard.num_bytes


def encode_files(
    sources: Sequence[Source],
    config: DataConfig,
    scan: Scan,
    vocab: Vocab,
    *,
    cache: Path,
    progress: ProgressCallback,
) -> IntArray:
    """Encode a corpus that was scanned: ids of shape (num_chars,), unsigned, read-only and
    memory-mapped.

    Raises `CorpusError` where the corpus has changed, `StorageError` where the disk has no room.
    """

    def load() -> IntArray | None:
        return cache_files.load_ids(scan.sha256, vocab, scan.num_chars, cache=cache)

    ids = load()
    if ids is not None:
        return ids
    path = cache_files.ids_path(scan.sha256, vocab, cache)
    with cache_files.lock_for(path):
        if (ids := load()) is not None:  # another process has just made it
            return ids
        sized = with_sizes(sources)
        count_bytes = count_for(progress, sized, num_passes_done=1)
        with replacing(path) as temporary:
            _encode(shards.divide(sized, config), scan, vocab, temporary, count_bytes)
    ids = load()
    assert ids is not None
    return ids


def _encode(
    divided: Sequence[Shard], scan: Scan, vocab: Vocab, path: Path, count_bytes: CountBytes
) -> None:
    """Write all ids to a file, those of each shard to their place."""
    if len(divided) != len(scan.places):
        raise shards.corpus_changed()
    num_bytes_before = _prepare(path, scan, vocab)
    vocab = replace(vocab)  # without its cached tables: each process makes its own
    jobs = [
        _Job(shard.without(scan.skipped, scan.encodings), place, vocab, path, num_bytes_before)
        for shard, place in zip(divided, scan.places, strict=True)
    ]
    with closing(workers.run_in_order(write_shard, jobs, count_bytes)) as results:
        for _ in results:
            pass


def _prepare(path: Path, scan: Scan, vocab: Vocab) -> int:
    """Make a file as long as all ids, and write the newlines between the shards.

    Returns how many bytes come before the ids.
    """
    header = cache_files.npy_header(scan.num_chars, vocab.dtype)
    newline = vocab.packed(np.array([ord("\n")], np.uint32))
    end = 0
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + scan.num_chars * vocab.dtype.itemsize)
        for place in scan.places:
            if place.start > end:
                file.seek(len(header) + end * vocab.dtype.itemsize)
                file.write(newline)
            end = place.start + place.num_chars
    return len(header)


def write_shard(job: _Job, count_bytes: CountBytes) -> None:
    """Write the ids of a shard to their place.

    Raises `CorpusError` where the shard is not what it was when it was counted.
    """
    shard, vocab = job.shard, job.vocab
    digest, lacks_newline = hashlib.sha256(), False
    with job.path.open("r+b") as file:
        file.seek(job.num_bytes_before + job.place.start * vocab.dtype.itemsize)
        for source in shard.sources:
            for chunk in shard.chunks(
                source, Changes(), on_new_line=lacks_newline, count_bytes=count_bytes
            ):
                file.write(vocab.packed(code_points_of(chunk)))
                digest.update(chunk.data)
                lacks_newline = chunk.lacks_newline
    if digest.hexdigest() != job.place.sha256:
        raise shards.corpus_changed()
