"""Text on disk → ids on disk, memory-mapped.

Encoding takes two passes over the text in chunks of constant size: `survey` counts the characters
and hashes them, `encoded` writes the ids. Both leave their result in a cache folder, the survey
under what the file system says of the files (path, size, times), the ids under the content's
hash. So a second start reads nothing, and a corpus of any size needs the same little memory.

It knows nothing of tensors or networks.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError, StorageError
from charrnn.sources import Normalised, Source, read_bytes, read_text
from charrnn.storage import discard_unfinished, write_atomically
from charrnn.vocab import NUM_CODE_POINTS, IntArray, Vocab, code_points

Progress = Callable[[int, int], None]  # bytes done, bytes in all; over both passes

_CACHE_FORMAT = 1  # part of every cache key: raise it when the cached meaning changes


@dataclass(frozen=True)
class Reading:
    """How bytes on disk become characters."""

    encoding: str = "utf-8"
    is_bytes: bool = False  # every byte is a character of its own


@dataclass(frozen=True)
class Survey:
    """What one pass over a corpus tells.

    `sha256` is that of the normalised text in UTF-8 (of the raw bytes in byte mode): for one clean
    file, what `sha256sum` prints.
    """

    sha256: str
    num_chars: int
    counts: dict[int, int]  # code point → how often
    notes: tuple[str, ...]  # what was normalised or passed over, a sentence each
    skipped: tuple[str, ...]  # labels of the files in a folder that are not text

    def counts_array(self) -> npt.NDArray[np.int64]:
        """counts as an array with one entry for each code point there is."""
        array = np.zeros(NUM_CODE_POINTS, np.int64)
        array[list(self.counts)] = list(self.counts.values())
        return array


def survey(
    sources: Sequence[Source], reading: Reading, *, cache: Path, progress: Progress
) -> Survey:
    """Count and hash a corpus, or recall having done so for these very files.

    Raises `CorpusError` for what cannot be decoded, and for a corpus without two characters.
    """
    memo = cache / f"{_stat_key(sources, reading)}.json"
    found = _recall(memo)
    if found is None:
        found = _survey(sources, reading, progress)
        _write(memo, [json.dumps(asdict(found)).encode()])
    if found.num_chars < 2:
        count = "one character" if found.num_chars else "no text"
        raise CorpusError(f"the corpus holds {count}", "it takes at least two characters to learn")
    return found


def _survey(sources: Sequence[Source], reading: Reading, progress: Progress) -> Survey:
    digest = hashlib.sha256()
    counts = np.zeros(NUM_CODE_POINTS, np.int64)
    seen = Normalised()
    num_bytes, total_bytes = 0, _total_size(sources)
    last: str | bytes = ""
    for source in sources:
        # A file that turns out not to be text must leave no trace, so each has its own tallies.
        its_digest, its_counts, its_last = digest.copy(), np.zeros_like(counts), last
        its_seen = Normalised()
        try:
            for chunk in _chunks(source, reading, its_seen, after=last):
                codes = code_points(chunk)
                tally = np.bincount(codes)
                its_counts[: len(tally)] += tally
                its_digest.update(data := _as_bytes(chunk))
                its_last = chunk[-1:]
                num_bytes += len(data)
                progress(min(num_bytes, total_bytes), 2 * total_bytes)
            if source.skip_unreadable and not reading.is_bytes and its_counts[0]:
                raise CorpusError(f"{source.label} holds NUL characters")
        except CorpusError:
            if not source.skip_unreadable:
                raise
            seen.skipped.append(source.label)
            continue
        digest, last = its_digest, its_last
        seen.marks += its_seen.marks
        seen.line_ends |= its_seen.line_ends
        counts += its_counts
    return Survey(
        sha256=digest.hexdigest(),
        num_chars=int(counts.sum()),
        counts={int(code): int(counts[code]) for code in np.flatnonzero(counts)},
        notes=tuple(seen.notes()),
        skipped=tuple(seen.skipped),
    )


def _chunks(
    source: Source, reading: Reading, seen: Normalised, *, after: str | bytes
) -> Iterator[str | bytes]:
    """One source's text or bytes; a text that follows another (`after`, its end) begins a new
    line.
    """
    if reading.is_bytes:
        yield from read_bytes(source)
        return
    if after and after != "\n":
        yield "\n"
    yield from read_text(source, reading.encoding, seen)


def _as_bytes(chunk: str | bytes) -> bytes:
    try:
        return chunk if isinstance(chunk, bytes) else chunk.encode()
    except UnicodeEncodeError as error:  # utf-7 and unicode-escape can make such text
        raise CorpusError(
            "the corpus holds half a surrogate pair", "is its --encoding right?"
        ) from error


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
    kept = [
        source
        for source in sources
        if not (source.skip_unreadable and source.label in surveyed.skipped)
    ]
    total_bytes = _total_size(sources)

    def pieces() -> Iterator[bytes]:
        digest = hashlib.sha256()
        num_bytes = 0
        last: str | bytes = ""
        for source in kept:
            for chunk in _chunks(source, reading, Normalised(), after=last):
                digest.update(plain := _as_bytes(chunk))
                yield vocab.ids_of(code_points(chunk)).astype(vocab.dtype).tobytes()
                last = chunk[-1:]
                num_bytes += len(plain)
                progress(min(total_bytes + num_bytes, 2 * total_bytes), 2 * total_bytes)
        if digest.hexdigest() != surveyed.sha256:
            raise CorpusError("the corpus changed while it was being read", "run the command again")

    path = ids_path(surveyed.sha256, vocab, cache)
    return stored(path, pieces(), num_chars=surveyed.num_chars, dtype=vocab.dtype)


def stored(
    path: Path, pieces: Iterable[bytes], *, num_chars: int, dtype: np.dtype[Any]
) -> IntArray:
    """Ids that are written in pieces, as an array: read-only and memory-mapped."""
    header = {"descr": dtype.str, "fortran_order": False, "shape": (num_chars,)}
    _write(path, chain([_npy_header(header)], pieces))
    ids = recall(path, num_chars=num_chars, dtype=dtype)
    assert ids is not None
    return ids


def recall_encoded(sha256: str, vocab: Vocab, num_chars: int, *, cache: Path) -> IntArray | None:
    """The ids of a corpus encoded before; None where there are none, or they are damaged."""
    return recall(ids_path(sha256, vocab, cache), num_chars=num_chars, dtype=vocab.dtype)


def recall(path: Path, *, num_chars: int, dtype: np.dtype[Any]) -> IntArray | None:
    """What was `stored` there; None where nothing was, or it is damaged."""
    try:
        ids: IntArray = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return ids if ids.shape == (num_chars,) and ids.dtype == dtype else None


def ids_path(sha256: str, vocab: Vocab, cache: Path) -> Path:
    """Where the ids of a corpus are kept."""
    alphabet = hashlib.sha256(json.dumps(vocab.to_json()).encode()).hexdigest()
    return cache / f"{sha256[:32]}-{alphabet[:8]}.npy"


def _npy_header(header: dict[str, Any]) -> bytes:
    """The opening of a .npy file: numpy's own format, so that anyone can np.load the cache."""
    opening = io.BytesIO()
    np.lib.format.write_array_header_2_0(opening, header)
    return opening.getvalue()


def _total_size(sources: Sequence[Source]) -> int:
    return sum(_status(source).st_size for source in sources)


def _status(source: Source) -> os.stat_result:
    try:
        return source.path.stat()
    except OSError as error:
        raise CorpusError(
            f"cannot read {source.label}: {error.strerror}", "check its permissions"
        ) from error


def _stat_key(sources: Sequence[Source], reading: Reading) -> str:
    """A name for "these files, untouched since": path, size, times and inode of each."""
    files = []
    for source in sources:
        status = _status(source)
        times = (status.st_mtime_ns, status.st_ctime_ns)
        files.append((str(source.path.resolve()), status.st_size, *times, status.st_ino))
    facts = [_CACHE_FORMAT, asdict(reading), files]
    return "survey-" + hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _recall(memo: Path) -> Survey | None:
    try:
        values = json.loads(memo.read_text())
        values["counts"] = {int(code): count for code, count in values["counts"].items()}
        return Survey(**values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # absent or damaged: it is only a memo, counting again restores it


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        discard_unfinished(path.parent)
        write_atomically(path, pieces)
    except OSError as error:
        raise StorageError(
            f"cannot write the encoded corpus to {path.parent}: {error.strerror}", "make room there"
        ) from error
