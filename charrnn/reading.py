"""From the names of a corpus to the text that a run learns from, and to the same text again when
the run goes on, speaks or is scored; and from other files to texts that a model reads.
"""

import codecs
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from charrnn import corpus, sources
from charrnn.checkpoint import Checkpoint
from charrnn.config import TrainConfig
from charrnn.corpus import Reading, Survey
from charrnn.display import Quiet
from charrnn.errors import CorpusError, UsageError
from charrnn.lanes import Text
from charrnn.records import Records
from charrnn.vocab import IntArray, Vocab


def read(
    names: Sequence[str],
    reading: Reading,
    vocab_of: Callable[[Survey], Vocab],
    *,
    cache: Path,
    screen: Quiet,
) -> tuple[Survey, Vocab, IntArray]:
    """The corpus: what is known of it, its alphabet, its ids."""
    with _found(names, cache) as found:
        surveyed = corpus.survey(found, reading, cache=cache, progress=screen.reading)
        vocab = vocab_of(surveyed)
        ids = corpus.encoded(found, reading, surveyed, vocab, cache=cache, progress=screen.reading)
    screen.end()
    for note in surveyed.notes:
        screen.say(note)
    return surveyed, vocab, ids


def arranged(ids: IntArray, config: TrainConfig, vocab: Vocab, sha256: str, *, cache: Path) -> Text:
    """A corpus in the order it is learned in, and its parts: records are put into a random order,
    which the seed decides, and kept so in a file.

    Raises `CorpusError` where there are fewer than two records.
    """
    if config.records == "none":
        return Text.of(ids, config)
    newline = int(vocab.ids_of(np.array([ord("\n")]))[0])
    records = Records.found(ids, config.records, newline)
    if len(records.lengths_R) < 2 or newline in (-1, vocab.unknown_id):
        where = "one in each line" if config.records == "lines" else "between blank lines"
        raise CorpusError(
            f"the corpus holds fewer than two records, {where}", "leave --records and --lines out"
        )
    records = records.shuffled(config.seed)
    starts = records.starts
    whole = corpus.ids_path(sha256, vocab, cache)
    path = whole.with_name(f"{whole.stem}-{config.records}-{config.seed}.npy")
    found = corpus.recall(path, num_chars=int(starts[-1]), dtype=ids.dtype)
    if found is None:
        pieces = (piece.astype(ids.dtype).tobytes() for piece in records.arranged(ids))
        found = corpus.stored(path, pieces, num_chars=int(starts[-1]), dtype=ids.dtype)
    return Text.of(found, config, starts)


def same_text(found: Checkpoint, *, cache: Path, keep_corpus: bool, screen: Quiet) -> Text:
    """The text the run began with: see `same_corpus`."""
    ids = same_corpus(found, cache=cache, keep_corpus=keep_corpus, screen=screen)
    return arranged(ids, found.train, found.vocab, found.corpus.sha256, cache=cache)


def beginning_of_split(found: Checkpoint, split: str, *, num_chars: int, cache: Path) -> str:
    """The first characters of a run's own validation or test split.

    Raises `CorpusError` where the corpus is gone or changed, or there is no such split.
    """
    text = same_text(found, cache=cache, keep_corpus=True, screen=Quiet())
    first, end = text.part(split)
    if first >= end:
        raise CorpusError(f"the run keeps no {split} split", "give it a file instead")
    return found.vocab.decode(text.ids[first : min(end, first + num_chars)])


def same_corpus(found: Checkpoint, *, cache: Path, keep_corpus: bool, screen: Quiet) -> IntArray:
    """The ids the run began with.

    The corpus is compared with what it was. Where it is gone (standard input always is), the
    encoded copy serves; where it changed, that takes `keep_corpus`. Raises `CorpusError`
    otherwise.
    """
    facts, vocab, reading = found.corpus, found.vocab, reading_of(found)
    copy = corpus.recall_encoded(facts.sha256, vocab, facts.num_chars, cache=cache)
    if copy is not None and (keep_corpus or any(map(sources.can_be_read_once, facts.names))):
        return copy
    name = " ".join(facts.names)
    try:
        with _found(facts.names, cache) as files:
            surveyed = corpus.survey(files, reading, cache=cache, progress=screen.reading)
            if surveyed.sha256 == facts.sha256:
                return corpus.encoded(
                    files, reading, surveyed, vocab, cache=cache, progress=screen.reading
                )
    except CorpusError as error:
        if copy is None:
            raise CorpusError(
                f"the run's corpus is gone: {error.message}", "put it back"
            ) from error
        screen.say(f"{error.message}: going on with the encoded copy of it")
        return copy
    hint = (
        "put the old text back" if copy is None else "--keep-corpus goes on with the text as it was"
    )
    raise CorpusError(f"the corpus {name} has changed since the run began", hint)


def reading_of(found: Checkpoint) -> Reading:
    """How a run reads its corpus."""
    facts = found.corpus
    return Reading(
        facts.encoding, found.vocab.is_bytes, facts.errors, found.train.records, facts.column
    )


@contextmanager
def _found(names: Sequence[str], cache: Path) -> Iterator[list[sources.Source]]:
    """The sources behind the names; copies of what can be read once are removed in the end."""
    found = sources.find(names, spool_folder=cache)
    try:
        yield found
    finally:
        sources.discard_spooled(found)


@dataclass(frozen=True)
class File:
    """A text that is no corpus, and what errors call it."""

    name: str
    chunks: Iterable[bytes]


def spelled(
    file: File, *, is_bytes: bool, use: Callable[[bytes], None] = lambda data: None
) -> Iterator[str]:
    """A file's text in pieces, in a model's characters: as in a corpus its line ends are newlines,
    unless the model is one of bytes. `use` is given the bytes as they are read.

    Raises `UsageError` for what is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("latin-1" if is_bytes else "utf-8-sig")()
    newlines = io.IncrementalNewlineDecoder(None, translate=not is_bytes)
    num_bytes = 0
    for chunk in chain(file.chunks, [b""]):
        use(chunk)
        num_bytes += len(chunk)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            place = num_bytes - len(error.object) + error.start
            raise UsageError(
                f"{file.name} is not UTF-8: byte {place}",
                "convert it first: iconv -f latin1 -t utf-8",
            ) from error
        yield newlines.decode(text, final=not chunk)


def whole_lines(texts: Iterable[str]) -> Iterator[str]:
    """A text in pieces that hold whole lines; the newline after each piece is left out."""
    held = ""
    for text in texts:
        whole, newline, held = (held + text).rpartition("\n")
        if newline:
            yield whole
    if held:
        yield held
