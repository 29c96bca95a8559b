"""What a person names as a corpus → the files to read, and their text in chunks.

A name is a file, a folder, `-` for standard input, or `shakespeare`. Text is read in chunks of
constant size and comes out normalised: no byte order mark, every line end a newline. What was
normalised or passed over is said in notes, one line each. It knows nothing of ids.
"""

import codecs
import encodings
import io
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from charrnn import shakespeare
from charrnn.errors import CorpusError, StorageError, UsageError
from charrnn.storage import temporary_beside

CHUNK_BYTES = 1 << 20
STDIN = "-"
SHAKESPEARE = "shakespeare"


@dataclass(frozen=True)
class Source:
    """One file of a corpus and how to read it."""

    path: Path
    label: str  # what messages call it
    skip_unreadable: bool = False  # found in a folder: pass over it if it is not text
    is_play: bool = False  # markdown from the data package


@dataclass
class Normalised:
    """What reading changed or left out, gathered over all sources for one note each."""

    marks: int = 0  # byte order marks dropped
    line_ends: bool = False
    skipped: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """One plain sentence for each thing that happened."""
        sentences = []
        if self.marks:
            sentences.append("dropped the byte order mark at the start of the text")
        if self.line_ends:
            sentences.append("turned CRLF and CR line ends into newlines")
        if self.skipped:
            names = ", ".join(self.skipped[:3]) + (", …" if len(self.skipped) > 3 else "")
            files = (
                "1 file that is"
                if len(self.skipped) == 1
                else f"{len(self.skipped)} files that are"
            )
            sentences.append(f"passed over {files} not text: {names}")
        return sentences


def find(names: Sequence[str], *, spool_folder: Path) -> list[Source]:
    """The files behind the names, in order.

    Relative paths are looked for in the working folder, then in `data/`. Standard input is copied
    to a file in `spool_folder` first, for the corpus is read twice; `discard_spooled` removes it.
    Raises `CorpusError` for a name behind which there is nothing to read.
    """
    sources: list[Source] = []
    for name in names:
        if name == STDIN:
            if any(source.label == "standard input" for source in sources):
                raise UsageError("standard input (-) was named twice", "name it once")
            sources.append(_spool_stdin(spool_folder))
        elif name == SHAKESPEARE and not os.path.exists(name):
            plays = shakespeare.play_paths()
            sources += [Source(path, f"shakespeare/{path.name}", is_play=True) for path in plays]
        else:
            sources += _on_disk(name)
    return sources


def discard_spooled(sources: Sequence[Source]) -> None:
    """Remove the copy of standard input, if there is one."""
    for source in sources:
        if source.label == "standard input":
            source.path.unlink(missing_ok=True)


def _on_disk(name: str) -> list[Source]:
    """The source behind a path: itself if a file, every visible file below it if a folder."""
    path = _locate(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _folder(path)
        if not stat.S_ISREG(mode):
            raise CorpusError(
                f"{name} is not a regular file or folder",
                f"to read from a pipe type: charrnn train - < {name}",
            )
        with path.open("rb"):
            pass
    except OSError as error:
        raise CorpusError(
            f"cannot read {name}: {error.strerror}", "check its permissions"
        ) from error
    return [Source(path, name)]


def _locate(name: str) -> Path:
    """The path as given, or the one of that name under data/."""
    for path in (Path(name), Path("data") / name) if name else ():
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            raise CorpusError(f"cannot read {name!r}: {error}", "check the path") from error
        return path
    raise CorpusError(
        f"there is no corpus {name!r}, neither here nor in data/",
        "name a file, a folder, - for standard input, or shakespeare",
    )


def _folder(folder: Path) -> list[Source]:
    """Every regular file below a folder in sorted order; not what is hidden, nor our own runs."""
    paths = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "checkpoints"]
        paths += [Path(parent, name) for name in files if not name.startswith(".")]
    regular = sorted(path for path in paths if os.path.isfile(path))  # False where unreadable
    if not regular:
        raise CorpusError(f"the folder {folder} holds no files", "name a folder with text files")
    return [Source(path, str(path), skip_unreadable=True) for path in regular]


def _spool_stdin(folder: Path) -> Source:
    """Copy standard input to a temporary file."""
    if sys.stdin is None or sys.stdin.isatty():
        raise CorpusError("standard input is a terminal", "pipe a text in: charrnn train - < FILE")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = temporary_beside(folder / "stdin")
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy, CHUNK_BYTES)
    except OSError as error:
        raise StorageError(
            f"cannot copy standard input to {folder}: {error.strerror}", "make room there"
        ) from error
    return Source(path, "standard input")


def read_bytes(source: Source) -> Iterator[bytes]:
    """A source's raw bytes in chunks. Raises `CorpusError` where the disk refuses."""
    try:
        if source.is_play:
            yield shakespeare.play_text(source.path.read_text(encoding="utf-8")).encode()
            return
        with source.path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise CorpusError(
            f"cannot read {source.label}: {error.strerror}", "check its permissions"
        ) from error


def read_text(source: Source, encoding: str, seen: Normalised) -> Iterator[str]:
    """A source's text in chunks, normalised; what was normalised is added to `seen`.

    Raises `CorpusError` with line and byte offset at the first byte that is not in `encoding`.
    """
    decoder = _decoder("utf-8" if source.is_play else encoding)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    num_bytes = num_lines = 0
    at_start = True
    for raw in chain(read_bytes(source), [b""]):  # the empty chunk ends it
        held_back = len(decoder.getstate()[0])
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeError as error:
            start, read_so_far = getattr(error, "start", 0), getattr(error, "object", b"")
            line = num_lines + read_so_far[:start].count(b"\n") + 1
            offset = num_bytes - held_back + start
            raise _not_text(source, encoding, line=line, offset=offset) from error
        num_bytes += len(raw)
        num_lines += raw.count(b"\n")
        if at_start and text:
            at_start = False
            if text[0] == "\ufeff":
                text = text[1:]
                seen.marks += 1
        text = newlines.decode(text, final=not raw)
        if text:
            yield text
    seen.line_ends |= newlines.newlines not in (None, "\n")


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    """Python's decoder of that name. Raises `UsageError` where there is none for text."""
    try:
        if encodings.search_function(encoding) is None:  # Python's own: packages add stranger ones
            raise LookupError(encoding)
        "x".encode(encoding)  # refuses codecs such as hex, which are not for text
        return codecs.getincrementaldecoder(encoding)("strict")
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"--encoding {encoding!r} is not known", "utf-8, utf-16, latin-1 and cp1252 are"
        ) from error


def _not_text(source: Source, encoding: str, *, line: int, offset: int) -> CorpusError:
    """The error for a byte that is not in the encoding, with the likely encoding as its hint."""
    message = f"{source.label} is not {encoding}: line {line}, byte {offset}"
    guess = _likely_encoding(source.path, offset)
    if guess is None or codecs.lookup(guess) == codecs.lookup(encoding):
        return CorpusError(message, "--bytes models any file as raw bytes")
    return CorpusError(message, f"it may be {guess}: try --encoding {guess}, or --bytes")


def _likely_encoding(path: Path, offset: int) -> str | None:
    """A guess from the file's first bytes and those around the offset, or None."""
    from charset_normalizer import from_bytes  # only ever needed for this message

    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, offset - 2000) // 4 * 4)
        around = file.read(4000)
    for mark, name in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if head.startswith(mark):
            return name
    if sum(byte > 127 for byte in around) < 32:
        return "cp1252"  # too few for statistics: the likeliest by far
    best = from_bytes(around).best()
    return best.encoding.replace("_", "-") if best and best.encoding != "ascii" else None
