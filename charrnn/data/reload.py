"""The corpus of a run, read again: to learn on from it, or to measure a model on it."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from charrnn._text import Reporter
from charrnn.config import DataConfig
from charrnn.data.arrange import EncodedCorpus, arrange
from charrnn.data.batches import Text
from charrnn.data.corpus import CorpusReference, Folders, folders_of, require_told
from charrnn.data.encoding import cache_files
from charrnn.data.encoding.encode import encode_files
from charrnn.data.encoding.scan import scan_files
from charrnn.errors import CorpusError
from charrnn.sources import paths

Encoded = TypeVar("Encoded")


def reload_text(reference: CorpusReference, *, keep_corpus: bool, reporter: Reporter) -> Text:
    """Read again the text that a run learns from, arranged and split as before.

    Raises `CorpusError` where it is gone or has changed: see `reload`.
    """
    with folders_of(reference.path) as folders:
        encoded = reload(reference, folders, keep_corpus=keep_corpus, reporter=reporter)
        return arrange(encoded, reference.config, seed=reference.seed, cache=folders.cache)


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
            f"the run has no {split} split{why}",
            f"give it a file instead, or train with {split}_fraction",
            f"{split}_fraction",
        )
    return first, end


def reload(
    reference: CorpusReference, folders: Folders, *, keep_corpus: bool, reporter: Reporter
) -> EncodedCorpus:
    """Read again the corpus of a run, as `unchanged_or_copy` does."""
    require_told(reference.facts)
    return unchanged_or_copy(
        (*reference.facts.names, *reference.facts.val_names),
        _encoded_copy(reference, folders.cache),
        partial(_read_in, reference, cache=folders.cache, reporter=reporter),
        search=folders.search,
        keep_corpus=keep_corpus,
        reporter=reporter,
    )


def unchanged_or_copy(
    names: Sequence[str],
    copy: Encoded | None,
    read_in: Callable[[Path], Encoded | None],
    *,
    search: Sequence[Path],
    keep_corpus: bool,
    reporter: Reporter,
) -> Encoded:
    """Return what a run learns from: its files, read again, or the encoded copy of them.

    `read_in` reads the files in a folder, and compares them with what the run learned from: None if
    they have changed. Where they are gone (standard input always is), the copy serves; where they
    have changed, the copy serves if `keep_corpus` says so. Raises `CorpusError` otherwise.
    """
    if copy is not None and (keep_corpus or any(map(paths.can_be_read_once, names))):
        return copy
    try:
        unchanged = _first_unchanged(read_in, search)
    except CorpusError as gone:
        if copy is None:
            raise CorpusError(f"the run's corpus is gone: {gone.message}", "put it back") from gone
        reporter.show(f"{gone.message}: going on with the encoded copy of it")
        return copy
    if unchanged is not None:
        return unchanged
    changed = f"the corpus {' '.join(names)} has changed since the run began"
    if copy is None:
        raise CorpusError(changed, "put the old text back")
    raise CorpusError(changed, "keep_corpus goes on with the text as it was", "keep_corpus")


def _first_unchanged(
    read_in: Callable[[Path], Encoded | None], search: Sequence[Path]
) -> Encoded | None:
    """Return the corpus from the first folder that holds it unchanged; None where it has changed.

    Raises `CorpusError` where it is gone. If no folder holds it unchanged, the first one decides
    which of the two it is.
    """
    gone: CorpusError | None = None
    for folder in search:
        try:
            corpus = read_in(folder)
        except CorpusError as error:
            gone = error if folder == search[0] else gone
        else:
            if corpus is not None:
                return corpus
    if gone is not None:
        raise gone
    return None


def _encoded_copy(reference: CorpusReference, cache: Path) -> EncodedCorpus | None:
    """The encoded copy of a run's corpus in the cache, or None."""
    facts, vocab = reference.facts, reference.vocab
    ids = cache_files.load_ids(facts.sha256, vocab, facts.num_chars, cache=cache)
    files = cache_files.load_file_starts(facts.files_sha256, cache=cache)
    if ids is None or (facts.files_sha256 and files is None):
        return None
    return EncodedCorpus(ids, vocab, facts.sha256, files)


def _read_in(
    reference: CorpusReference, folder: Path, *, cache: Path, reporter: Reporter
) -> EncodedCorpus | None:
    """The corpus in a folder; None if it differs from what the run learned from."""
    facts, config, vocab = reference.facts, reference.config, reference.vocab
    progress = reporter.show_reading
    with paths.opened(facts.names, facts.val_names, spool_folder=cache, folder=folder) as sources:
        scan = scan_files(sources.files, config, cache=cache, progress=progress)
        files = scan.file_starts(sources)
        if scan.sha256 != facts.sha256 or facts.files_sha256 not in ("", files.sha256):
            return None
        ids = encode_files(sources.files, config, scan, vocab, cache=cache, progress=progress)
        if not facts.files_sha256:
            return EncodedCorpus(ids, vocab, facts.sha256, None)
        cache_files.save_file_starts(files, cache=cache)
        return EncodedCorpus(ids, vocab, facts.sha256, files)


def derived_path(reference: CorpusReference, what: str, folders: Folders) -> Path:
    """Where to keep what is made of a run's corpus and depends on where its files begin."""
    facts = reference.facts
    ids_path = cache_files.ids_path(facts.sha256, reference.vocab, folders.cache)
    return ids_path.with_name(f"{ids_path.stem}-{facts.files_sha256[:16]}-{what}.npy")
