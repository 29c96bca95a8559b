"""What a corpus is made of: its characters, how often each occurs, its digest.

Kept in the cache under what the file system says of the files (path, size, times), so that a second
start reads nothing. It knows nothing of ids.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn._atomic import write_atomically
from charrnn._text import CountBytes, ProgressCallback, some
from charrnn.config import DataConfig
from charrnn.data.encoding import cache_files, shards, workers
from charrnn.data.encoding.shards import Place
from charrnn.data.splits import Files
from charrnn.data.vocab import NUM_CODE_POINTS
from charrnn.errors import CorpusError
from charrnn.sources.decoding import Normalised
from charrnn.sources.paths import Source, Sources

_SETTINGS = ("encoding", "is_bytes", "errors", "records", "column")  # that decide what is counted
_CACHE_FORMAT = 3  # part of every memo's name: raise it when what it means changes


@dataclass(frozen=True)
class Scan:
    """What one pass over a corpus tells.

    `sha256` is that of the normalised text in UTF-8 (of the raw bytes in byte mode): for one clean
    file, what `sha256sum` prints.
    """

    sha256: str
    num_chars: int
    counts: dict[int, int]  # code point → how often
    notes: tuple[str, ...]  # what was normalised or passed over, a sentence each
    skipped: tuple[str, ...]  # labels of the files in a folder that are not text
    encodings: dict[str, str]  # labels of the files that are in another encoding, and which
    places: tuple[Place, ...]  # of the pieces, in order
    begins: tuple[int, ...]  # where each file begins, but for those that were skipped

    def counts_array(self) -> npt.NDArray[np.int64]:
        """counts as an array with one entry for each code point there is."""
        array = np.zeros(NUM_CODE_POINTS, np.int64)
        array[list(self.counts)] = list(self.counts.values())
        return array

    def file_starts(self, sources: Sources) -> Files:
        """Where the files begin, without those that were skipped. The plays of Shakespeare are one
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
        return Files(tuple(is_val_at), sum(is_val_at.values()))


def scan_files(
    sources: Sequence[Source], config: DataConfig, *, cache: Path, progress: ProgressCallback
) -> Scan:
    """Count and hash a corpus, or recall having done so for these very files.

    Raises `CorpusError` for what cannot be decoded, and for a corpus without two characters.
    """
    key = _stat_key(sources, config)
    memo = cache / f"{key}.json"
    found = _recall(memo)
    if found is None:
        with cache_files.lock_for(memo):
            found = _recall(memo)  # another process may have been at it
            if found is None:
                found = _scan(sources, config, progress)
                if _stat_key(sources, config) != key:
                    raise shards.changed()
                write_atomically(memo, [json.dumps(asdict(found)).encode()])
    if found.num_chars < 2:
        count = "one character" if found.num_chars else "no text"
        raise CorpusError(f"the corpus holds {count}", "it takes at least two characters to learn")
    return found


def _scan(sources: Sequence[Source], config: DataConfig, progress: ProgressCallback) -> Scan:
    with_sizes = sized(sources)
    divided = shards.divided(with_sizes, config)
    whole, seen, counts = hashlib.sha256(), Normalised(), Counter[int]()
    places: list[Place] = []
    begins: list[int] = []
    num_chars, is_open = 0, False
    count_bytes = telling(progress, with_sizes, 0)
    with closing(workers.in_order(shards.tally, divided, count_bytes)) as tallies:
        for piece, its in shards.settled(divided, tallies):
            if is_open and piece.sources and not piece.sources[0].begin:  # a new line
                whole.update(b"\n")
                counts[ord("\n")] += 1
                num_chars, is_open = num_chars + 1, False
            places.append(Place(num_chars, its.num_chars, its.sha256))
            begins += [num_chars + begin for begin in its.begins]
            counts.update(its.counts)
            seen.add(its.seen)
            num_chars += its.num_chars
            is_open = its.is_open if its.num_chars else is_open
            if len(divided) > 1:
                for data in shards.text(piece, its):
                    whole.update(data)
    _require_some_plain(seen, config)
    return Scan(
        sha256=whole.hexdigest() if len(divided) > 1 else places[0].sha256,
        num_chars=num_chars,
        counts=dict(sorted(counts.items())),
        notes=tuple(seen.notes(config)),
        skipped=tuple(seen.skipped),
        encodings=seen.encodings,
        places=tuple(places),
        begins=tuple(begins),
    )


def _require_some_plain(seen: Normalised, config: DataConfig) -> None:
    """Raise `CorpusError` where texts were found and all of them are in another encoding: then one
    was forgotten, which is for a person to say.
    """
    others = seen.likely | seen.encodings
    if seen.num_plain or not others:
        return
    likeliest = Counter(others.values()).most_common(1)[0][0]
    if likeliest == config.encoding:  # ... but for a few bytes
        raise CorpusError(
            f"every file has bytes that are not {config.encoding}: {some(others)}",
            "--errors skip leaves out the lines with such bytes",
        )
    names = [name for name, encoding in others.items() if encoding == likeliest]
    raise CorpusError(
        f"no file is {config.encoding}: {some(names)} may be {likeliest}",
        f"try --encoding {likeliest}, or --bytes",
    )


def sized(sources: Sequence[Source]) -> list[tuple[Source, int]]:
    """Each source with its size in bytes."""
    return [(source, _status(source).st_size) for source in sources]


def telling(
    progress: ProgressCallback, sized: Sequence[tuple[Source, int]], num_passes: int
) -> CountBytes:
    """Tells the progress over both passes, of which so many are done."""
    total = sum(num_bytes for _, num_bytes in sized)
    done = 0

    def count_bytes(num_bytes: int) -> None:
        nonlocal done
        done += num_bytes
        progress(num_passes * total + min(done, total), 2 * total)

    return count_bytes


def _status(source: Source) -> os.stat_result:
    try:
        return source.path.stat()
    except OSError as error:
        raise CorpusError(
            f"cannot read {source.label}: {error.strerror}", "check its permissions"
        ) from error


def _stat_key(sources: Sequence[Source], config: DataConfig) -> str:
    """A name for "these files, untouched since": label, path, size, times and inode of each."""
    files = []
    for source in sources:
        status = _status(source)
        times = (status.st_mtime_ns, status.st_ctime_ns)
        path, may_skip = str(source.path.resolve()), source.skip_unreadable
        names = (source.label, path, may_skip)
        files.append((*names, status.st_size, *times, status.st_ino))
    settings = {name: getattr(config, name) for name in _SETTINGS}
    facts = [_CACHE_FORMAT, shards.PIECE_BYTES, settings, files]
    return "survey-" + hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _recall(memo: Path) -> Scan | None:
    try:
        values = json.loads(memo.read_text())
        values["counts"] = {int(code): count for code, count in values["counts"].items()}
        values["begins"] = tuple(values["begins"])
        values["places"] = tuple(Place(**place) for place in values["places"])
        return Scan(**values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # absent or damaged: it is only a memo, counting again restores it
