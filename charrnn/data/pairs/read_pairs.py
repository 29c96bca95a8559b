"""Read and encode the pairs that a new run learns from."""

from collections.abc import Sequence
from pathlib import Path

from charrnn._text import Reporter, number_of
from charrnn.config import PairsConfig
from charrnn.data.encoding.claims import Claim
from charrnn.data.pairs.encoded import PairVocabs, stem_of
from charrnn.data.pairs.pair_corpus import PairCorpus
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.pair_files import Encoding, PairFiles, PairScan
from charrnn.data.pairs.symbols import IN_WORDS, PATHS, kind_of, kinds_of
from charrnn.errors import CorpusError, SettingError

_MAX_UNKNOWN = 0.75  # of the sources' text, or of the pairs: what is left tells nothing


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
    claim: Claim | None = None

    def vocabs_for(scan: PairScan) -> PairVocabs:
        nonlocal claim
        counts = {"source": scan.sources, "target": scan.targets}
        vocabs = {
            side: of_side.vocab(known[side] if known else None, max_size=config.max_vocab)
            for side, of_side in counts.items()
        }
        vocabs = vocabs | {"source": PATHS} if config.picture_side else vocabs
        # before the encoded pairs are looked for
        claim = Claim(stem_of(scan.sha256, vocabs, cache), scan.sha256)
        return vocabs

    files = PairFiles(tuple(names), tuple(target_names), tuple(val_names))
    encoding = files.encode(config, vocabs_for, cache=cache, progress=reporter.show_reading)
    assert encoding is not None
    reporter.end_progress()
    _require_known_symbols(encoding)
    _report(encoding, reporter)
    facts = _facts(files, encoding.scan)
    return PairCorpus(config, encoding.vocabs, facts, encoding.pairs, cache, claim)


def _facts(files: PairFiles, scan: PairScan) -> PairFacts:
    return PairFacts(
        files.names,
        scan.sha256,
        scan.num_pairs,
        num_val=scan.num_val,
        num_skipped=scan.num_skipped,
        longest_source=scan.longest_source,
        longest_target=scan.longest_target,
        target_names=files.target_names,
        val_names=files.val_names,
    )


def _require_same_symbols(known: PairVocabs | None, config: PairsConfig) -> None:
    """Raise `SettingError` where a model to start from has symbols of another kind."""
    kinds = kinds_of(config)
    for side, vocab in (known or {}).items():
        if kind_of(vocab) != kinds[side]:
            raise SettingError(
                f"init_from names a model with {side}s of {IN_WORDS[kind_of(vocab)]}, not of"
                f" {IN_WORDS[kinds[side]]}",
                f"give it the {side}_symbols and is_bytes of that model",
                "init_from",
                f"{side}_symbols",
                "is_bytes",
            )


def _require_known_symbols(encoding: Encoding) -> None:
    """Raise `CorpusError` if the vocabularies are too small for most of the pairs."""
    scan, vocabs, pairs = encoding
    _, share = scan.sources.unknown(vocabs["source"])
    what = f"{100 * share:.0f} % of the sources would be unknown symbols"
    side, counts = "source", scan.sources
    if share <= _MAX_UNKNOWN:
        share = len(pairs.left_out) / len(pairs)
        what = f"{100 * share:.0f} % of the pairs would be left out for rare symbols of targets"
        side, counts = "target", scan.targets
    if share > _MAX_UNKNOWN:
        raise CorpusError(
            f"{what}: the vocabulary has {len(vocabs[side]):,} symbols, the {side}s"
            f" {len(counts.counts):,}",
            "raise max_vocab",
            "max_vocab",
        )


def _report(encoding: Encoding, reporter: Reporter) -> None:
    """Tell what was changed, skipped, unknown or left out."""
    scan, vocabs, pairs = encoding
    for warning in scan.warnings:
        reporter.warn(warning)
    for note in scan.notes:
        reporter.show(note)
    num_unknown, share = scan.sources.unknown(vocabs["source"])
    if num_unknown:
        reporter.show(
            f"{number_of(num_unknown, 'rare symbol')} of the sources ({100 * share:.2g} % of their"
            " text) became one unknown symbol: the vocabulary is limited to"
            f" {len(vocabs['source']):,}"
        )
    if num := len(pairs.left_out):
        num_unknown, _ = scan.targets.unknown(vocabs["target"])
        reporter.warn(
            f"left out {number_of(num, 'pair')} of {scan.num_pairs:,}: their targets have rare"
            f" symbols ({num_unknown:,} in all), and the vocabulary is limited to"
            f" {len(vocabs['target']):,}"
        )
