"""From the names of a corpus to the text that a run learns from, and to the same text again when
the run goes on, speaks or is scored; and from other files to texts that a model reads.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from charrnn import corpus, sources
from charrnn.checkpoint import Checkpoint
from charrnn.columns import is_table
from charrnn.config import TrainConfig
from charrnn.corpus import Reading, Survey
from charrnn.decoding import Normalised, NotTextError, normalised
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


def reading_of(found: Checkpoint, encoding: str | None = None) -> Reading:
    """How a run reads its corpus, and other texts like it, unless these have another encoding."""
    facts, is_bytes = found.corpus, found.vocab.is_bytes
    if encoding is not None and is_bytes:
        raise UsageError("--encoding says nothing to a model of bytes", "leave it out")
    encoding = facts.encoding if encoding is None else encoding
    return Reading(encoding, is_bytes, facts.errors, found.train.records, facts.column)


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
    how: Reading


def spelled(file: File, *, use: Callable[[bytes], None] = lambda data: None) -> Iterator[str]:
    """A file's text in pieces, in a model's characters, read as its corpus was; a column only of
    what is a table by its name. `use` is given the same text in UTF-8, or the bytes.

    Raises `UsageError` for what is not in that encoding, or no text at all.
    """
    how = file.how if is_table(file.name) else replace(file.how, column=None)
    if how.is_bytes:
        for data in file.chunks:
            use(data)
            yield data.decode("latin-1")
        return
    try:
        for chunk in normalised(file.chunks, how, Normalised(), label=file.name):
            use(chunk.data)
            yield chunk.data.decode("ascii") if chunk.text is None else chunk.text
    except NotTextError as error:
        likely = error.likely
        if likely in (None, how.encoding):
            hint = (
                f"mend it first: iconv -c -f {how.encoding} -t {how.encoding} leaves such bytes out"
            )
        else:
            hint = f"it may be {likely}: try --encoding {likely}"
        raise UsageError(error.message, hint) from error
    except CorpusError as error:
        raise UsageError(error.message, error.hint) from error


def whole_lines(texts: Iterable[str]) -> Iterator[str]:
    """A text in pieces that hold whole lines; the newline after each piece is left out."""
    held = ""
    for text in texts:
        whole, newline, held = (held + text).rpartition("\n")
        if newline:
            yield whole
    if held:
        yield held
