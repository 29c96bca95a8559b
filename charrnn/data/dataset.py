"""From files to a dataset: read a corpus, encode it, put it in its order of learning, split it.

`Dataset.from_files` does all of it. `read_corpus` stops before the order, for callers that split
one corpus in several ways.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from charrnn._text import Reporter, some
from charrnn.config import DataConfig, TrainConfig
from charrnn.data.arrange import EncodedCorpus, arrange, nothing_to_validate_on
from charrnn.data.batches import Text
from charrnn.data.corpus import CACHE, CorpusFacts
from charrnn.data.encoding import cache_files
from charrnn.data.encoding.claims import Claim
from charrnn.data.encoding.encode import encode_files
from charrnn.data.encoding.scan import Scan, scan_files
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError
from charrnn.sources import paths
from charrnn.sources.columns import is_table
from charrnn.sources.paths import Sources

Name = str | os.PathLike[str]

DEFAULT_CACHE = Path("checkpoints", CACHE)
_SILENT = Reporter()
_MAX_UNKNOWN = 0.75  # of a text: what is left tells nothing


class Folded(NamedTuple):
    """The characters of a corpus that are too rare for the vocabulary."""

    num_characters: int  # distinct ones
    share: float  # of the text


@dataclass(frozen=True)
class Corpus:
    """A corpus that was read and encoded."""

    facts: CorpusFacts
    config: DataConfig
    scan: Scan
    encoded: EncodedCorpus
    cache: Path  # for the text in its order of learning
    claim: Claim  # on its files there

    @property
    def vocab(self) -> Vocab:
        """The vocabulary of its ids."""
        return self.encoded.vocab

    @cached_property
    def folded(self) -> Folded:
        """What became the unknown symbol."""
        return _folded(self.vocab, self.scan)

    def split(self, config: DataConfig, *, seed: int) -> "Dataset":
        """Put it in its order of learning and split it, as `config` says; the seed decides the
        order of records.

        Raises `CorpusError` for a corpus of records that holds fewer than two.
        """
        text = arrange(self.encoded, config, seed=seed, cache=self.cache)
        return Dataset(**vars(text), corpus=self)


@dataclass(frozen=True, eq=False)
class Dataset(Text):
    """A text to learn from, encoded and split into "train", "val" and "test"."""

    corpus: Corpus = field(kw_only=True)

    @property
    def vocab(self) -> Vocab:
        """The vocabulary of its ids."""
        return self.corpus.vocab

    @classmethod
    def from_files(
        cls,
        names: Name | Sequence[Name],
        config: DataConfig | None = None,
        *,
        val_names: Name | Sequence[Name] = (),
        seed: int = TrainConfig.seed,
        cache: Path = DEFAULT_CACHE,
        reporter: Reporter = _SILENT,
    ) -> "Dataset":
        """Read files, encode them, put them in their order of learning, and split them.

        Takes the same memory for a corpus of any size: the ids stay on disk.

        **Arguments:**

        - `names`: files or folders; "-" is standard input, "shakespeare" the complete plays.
          Relative paths are looked for in the working folder, then in `data/` there.
        - `config`: how to read and split them; None takes the defaults.
        - `val_names`: a text to validate on, in place of a fraction of the others.
        - `seed`: decides the order of records.
        - `cache`: the folder for ids, so that the same files are encoded once.
        - `reporter`: told what was skipped or changed, and the progress; silent by default.

        Raises `CorpusError` for what cannot be read or is too short, `UsageError` for a column or
        an encoding that is not there, `StorageError` where the cache cannot be written.
        """
        config = DataConfig() if config is None else config
        if val_names:
            config = replace(config, val_fraction=0.0)
        corpus = read_corpus(
            _texts(names), config, val_names=_texts(val_names), cache=cache, reporter=reporter
        )
        return corpus.split(config, seed=seed)


def _texts(names: Name | Sequence[Name]) -> tuple[str, ...]:
    if isinstance(names, str | os.PathLike):
        names = [names]
    return tuple(os.fspath(name) for name in names)


def read_corpus(
    names: Sequence[str],
    config: DataConfig,
    *,
    val_names: Sequence[str] = (),
    base_vocab: Vocab | None = None,
    cache: Path,
    reporter: Reporter,
) -> Corpus:
    """Read and encode a corpus, and after it the text that it is validated on, if there is one.

    `base_vocab` is the vocabulary of a model to start from: its characters keep their ids. Raises
    the errors of `Dataset.from_files`.
    """
    with paths.opened(names, val_names, spool_folder=cache) as sources:
        progress = reporter.show_reading
        scan = scan_files(sources.files, config, cache=cache, progress=progress)
        vocab = _vocab(scan, config, base_vocab)
        files = scan.file_starts(sources)
        stem = cache_files.stem(scan.sha256, vocab.to_json(), cache)
        claim = Claim(stem, scan.sha256, files.sha256)  # from here on none of it is removed
        ids = encode_files(sources.files, config, scan, vocab, cache=cache, progress=progress)
        if val_names and not files.num_val:
            raise nothing_to_validate_on()
        if files.val_start(scan.num_chars) == 0:
            raise CorpusError(
                "the corpus holds no text besides the validation text", "name one to learn from"
            )
        cache_files.save_file_starts(files, cache=cache)
    reporter.end_progress()
    _report(sources, config, scan, reporter=reporter)
    facts = CorpusFacts(
        tuple(names),
        scan.sha256,
        scan.num_chars,
        val_names=tuple(val_names),
        files_sha256=files.sha256,
    )
    encoded = EncodedCorpus(ids, vocab, scan.sha256, files)
    return Corpus(facts, config, scan, encoded, cache, claim)


def _vocab(scan: Scan, config: DataConfig, base: Vocab | None) -> Vocab:
    """The characters of a corpus, after those of the vocabulary to start from."""
    counts, max_size = scan.counts_array(), config.max_vocab
    if base is not None:
        vocab = base.extended(counts, max_size=max_size)
    else:
        vocab = Vocab.from_counts(counts, is_bytes=config.is_bytes, max_size=max_size)
    share = _folded(vocab, scan).share
    if share > _MAX_UNKNOWN:
        raise CorpusError(
            f"{100 * share:.0f} % of the text would become one unknown symbol: the vocabulary has"
            f" {len(vocab):,} characters, the text {len(scan.counts):,}",
            "raise max_vocab, or use is_bytes",
            "max_vocab",
            "is_bytes",
        )
    return vocab


def _folded(vocab: Vocab, scan: Scan) -> Folded:
    codes = set(scan.counts) - set(vocab.code_points)
    return Folded(len(codes), sum(scan.counts[code] for code in codes) / scan.num_chars)


def _report(sources: Sources, config: DataConfig, scan: Scan, *, reporter: Reporter) -> None:
    """Tell what was changed or skipped, and what may not be meant."""
    for note in scan.notes:
        reporter.show(note)
    tables = [source.label for source in sources.files if is_table(source.label)]
    if tables and config.column is None and not config.is_bytes:
        reporter.show(
            f"learning every column, commas and all: {some(tables)}; --column NAME learns the"
            " cells of one"
        )
    twice, both = repeated(sources)
    if twice:
        reporter.warn(f"named twice, and so counted twice: {some(twice)}")
    if both:
        reporter.warn(
            f"used for both training and validation: {some(both)}; the validation loss will be that"
            " of a text that the model knows"
        )


def repeated(sources: Sources) -> tuple[list[str], list[str]]:
    """Labels of the files that are read twice: for one purpose; for learning and validation."""
    first_is_val: dict[str, bool] = {}
    seen, twice, both = set[str](), list[str](), list[str]()
    for source, is_val in zip(sources.files, sources.for_validation, strict=True):
        path = os.path.realpath(source.path)
        if first_is_val.setdefault(path, is_val) != is_val:
            both.append(source.label)
        elif path in seen:
            twice.append(source.label)
        seen.add(path)
    return twice, both
