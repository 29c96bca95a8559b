"""The pairs of a run, read again: to learn on from them, or to measure a model on them."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from charrnn._text import Reporter
from charrnn.config import PairsConfig
from charrnn.data.corpus import Folders, folders_of
from charrnn.data.pairs import encoded
from charrnn.data.pairs.encoded import EncodedPairs, PairVocabs
from charrnn.data.pairs.pair_corpus import PairCorpus
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.read_pairs import PairFiles, read_files
from charrnn.data.reload import unchanged_or_copy


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
    with folders_of(reference.path) as folders:
        stem = encoded.stem_of(facts.sha256, vocabs, folders.cache)
        pairs = unchanged_or_copy(
            (*facts.names, *facts.target_names, *facts.val_names),
            encoded.load(stem, vocabs, facts.num_pairs),
            partial(_read_in, reference, folders, reporter),
            search=folders.search,
            keep_corpus=keep_corpus,
            reporter=reporter,
        )
        corpus = PairCorpus(reference.config, vocabs, facts, pairs, folders.cache)
        return corpus.split(reference.config, seed=reference.seed)


def _read_in(
    reference: PairReference, folders: Folders, reporter: Reporter, folder: Path
) -> EncodedPairs | None:
    """Return the pairs in a folder; None if they differ from what the run learned from."""
    facts, config = reference.facts, reference.config
    files = PairFiles(facts.names, facts.target_names, facts.val_names)
    skipping = config
    if config.errors == "strict":  # a bad line is a change, and no reason to stop here
        skipping = replace(config, errors="skip")
    read_again = partial(read_files, files, skipping, cache=folders.cache, folder=folder)
    with read_again(progress=reporter.show_reading) as read:
        reporter.end_progress()
        is_bad = config.errors == "strict" and read.facts.num_skipped > 0
        if is_bad or read.facts.sha256 != facts.sha256:
            return None
        return encoded.encode(read.spool, reference.vocabs, cache=folders.cache)
