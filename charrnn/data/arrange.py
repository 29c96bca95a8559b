"""A corpus as ids → the text that is learned from: in its order of learning, and split.

A corpus of one file has that order already. Of several files the ends are put last, for validation
and test. Records come in a random order that the seed decides. A text that is not in the order of
its corpus is kept in the cache.

Shapes: F files, V vocabulary.
"""

from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from charrnn.config import DataConfig
from charrnn.data.batches import Text, num_records
from charrnn.data.encoding import cache_files
from charrnn.data.records import Records
from charrnn.data.splits import FileStarts, Splits
from charrnn.data.vocab import IntArray, Vocab
from charrnn.errors import CorpusError

_CHUNK_CHARS = 1 << 24


class EncodedCorpus(NamedTuple):
    """A corpus as ids, in the order of its files."""

    ids: IntArray
    vocab: Vocab
    sha256: str  # of the text
    files: FileStarts | None  # None in runs of formats 1 to 5, which ignore where files begin

    def records(self, kind: str) -> Records:
        """The records of a kind, in the order of the corpus."""
        newline = self.vocab.newline
        if self.files is None:  # then only an empty line was blank
            return Records.find(self.ids, kind, newline)
        file_starts_F = self.files.starts_F
        return Records.find(
            self.ids, kind, newline, white_V=self.vocab.white_V, file_starts_F=file_starts_F
        )

    @property
    def val_start(self) -> int:
        """Where the files for validation begin; the end of the corpus where there are none."""
        return len(self.ids) if self.files is None else self.files.val_start(len(self.ids))


def arrange(corpus: EncodedCorpus, config: DataConfig, *, seed: int, cache: Path) -> Text:
    """Put a corpus in its order of learning, and split it.

    Raises `CorpusError` for a corpus of records that holds fewer than two.
    """
    if config.records != "none":
        return _arrange_records(corpus, config, seed=seed, cache=cache)
    if corpus.files is None or corpus.files == FileStarts():
        return Text.of(corpus.ids, config)
    return _arrange_files(corpus, corpus.files, config, cache=cache)


def _arrange_records(corpus: EncodedCorpus, config: DataConfig, *, seed: int, cache: Path) -> Text:
    records, num_train, num_before_test = _shuffled(corpus, config, seed=seed)
    starts = records.arranged_starts
    what = f"{config.records}-{seed}-{records.sha256[:16]}"
    chunks = records.arrange(corpus.ids)
    ids = _kept(corpus, what, chunks, num_chars=int(starts[-1]), cache=cache)
    return Text(ids, int(starts[num_train]), int(starts[num_before_test]), starts)


def _arrange_files(
    corpus: EncodedCorpus, files: FileStarts, config: DataConfig, *, cache: Path
) -> Text:
    splits = Splits.of(files, config, corpus.ids, corpus.vocab.newline)
    stretches = (*splits.train, *splits.val, *splits.test)
    ends = [0, *accumulate(end - begin for begin, end in stretches)]
    chunks = (
        corpus.ids[t : min(t + _CHUNK_CHARS, end)]
        for begin, end in stretches
        for t in range(begin, end, _CHUNK_CHARS)
    )
    ids = _kept(corpus, splits.sha256[:16], chunks, num_chars=ends[-1], cache=cache)
    num_train = len(splits.train)
    return Text(ids, ends[num_train], ends[num_train + len(splits.val)])


def _kept(
    corpus: EncodedCorpus, what: str, chunks: Iterable[IntArray], *, num_chars: int, cache: Path
) -> IntArray:
    """The ids in another order: those in the cache, or else the chunks, which are then kept."""
    whole = cache_files.ids_path(corpus.sha256, corpus.vocab, cache)
    path, dtype = whole.with_name(f"{whole.stem}-{what}.npy"), corpus.ids.dtype
    ids = cache_files.load_array(path, length=num_chars, dtype=dtype)
    if ids is None:
        data = (chunk.astype(dtype).tobytes() for chunk in chunks)
        ids = cache_files.save_array(path, data, length=num_chars, dtype=dtype)
    return ids


def _shuffled(corpus: EncodedCorpus, config: DataConfig, *, seed: int) -> tuple[Records, int, int]:
    """The records in their order of learning; how many come before the validation split, and how
    many before the test split.
    """
    records, end = corpus.records(config.records), corpus.val_start
    is_learned = records.starts_R < end
    learned, val = records[is_learned], records[~is_learned]
    _require_two(learned, config.records, corpus.vocab)
    learned = learned.shuffled(seed)
    num_train, num_before_test = num_records(config, learned.arranged_starts).tolist()
    if end == len(corpus.ids):
        return learned, num_train, num_before_test
    if not len(val):
        raise nothing_to_validate_on()
    val = val.shuffled(seed)
    if config.max_val_chars:
        val = val[
            : max(1, int(np.searchsorted(val.arranged_starts, config.max_val_chars, "right")) - 1)
        ]
    ordered = learned[:num_before_test] + val + learned[num_before_test:]
    return ordered, num_before_test, num_before_test + len(val)


def _require_two(records: Records, kind: str, vocab: Vocab) -> None:
    if len(records) < 2 or vocab.newline in (-1, vocab.unknown_id):
        where = "one in each line" if kind == "lines" else "between blank lines"
        raise CorpusError(
            f"the corpus holds fewer than two records, {where}",
            "records none learns it as one text",
            "records",
        )


def nothing_to_validate_on() -> CorpusError:
    """The error for a validation text without characters or records."""
    return CorpusError("the validation text holds nothing", "name a file with text")
