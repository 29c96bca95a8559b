"""The cache of a folder of runs: corpora as ids, in files that are mapped into memory.

A file's name says what is in it, so that no file ever has to be brought up to date:

    survey-….json              what one pass over the files of a corpus found (scan.py)
    CORPUS-VOCAB.npy           a corpus as ids
    CORPUS-VOCAB-….npy         what is made of these ids: another order of them, an index;
                               of pairs: the texts of each side, and more (pairs/encoded.py)
    files-….json               where the files of a corpus begin

Files are written whole or not at all. A file that is missing or damaged is made again. Which of
them are needed although no run on the disk says so, is in claims.py.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from charrnn._atomic import alone_at, discard_unfinished, write_atomically
from charrnn.data.splits import FileStarts
from charrnn.data.vocab import IntArray, Vocab
from charrnn.errors import OTHER_FOLDER, storage_errors

SURVEY = "survey-"  # how the names of surveys begin


def ids_path(sha256: str, vocab: Vocab, cache: Path) -> Path:
    """Where the ids of the corpus with that digest are kept."""
    path = stem(sha256, vocab.to_json(), cache)
    return path.with_name(path.name + ".npy")


def stem(sha256: str, vocab: Any, cache: Path) -> Path:
    """What the paths of files begin with that are made of a corpus and vocabulary, as JSON."""
    vocab_sha256 = hashlib.sha256(json.dumps(vocab).encode()).hexdigest()
    return cache / f"{sha256[:32]}-{vocab_sha256[:8]}"


def load_ids(sha256: str, vocab: Vocab, num_chars: int, *, cache: Path) -> IntArray | None:
    """The ids of a corpus encoded before; None where there are none, or they are damaged."""
    return load_array(ids_path(sha256, vocab, cache), length=num_chars, dtype=vocab.dtype)


def load_array(path: Path, *, length: int | None, dtype: np.dtype[Any]) -> IntArray | None:
    """An array of one axis, read-only and memory-mapped; None where it is missing or damaged.

    `length` None allows any length.
    """
    try:
        array: IntArray = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError):
        return None
    is_as_expected = array.dtype == dtype and array.ndim == 1 and length in (None, len(array))
    return array if is_as_expected else None


def save_array(
    path: Path, chunks: Iterable[bytes], *, length: int, dtype: np.dtype[Any]
) -> IntArray:
    """Write an array of one axis chunk by chunk, and map it into memory."""
    with writable(path.parent):
        write_atomically(path, chain([npy_header(length, dtype)], chunks))
    array = load_array(path, length=length, dtype=dtype)
    assert array is not None
    return array


def npy_header(length: int, dtype: np.dtype[Any]) -> bytes:
    """The header of a .npy file for an array of one axis, so that `numpy.load` reads the file."""
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(
        header, {"descr": dtype.str, "fortran_order": False, "shape": (length,)}
    )
    return header.getvalue()


def save_file_starts(files: FileStarts, *, cache: Path) -> None:
    """Keep where the files of a corpus begin, for when only its encoded copy is left."""
    path = _files_path(files.sha256, cache)
    if files != FileStarts() and not path.exists():
        with writable(cache):
            write_atomically(path, [files.to_json().encode()])


def load_file_starts(sha256: str, *, cache: Path) -> FileStarts | None:
    """What was saved under that digest; None where it is missing or damaged."""
    if sha256 == FileStarts().sha256:
        return FileStarts()
    if not sha256:
        return None
    try:
        files = FileStarts.from_json(_files_path(sha256, cache).read_text())
    except (OSError, ValueError, TypeError):
        return None
    return files if files.sha256 == sha256 else None


class Listing:
    """What is in a cache at one moment, found by the corpus that it was made of."""

    def __init__(self, cache: Path) -> None:
        """List a folder, which need not exist."""
        self._cache = cache
        self._paths = list(cache.iterdir()) if cache.is_dir() else []
        self._surveyed = {
            path: _digest_in(path) for path in self._paths if path.name.startswith(SURVEY)
        }

    def files_of(self, stem: Path, sha256: str, files_sha256: str = "") -> set[Path]:
        """Return the files about a corpus: those with that stem, where its files begin, and what
        was found in them. Lock files stay: another process may wait at one.
        """
        starts = _files_path(files_sha256, self._cache)
        found = {path for path, digest in self._surveyed.items() if digest == sha256}
        for path in self._paths:
            is_made_of_it = path.name.startswith((f"{stem.name}.", f"{stem.name}-"))
            if path == starts or (is_made_of_it and path.suffix != ".lock"):
                found.add(path)
        return found


def _digest_in(survey: Path) -> str:
    """Return the digest of the corpus that was surveyed; "" where the file is damaged."""
    try:
        return str(json.loads(survey.read_text())["sha256"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _files_path(sha256: str, cache: Path) -> Path:
    return cache / f"files-{sha256[:32]}.json"


@contextmanager
def lock_for(path: Path) -> Iterator[None]:
    """Make sure that one process at a time makes a file of the cache; the others wait.

    Removes what killed processes left half written.
    """
    with writable(path.parent):
        discard_unfinished(path.parent)
        with alone_at(path.with_suffix(".lock")):
            yield


@contextmanager
def writable(cache: Path) -> Iterator[None]:
    """Make the cache's folder, and turn what the disk refuses into a `StorageError`."""
    with storage_errors(
        f"cannot write the encoded corpus to {cache}",
        "make room there",
        if_forbidden=OTHER_FOLDER,
    ):
        cache.mkdir(parents=True, exist_ok=True)
        yield
