"""Read and encode the pairs that a new run learns from."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from charrnn._text import ProgressCallback, Reporter, number_of, some
from charrnn.config import PairsConfig
from charrnn.data.dataset import repeated
from charrnn.data.encoding import cache_files
from charrnn.data.encoding.scan import count_for, with_sizes
from charrnn.data.pairs.encoded import EncodedPairs, PairVocabs, encode
from charrnn.data.pairs.pair_corpus import PairCorpus
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.spool import PairSpool
from charrnn.data.pairs.symbols import AnyVocab, kind_of, kinds_of
from charrnn.data.pairs.table import TableReader, in_turn, require_files
from charrnn.errors import CorpusError, SettingError, UsageError
from charrnn.sources import paths

_IN_WORDS = {
    "characters": "characters",
    "bytes": "bytes",
    "spaces": "symbols with spaces between them",
}
_MAX_UNKNOWN = 0.75  # of the sources: what is left tells nothing


def read_pairs(
    names: Sequence[str],
    config: PairsConfig,
    *,
    target_names: Sequence[str] = (),
    val_names: Sequence[str] = (),
    known: PairVocabs | None = None,
    cache: Path,
    reporter: Reporter,
) -> PairCorpus:
    """Read and encode pairs, and after them those that they are validated on, if there are any.

    With `target_names`, files are parallel: those of `names` hold sources, and `val_names` are
    files of sources and of targets in turn. `known` are the vocabularies of a model to start from:
    their symbols keep their ids. What is changed, skipped or left out is told to `reporter`.

    Takes the same memory for any number of pairs. Raises `CorpusError` for what cannot be read,
    for bad lines (unless they are skipped) and where no pair is left; `UsageError` for a column or
    an encoding that is not there; `StorageError` where the cache cannot be written.
    """
    _require_same_symbols(known, config)
    files = PairFiles(tuple(names), tuple(target_names), tuple(val_names))
    with read_files(files, config, cache=cache, progress=reporter.show_reading) as read:
        reporter.end_progress()
        read.reader.report(reporter)
        if read.twice and not target_names:
            reporter.warn(f"named twice, and so counted twice: {some(read.twice)}")
        spool = read.spool
        sides = {"source": spool.sources, "target": spool.targets}
        vocabs = {
            side: texts.counts.vocab(known[side] if known else None, max_size=config.max_vocab)
            for side, texts in sides.items()
        }
        for side, texts in sides.items():
            if sentence := texts.counts.sentence(f"{side}s"):
                reporter.show(sentence)
        _report_unknown_sources(spool, vocabs["source"], reporter)
        pairs = encode(spool, vocabs, cache=cache)
        _report_left_out(spool, vocabs["target"], pairs, reporter)
    return PairCorpus(config, vocabs, read.facts, pairs, cache)


class PairFiles(NamedTuple):
    """The files of pairs, as a person names them."""

    names: tuple[str, ...]
    target_names: tuple[str, ...]
    val_names: tuple[str, ...]


class ReadPairs(NamedTuple):
    """Pairs that were read, but are not yet ids."""

    facts: PairFacts
    spool: PairSpool
    reader: TableReader
    twice: list[str]  # files that were named twice


@contextmanager
def read_files(
    files: PairFiles,
    config: PairsConfig,
    *,
    cache: Path,
    folder: Path = Path(),
    progress: ProgressCallback,
) -> Iterator[ReadPairs]:
    """Read pairs, and keep them on the disk, in the cache's folder, until the end of the context.

    Relative names are looked for in `folder`. Raises the errors of `read_pairs`.
    """
    names, are_parallel = files.names, bool(files.target_names)
    if are_parallel:
        names = tuple(in_turn(names, files.target_names))
        if len(files.val_names) % 2:
            raise UsageError(
                f"beside parallel files there are {number_of(len(files.val_names), 'file')} to"
                " validate on, not an even number",
                "name a file of sources, then its file of targets",
            )
    with cache_files.writable(cache), closing(PairSpool(config, cache)) as spool:
        with paths.opened(names, files.val_names, spool_folder=cache, folder=folder) as sources:
            if are_parallel:
                require_files([*names, *files.val_names], sources.files)
            sized = with_sizes(sources.files)
            count_bytes = count_for(progress, sized, num_passes_done=0, num_passes=1)
            reader = TableReader(config, count_bytes)
            for split, of_split in groupby(
                zip(sources.files, sources.for_validation, strict=True), itemgetter(1)
            ):
                rows = reader.rows([file for file, _ in of_split], are_parallel=are_parallel)
                spool.add(rows, reader.bad_lines, for_validation=split)
        reader.bad_lines.require_none()
        _require_pairs(spool, reader, files)
        facts = PairFacts(
            files.names,
            spool.sha256,
            spool.num_pairs,
            num_val=spool.num_val,
            num_skipped=reader.bad_lines.num,
            longest_source=spool.sources.longest,
            longest_target=spool.targets.longest,
            target_names=files.target_names,
            val_names=files.val_names,
        )
        yield ReadPairs(facts, spool, reader, repeated(sources)[0])


def _require_pairs(spool: PairSpool, reader: TableReader, files: PairFiles) -> None:
    """Raise `CorpusError` where there is nothing to learn from, or to validate on."""
    first_bad = reader.bad_lines.first_problem()
    hint = f"the first bad line is {first_bad}" if first_bad else "name a file with pairs"
    if files.val_names and not spool.num_val:
        raise CorpusError(f"{' '.join(files.val_names)}: there are no pairs to validate on", hint)
    if spool.num_pairs == spool.num_val:
        raise CorpusError(f"there are no pairs in {' '.join(files.names)}", hint)


def _require_same_symbols(known: PairVocabs | None, config: PairsConfig) -> None:
    """Raise `SettingError` where a model to start from has symbols of another kind."""
    kinds = kinds_of(config)
    for side, vocab in (known or {}).items():
        if kind_of(vocab) != kinds[side]:
            raise SettingError(
                f"init_from names a model with {side}s of {_IN_WORDS[kind_of(vocab)]}, not of"
                f" {_IN_WORDS[kinds[side]]}",
                f"give it the {side}_symbols and is_bytes of that model",
                "init_from",
                f"{side}_symbols",
                "is_bytes",
            )


def _report_unknown_sources(spool: PairSpool, vocab: AnyVocab, reporter: Reporter) -> None:
    """Tell how much of the sources became unknown. Raises `CorpusError` if it is most of them."""
    num_unknown, share = spool.sources.counts.unknown(vocab)
    if share > _MAX_UNKNOWN:
        raise CorpusError(
            f"{100 * share:.0f} % of the sources would be unknown symbols: the vocabulary has"
            f" {len(vocab):,}, the sources {num_unknown:,} others",
            "raise max_vocab",
            "max_vocab",
        )
    if num_unknown:
        reporter.show(
            f"{number_of(num_unknown, 'rare symbol')} of the sources ({100 * share:.2g} % of"
            f" their text) became one unknown symbol: the vocabulary is limited to {len(vocab):,}"
        )


def _report_left_out(
    spool: PairSpool, vocab: AnyVocab, pairs: EncodedPairs, reporter: Reporter
) -> None:
    """Tell which pairs are left out because their target cannot be written."""
    if num := len(pairs.left_out):
        num_unknown, _ = spool.targets.counts.unknown(vocab)
        reporter.warn(
            f"left out {number_of(num, 'pair')} of {spool.num_pairs:,}: their targets have rare"
            f" symbols ({num_unknown:,} in all), and the vocabulary is limited to {len(vocab):,}"
        )
