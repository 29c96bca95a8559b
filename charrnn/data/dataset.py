"""From the names of a corpus to the text that a run learns from, and to the same text again when
the run goes on, speaks or is scored; and from other files to texts that a model reads.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from charrnn._text import Reporter, some
from charrnn.config import DataConfig
from charrnn.data import corpus
from charrnn.data.batches import Text, num_records
from charrnn.data.corpus import CorpusReference, Folders
from charrnn.data.encoding import cache_files
from charrnn.data.encoding.encode import encode_files
from charrnn.data.encoding.scan import Scan, scan_files
from charrnn.data.records import Records
from charrnn.data.splits import Files, Splits
from charrnn.data.vocab import IntArray, Vocab
from charrnn.errors import CorpusError
from charrnn.sources import paths
from charrnn.sources.columns import is_table
from charrnn.sources.paths import Source

_CHUNK_CHARS = 1 << 24


@dataclass(frozen=True)
class Corpus:
    """A corpus that was read: what is known of it, its alphabet, its ids, where its files begin."""

    scan: Scan
    vocab: Vocab
    ids: IntArray
    files: Files


def read(
    names: Sequence[str],
    config: DataConfig,
    vocab_of: Callable[[Scan], Vocab],
    *,
    val_names: Sequence[str] = (),
    cache: Path,
    reporter: Reporter,
) -> Corpus:
    """The corpus, and after it the text that it is validated on, where that is named."""
    with _found(names, val_names, cache, Path()) as (found, num_val):
        scan = scan_files(found, config, cache=cache, progress=reporter.show_reading)
        vocab = vocab_of(scan)
        ids = encode_files(found, config, scan, vocab, cache=cache, progress=reporter.show_reading)
        files = _files(found, scan, num_val)
        if val_names and not files.num_val:
            raise _nothing_to_validate_on()
        if files.val_begin(scan.num_chars) == 0:
            raise CorpusError("the corpus holds no text", "--val names the validation text alone")
        cache_files.save_files(files, cache=cache)
    reporter.end_progress()
    for note in scan.notes:
        reporter.show(note)
    _tell_of_tables(found, config, reporter)
    _warn_of_twins(found, num_val, reporter)
    return Corpus(scan, vocab, ids, files)


def arranged(
    ids: IntArray,
    config: DataConfig,
    vocab: Vocab,
    files: Files | None,
    *,
    seed: int,
    sha256: str,
    cache: Path,
) -> Text:
    """A corpus in the order it is learned in, and its parts, kept so in a file unless that is the
    order it has: of several files the ends are put last, and records come in a random order, which
    the seed decides.

    Before format 6 it did not count where the files begin: None. Raises `CorpusError` where there
    are fewer than two records.
    """

    def kept(pieces: Iterable[IntArray], what: str, num_chars: int) -> IntArray:
        whole = cache_files.ids_path(sha256, vocab, cache)
        path = whole.with_name(f"{whole.stem}-{what}.npy")
        found = cache_files.load_array(path, length=num_chars, dtype=ids.dtype)
        if found is None:
            data = (piece.astype(ids.dtype).tobytes() for piece in pieces)
            found = cache_files.save_array(path, data, length=num_chars, dtype=ids.dtype)
        return found

    if config.records != "none":
        records, num_train, num_before_test = _in_order(ids, config, vocab, files, seed=seed)
        starts = records.starts
        what = f"{config.records}-{seed}-{records.sha256[:16]}"
        ordered = kept(records.arranged(ids), what, int(starts[-1]))
        return Text(ordered, int(starts[num_train]), int(starts[num_before_test]), starts)
    if files is None or files == Files():
        return Text.of(ids, config)
    splits = Splits.of(files, config, ids, vocab.newline)
    stretches = (*splits.train, *splits.val, *splits.test)
    ends = [0, *accumulate(end - begin for begin, end in stretches)]
    pieces = (
        ids[t : min(t + _CHUNK_CHARS, end)]
        for begin, end in stretches
        for t in range(begin, end, _CHUNK_CHARS)
    )
    ordered = kept(pieces, splits.sha256[:16], ends[-1])
    num_train = len(splits.train)
    return Text(ordered, ends[num_train], ends[num_train + len(splits.val)])


def records_in(ids: IntArray, kind: str, vocab: Vocab, files: Files | None) -> Records:
    """The records of a corpus in its own order; before format 6 (None) only an empty line was
    blank.
    """
    if files is None:
        return Records.found(ids, kind, vocab.newline)
    return Records.found(ids, kind, vocab.newline, white_V=vocab.white_V, begins_F=files.begins_F)


def derived_path(reference: CorpusReference, what: str, folders: Folders) -> Path:
    """Where to keep what is made of a run's corpus and depends on where its files begin."""
    facts = reference.facts
    ids_path = cache_files.ids_path(facts.sha256, reference.vocab, folders.cache)
    return ids_path.with_name(f"{ids_path.stem}-{facts.files_sha256[:16]}-{what}.npy")


def _in_order(
    ids: IntArray, config: DataConfig, vocab: Vocab, files: Files | None, *, seed: int
) -> tuple[Records, int, int]:
    """The records in the order they are learned in; how many come before the validation split, and
    before the test split.
    """
    kind, newline = config.records, vocab.newline
    records = records_in(ids, kind, vocab, files)
    end = len(ids) if files is None else files.val_begin(len(ids))
    is_learned = records.begins_R < end
    learned, val = records[is_learned], records[~is_learned]
    if len(learned.lengths_R) < 2 or newline in (-1, vocab.unknown_id):
        where = "one in each line" if kind == "lines" else "between blank lines"
        raise CorpusError(
            f"the corpus holds fewer than two records, {where}", "leave --records and --lines out"
        )
    learned = learned.shuffled(seed)
    num_train, num_before_test = num_records(config, learned.starts).tolist()
    if end == len(ids):
        return learned, num_train, num_before_test
    if not len(val.begins_R):
        raise _nothing_to_validate_on()
    val = val.shuffled(seed)
    if config.max_val_chars:
        val = val[: max(1, int(np.searchsorted(val.starts, config.max_val_chars, "right")) - 1)]
    ordered = learned[:num_before_test] + val + learned[num_before_test:]
    return ordered, num_before_test, num_before_test + len(val.lengths_R)


def _nothing_to_validate_on() -> CorpusError:
    return CorpusError("the text of --val holds nothing", "name a file with text")


def _files(found: Sequence[Source], scan: Scan, num_val: int) -> Files:
    """Where the files begin, those that were skipped left out. The plays of Shakespeare are one
    text.
    """
    skipped = set(scan.skipped)
    read = [not (each.skip_unreadable and each.label in skipped) for each in found]
    begins = iter(scan.begins)
    starts: dict[int, bool] = {}  # whether it is a file for validation
    was_play = False
    for number, (source, is_read) in enumerate(zip(found, read, strict=True)):
        if is_read:
            begin = next(begins)
            if begin < scan.num_chars and not (was_play and source.is_play):
                starts[begin] = number >= len(found) - num_val
            was_play = source.is_play
    return Files(tuple(starts), sum(starts.values()))


def _tell_of_tables(found: Sequence[Source], config: DataConfig, reporter: Reporter) -> None:
    """Say how to learn one column where a table is learned with its header, commas and all."""
    tables = [source.label for source in found if is_table(source.label)]
    if tables and config.column is None and not config.is_bytes:
        reporter.show(
            f"learning every column, commas and all: {some(tables)}; --column NAME learns the"
            " cells of one"
        )


def _warn_of_twins(found: Sequence[Source], num_val: int, reporter: Reporter) -> None:
    """Tell of files that are read twice: what is learned by heart is no validation text."""
    is_val: dict[str, bool] = {}
    seen, twice, both = set[str](), list[str](), list[str]()
    for number, source in enumerate(found):
        path, is_for_val = os.path.realpath(source.path), number >= len(found) - num_val
        if is_val.setdefault(path, is_for_val) != is_for_val:
            both.append(source.label)
        elif path in seen:
            twice.append(source.label)
        seen.add(path)
    if twice:
        reporter.warn(f"named twice, and so counted twice: {some(twice)}")
    if both:
        reporter.warn(
            f"learned from and validated on: {some(both)}; the validation loss will be that of a"
            " text it knows"
        )


def reload_text(reference: CorpusReference, *, keep_corpus: bool, reporter: Reporter) -> Text:
    """Read again the text that a run learns from, arranged and split as before.

    Raises `CorpusError` where it is gone or has changed: see `reload`.
    """
    with corpus.folders_of(reference.path) as folders:
        encoded = reload(reference, folders, keep_corpus=keep_corpus, reporter=reporter)
        return arranged(
            encoded.ids,
            reference.config,
            reference.vocab,
            encoded.files,
            seed=reference.seed,
            sha256=reference.facts.sha256,
            cache=folders.cache,
        )


def beginning_of_split(reference: CorpusReference, split: str, *, num_chars: int) -> str:
    """The first characters of a run's own validation or test split.

    Raises `CorpusError` where the corpus is gone or changed, or there is no such split.
    """
    text = reload_text(reference, keep_corpus=True, reporter=Reporter())
    first, end = split_bounds(text, split, reference.config)
    return reference.vocab.decode(text.ids[first : min(end, first + num_chars)])


def split_bounds(text: Text, split: str, config: DataConfig) -> tuple[int, int]:
    """Where a run's own validation or test split begins and ends.

    Raises `CorpusError` where there is none.
    """
    first, end = text.part(split)
    if first == end:
        is_short = getattr(config, f"{split}_fraction") > 0
        why = ": its text was too short" if is_short else ""
        raise CorpusError(
            f"the run keeps no {split} split{why}",
            f"give it a file instead, or train with --{split}-fraction",
        )
    return first, end


class Encoded(NamedTuple):
    """A corpus as ids, in the order of its files."""

    ids: IntArray
    files: Files | None  # None for runs of formats 1 to 5, which ignore where files begin


def reload(
    reference: CorpusReference, folders: Folders, *, keep_corpus: bool, reporter: Reporter
) -> Encoded:
    """Read again the corpus of a run.

    Its text is compared with what the run learned from. Where it is gone (standard input always
    is), the encoded copy serves; where it has changed, the copy serves if `keep_corpus` says so.
    Raises `CorpusError` otherwise.
    """
    facts = reference.facts
    names = (*facts.names, *facts.val_names)
    copy = _encoded_copy(reference, folders.cache)
    if copy is not None and (keep_corpus or any(map(paths.can_be_read_once, names))):
        return copy
    gone: CorpusError | None = None
    for folder in folders.search:
        try:
            encoded = _read_again(reference, folder, cache=folders.cache, reporter=reporter)
        except CorpusError as error:
            gone = error if folder == folders.search[0] else gone
        else:
            if encoded is not None:
                return encoded
    if gone is not None:
        if copy is None:
            raise CorpusError(f"the run's corpus is gone: {gone.message}", "put it back") from gone
        reporter.show(f"{gone.message}: going on with the encoded copy of it")
        return copy
    hint = (
        "put the old text back" if copy is None else "--keep-corpus goes on with the text as it was"
    )
    raise CorpusError(f"the corpus {' '.join(names)} has changed since the run began", hint)


def _encoded_copy(reference: CorpusReference, cache: Path) -> Encoded | None:
    """The encoded copy of a run's corpus in the cache, or None."""
    facts = reference.facts
    ids = cache_files.load_ids(facts.sha256, reference.vocab, facts.num_chars, cache=cache)
    files = cache_files.load_files(facts.files_sha256, cache=cache)
    if ids is None or (facts.files_sha256 and files is None):
        return None
    return Encoded(ids, files)


def _read_again(
    reference: CorpusReference, folder: Path, *, cache: Path, reporter: Reporter
) -> Encoded | None:
    """The corpus as it is in a folder now; None if it differs from what the run learned from.

    Raises `CorpusError` where it is not there.
    """
    facts, config = reference.facts, reference.config
    with _found(facts.names, facts.val_names, cache, folder) as (sources, num_val):
        scan = scan_files(sources, config, cache=cache, progress=reporter.show_reading)
        files = _files(sources, scan, num_val)
        if scan.sha256 != facts.sha256 or facts.files_sha256 not in ("", files.sha256):
            return None
        ids = encode_files(
            sources, config, scan, reference.vocab, cache=cache, progress=reporter.show_reading
        )
        if not facts.files_sha256:
            return Encoded(ids, None)
        cache_files.save_files(files, cache=cache)
        return Encoded(ids, files)


@contextmanager
def _found(
    names: Sequence[str], val_names: Sequence[str], cache: Path, folder: Path
) -> Iterator[tuple[list[Source], int]]:
    """The sources behind the names, and how many of them, the last, are for validation; copies of
    what can be read once are removed in the end.
    """
    paths.require_one_stdin([*names, *val_names])
    found: list[Source] = []
    try:
        found = paths.find(names, spool_folder=cache, folder=folder)
        val = paths.find(val_names, spool_folder=cache, folder=folder, num_before=len(found))
        found += val
        yield found, len(val)
    finally:
        paths.discard_spooled(found)
