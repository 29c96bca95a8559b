"""The pairs of a run, read again: to learn on from them, or to measure a model on them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from charrnn._text import Reporter
from charrnn.config import PairsConfig
from charrnn.data.corpus import folders_of, require_told
from charrnn.data.pairs import encoded
from charrnn.data.pairs.encoded import EncodedPairs, PairVocabs
from charrnn.data.pairs.pair_corpus import PairCorpus
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.pair_files import PairFiles, PairScan
from charrnn.data.pairs.reading.bad_lines import NotPairsError
from charrnn.data.reload import unchanged_or_copy
from charrnn.sources.decoding import NotTextError


@dataclass(frozen=True)
class PairReference:
    """Pairs that a run has read: how to read, encode and split them again."""

    facts: PairFacts
    vocabs: PairVocabs
    config: PairsConfig
    seed: int  # decides the splits
    path: Path | None = None  # of the run's checkpoint; None: a run in ./checkpoints


def reload_pairs(reference: PairReference, *, keep_corpus: bool, reporter: Reporter) -> PairDataset:
    """Read again the pairs that a run learns from, encoded and split as before.

    Where the files are gone, or changed and `keep_corpus` is given, the encoded copy in the cache
    serves. Raises `CorpusError` otherwise.
    """
    facts, vocabs = reference.facts, reference.vocabs
    require_told(facts)
    files = PairFiles(facts.names, facts.target_names, facts.val_names)
    with folders_of(reference.path) as folders:
        stem = encoded.stem_of(facts.sha256, vocabs, folders.cache)
        pairs = unchanged_or_copy(
            files.all_names,
            encoded.load(stem, vocabs, facts.num_pairs, picture_side=reference.config.picture_side),
            partial(_read_in, reference, files, cache=folders.cache, reporter=reporter),
            search=folders.search,
            keep_corpus=keep_corpus,
            reporter=reporter,
        )
        corpus = PairCorpus(reference.config, vocabs, facts, pairs, folders.cache)
        return corpus.split(reference.config, seed=reference.seed)


def _read_in(
    reference: PairReference, files: PairFiles, folder: Path, *, cache: Path, reporter: Reporter
) -> EncodedPairs | None:
    """Return the pairs in a folder; None if they differ from what the run learned from."""

    def vocabs_for(scan: PairScan) -> PairVocabs | None:
        return reference.vocabs if scan.sha256 == reference.facts.sha256 else None

    try:
        encoding = files.encode(
            reference.config, vocabs_for,
            cache=cache, folder=folder, progress=reporter.show_reading,
        )  # fmt: skip
    except (NotPairsError, NotTextError):  # the file is there: it has changed
        return None
    finally:
        reporter.end_progress()
    return None if encoding is None else encoding.pairs
