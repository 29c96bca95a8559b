"""Text on disk → ids on disk, memory-mapped.

Encoding takes two passes over the text: `survey` counts the characters and hashes them, `encoded`
writes the ids. Both leave their result in a cache folder, the survey under what the file system
says of the files (path, size, times), the ids under the content's hash; so a second start reads
nothing. Both do their work in pieces, on all cores where there is much, keep account of those that
are finished, and so go on where a killed one was; a corpus of any size needs the same memory.

It knows nothing of tensors or networks.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from charrnn._atomic import put_in_place, write_atomically
from charrnn.data import shards, workers
from charrnn.data.journal import Journal, resumable, writable
from charrnn.data.shards import Piece, Writing
from charrnn.data.splits import Files
from charrnn.data.survey import Progress, sized, telling
from charrnn.data.survey import Survey as Survey
from charrnn.data.survey import survey as survey
from charrnn.data.vocab import IntArray, Vocab
from charrnn.sources.decoding import Reading as Reading
from charrnn.sources.decoding import Tell
from charrnn.sources.paths import Source


def encoded(
    sources: Sequence[Source],
    reading: Reading,
    surveyed: Survey,
    vocab: Vocab,
    *,
    cache: Path,
    progress: Progress,
) -> IntArray:
    """The corpus as ids, shape (num_chars,), unsigned, read-only and memory-mapped."""
    found = recall_encoded(surveyed.sha256, vocab, surveyed.num_chars, cache=cache)
    if found is not None:
        return found
    path = ids_path(surveyed.sha256, vocab, cache)
    partial = path.with_suffix(".partial")
    with resumable(path.with_suffix(".journal"), partial) as journal:
        found = recall_encoded(surveyed.sha256, vocab, surveyed.num_chars, cache=cache)
        if found is None:  # else another process was at it
            with_sizes = sized(sources)
            tell = telling(progress, with_sizes, 1)
            _encode(shards.divided(with_sizes, reading), surveyed, vocab, partial, journal, tell)
            put_in_place(partial, path)
    found = recall_encoded(surveyed.sha256, vocab, surveyed.num_chars, cache=cache)
    assert found is not None
    return found


def _encode(
    divided: Sequence[Piece],
    surveyed: Survey,
    vocab: Vocab,
    partial: Path,
    journal: Journal,
    tell: Tell,
) -> None:
    """Write all ids to a file, each piece to its place; those that are there already stay."""
    if len(divided) != len(surveyed.places):
        raise shards.changed()
    first_byte = _prepare(partial, surveyed, vocab)
    vocab = replace(vocab)  # without its tables: each process makes its own
    writings = [
        Writing(
            piece.settled(surveyed.skipped, surveyed.encodings),
            place,
            vocab,
            partial,
            first_byte,
            journal.get(k),
        )
        for k, (piece, place) in enumerate(zip(divided, surveyed.places, strict=True))
    ]
    with closing(workers.in_order(shards.write, writings, tell)) as digests:
        for k, digest in enumerate(digests):
            if digest != writings[k].written:
                journal.add(k, digest)


def _prepare(partial: Path, surveyed: Survey, vocab: Vocab) -> int:
    """Make a file of the length that all ids take, unless it is there, and write what is between
    the pieces: the newlines. Returns how many bytes come before the ids.
    """
    shape = (surveyed.num_chars,)
    header = _npy_header({"descr": vocab.dtype.str, "fortran_order": False, "shape": shape})
    newline = vocab.packed(np.array([ord("\n")], np.uint32))
    end = 0
    with partial.open("r+b" if partial.exists() else "w+b") as file:
        file.write(header)
        file.truncate(len(header) + surveyed.num_chars * vocab.dtype.itemsize)
        for place in surveyed.places:
            if place.start > end:
                file.seek(len(header) + end * vocab.dtype.itemsize)
                file.write(newline)
            end = place.start + place.num_chars
    return len(header)


def stored(
    path: Path, pieces: Iterable[bytes], *, num_chars: int, dtype: np.dtype[Any]
) -> IntArray:
    """Ids that are written in pieces, as an array: read-only and memory-mapped."""
    header = {"descr": dtype.str, "fortran_order": False, "shape": (num_chars,)}
    with writable(path.parent):
        write_atomically(path, chain([_npy_header(header)], pieces))
    ids = recall(path, num_chars=num_chars, dtype=dtype)
    assert ids is not None
    return ids


def recall_encoded(sha256: str, vocab: Vocab, num_chars: int, *, cache: Path) -> IntArray | None:
    """The ids of a corpus encoded before; None where there are none, or they are damaged."""
    return recall(ids_path(sha256, vocab, cache), num_chars=num_chars, dtype=vocab.dtype)


def recall(path: Path, *, num_chars: int | None, dtype: np.dtype[Any]) -> IntArray | None:
    """What was `stored` there, of any length if that is None; None where nothing was, or it is
    damaged.
    """
    try:
        ids: IntArray = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError):
        return None
    is_it = ids.dtype == dtype and ids.ndim == 1 and num_chars in (None, len(ids))
    return ids if is_it else None


def keep_files(files: Files, *, cache: Path) -> None:
    """Keep where the files of a corpus begin, for when only its encoded copy is there."""
    path = _files_path(files.sha256, cache)
    if files != Files() and not path.exists():
        with writable(cache):
            write_atomically(path, [files.to_json().encode()])


def recall_files(sha256: str, *, cache: Path) -> Files | None:
    """What was kept under that digest; None where nothing was, or it is damaged."""
    if sha256 == Files().sha256:
        return Files()
    if not sha256:
        return None
    try:
        files = Files.from_json(_files_path(sha256, cache).read_text())
    except (OSError, ValueError, TypeError):
        return None
    return files if files.sha256 == sha256 else None


def _files_path(sha256: str, cache: Path) -> Path:
    return cache / f"files-{sha256[:32]}.json"


def ids_path(sha256: str, vocab: Vocab, cache: Path) -> Path:
    """Where the ids of a corpus are kept."""
    alphabet = hashlib.sha256(json.dumps(vocab.to_json()).encode()).hexdigest()
    return cache / f"{sha256[:32]}-{alphabet[:8]}.npy"


def _npy_header(header: dict[str, Any]) -> bytes:
    """The opening of a .npy file: numpy's own format, so that anyone can np.load the cache."""
    opening = io.BytesIO()
    np.lib.format.write_array_header_2_0(opening, header)
    return opening.getvalue()
