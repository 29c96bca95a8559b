"""Text on disk → ids on disk, memory-mapped.

Encoding takes two passes over the text: `survey` counts the characters and hashes them, `encoded`
writes the ids. Both leave their result in the cache, the survey under what the file system says of
the files (path, size, times), the ids under the digest of the text: a second start reads no text.
Both do their work in pieces, on all cores where there is much; a corpus of any size needs the same
memory.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from charrnn._atomic import replacing
from charrnn._text import CountBytes, ProgressCallback
from charrnn.config import DataConfig
from charrnn.data.encoding import cache_files, shards, workers
from charrnn.data.encoding.scan import Scan, sized, telling
from charrnn.data.encoding.shards import Piece, Writing
from charrnn.data.vocab import IntArray, Vocab
from charrnn.sources.paths import Source


def encode_files(
    sources: Sequence[Source],
    config: DataConfig,
    scan: Scan,
    vocab: Vocab,
    *,
    cache: Path,
    progress: ProgressCallback,
) -> IntArray:
    """The corpus as ids, shape (num_chars,), unsigned, read-only and memory-mapped."""

    def load() -> IntArray | None:
        return cache_files.load_ids(scan.sha256, vocab, scan.num_chars, cache=cache)

    ids = load()
    if ids is not None:
        return ids
    path = cache_files.ids_path(scan.sha256, vocab, cache)
    with cache_files.lock_for(path):
        if (ids := load()) is not None:  # another process has just made it
            return ids
        with_sizes = sized(sources)
        count_bytes = telling(progress, with_sizes, 1)
        with replacing(path) as temporary:
            _encode(shards.divided(with_sizes, config), scan, vocab, temporary, count_bytes)
    ids = load()
    assert ids is not None
    return ids


def _encode(
    divided: Sequence[Piece], scan: Scan, vocab: Vocab, path: Path, count_bytes: CountBytes
) -> None:
    """Write all ids to a file, each piece to its place."""
    if len(divided) != len(scan.places):
        raise shards.changed()
    first_byte = _prepare(path, scan, vocab)
    vocab = replace(vocab)  # without its tables: each process makes its own
    writings = [
        Writing(piece.settled(scan.skipped, scan.encodings), place, vocab, path, first_byte)
        for piece, place in zip(divided, scan.places, strict=True)
    ]
    with closing(workers.in_order(shards.write, writings, count_bytes)) as results:
        for _ in results:
            pass


def _prepare(path: Path, scan: Scan, vocab: Vocab) -> int:
    """Make a file of the length that all ids take, and write what is between the pieces: the
    newlines. Returns how many bytes come before the ids.
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
