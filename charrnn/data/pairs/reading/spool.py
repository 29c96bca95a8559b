"""The first pass over pairs: check them, count their symbols, and put them aside on the disk.

Pairs are read once. What is put aside are the numbers of their symbols (symbol_counts.py); these
become ids when all symbols are known (encoded.py).
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config import PairsConfig
from charrnn.data.pairs.reading.bad_lines import BadLines, Problem
from charrnn.data.pairs.reading.symbol_counts import SymbolNumbers
from charrnn.data.pairs.reading.table import PairRow
from charrnn.data.pairs.symbols import kinds_of
from charrnn.data.vocab import IntArray
from charrnn.sources.decoding import half_a_pair

CHUNK_PAIRS, CHUNK_CHARS = 1 << 14, 1 << 20


class ArrayFile:
    """Arrays in a file without a name, which is gone when it is closed or the process ends."""

    def __init__(self, folder: Path) -> None:
        """Make the file in a folder."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._num_arrays = 0
        self.size = 0  # numbers in all arrays

    def append(self, array: npt.NDArray[Any]) -> None:
        """Write an array of one axis."""
        np.save(self._file, array, allow_pickle=False)
        self._num_arrays += 1
        self.size += len(array)

    def __iter__(self) -> Iterator[IntArray]:
        """Yield the arrays in their order."""
        self._file.seek(0)
        for _ in range(self._num_arrays):
            yield np.load(self._file, allow_pickle=False)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class SideSpool:
    """The symbols of one side: their counts, and on the disk their numbers, text after text."""

    def __init__(self, kind: str, normalisation: str, folder: Path) -> None:
        """The symbols are of a kind as `SymbolNumbers` has it; files are made in a folder."""
        self.symbols = SymbolNumbers(kind, normalisation)
        self.numbers, self.lengths = ArrayFile(folder), ArrayFile(folder)
        self.longest = 0  # symbols of the longest text

    def add(self, tidied: list[str], lengths: list[int]) -> None:
        """Add texts with their lengths."""
        self.numbers.append(self.symbols.numbers(tidied))
        self.lengths.append(np.array(lengths))
        self.longest = max(self.longest, *lengths)

    def close(self) -> None:
        """Remove the files."""
        self.numbers.close()
        self.lengths.close()


class PairSpool:
    """Pairs that were read, on the disk."""

    def __init__(self, config: PairsConfig, folder: Path) -> None:
        """Begin without pairs; `folder` is where files without names are made."""
        kinds = kinds_of(config)
        self.sources = SideSpool(kinds["source"], config.source_normalise, folder)
        self.targets = SideSpool(kinds["target"], config.target_normalise, folder)
        self.hashes = ArrayFile(folder)  # of what decides the split of a pair
        self.num_pairs = self.num_val = 0
        self._digest = hashlib.sha256()
        self.picture_side = config.picture_side
        self._max_length = config.max_length
        where = "a caption" if config.picture_side else "a source or target"
        self.too_long = Problem(
            f"more than {config.max_length:,} symbols in {where}",
            "raise max_length",
            ("max_length",),
        )

    @property
    def sha256(self) -> str:
        """Digest of all pairs, and of which are for validation."""
        return self._digest.hexdigest()

    def add(self, rows: Iterable[PairRow], bad_lines: BadLines, *, for_validation: bool) -> None:
        """Add pairs; the last to be added may be for validation alone.

        Raises `CorpusError` for text that is none.
        """
        if for_validation:
            self._digest.update(b"\n")
        num_before = self.num_pairs
        for chunk in _chunks(rows):
            try:
                self._add(chunk, bad_lines)
            except UnicodeEncodeError as error:  # utf-7 and unicode-escape can make such text
                raise half_a_pair() from error
        if for_validation:
            self.num_val = self.num_pairs - num_before

    def _add(self, rows: list[PairRow], bad_lines: BadLines) -> None:
        sources = self.sources.symbols.tidied([row.source for row in rows])
        targets = self.targets.symbols.tidied([row.target for row in rows])
        lengths = self.sources.symbols.lengths(sources), self.targets.symbols.lengths(targets)
        rows_with_lengths = zip(rows, zip(*lengths, strict=True), strict=True)
        fits = [self.accepts(row, both, bad_lines) for row, both in rows_with_lengths]
        if any(fits):
            sources, targets = [*compress(sources, fits)], [*compress(targets, fits)]
            self.sources.add(sources, [*compress(lengths[0], fits)])
            self.targets.add(targets, [*compress(lengths[1], fits)])
            self.identify(sources, targets)
            self.num_pairs += len(sources)

    def accepts(self, row: PairRow, lengths: tuple[int, int], bad_lines: BadLines) -> bool:
        """Whether a pair can be learned; otherwise it is noted as a bad line."""
        if max(lengths) <= self._max_length:
            return True
        bad_lines.add(row.label, row.line, self.too_long)
        return False

    def identify(self, sources: list[str], targets: list[str]) -> None:
        """Take pairs into the digest, and note the hashes of their sources; of their targets, where
        a source is a label.
        """
        is_label = self.sources.symbols.kind == "whole"
        self.take_in(sources, targets, decisive=targets if is_label else sources)

    def take_in(
        self, sources: Sequence[str], targets: Sequence[str], *, decisive: Sequence[str]
    ) -> None:
        """Take pairs into the digest, and note the hashes of what decides their split."""
        pairs = zip(sources, targets, strict=True)
        self._digest.update("".join(f"{source}\n{target}\n" for source, target in pairs).encode())
        hashed = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in decisive]
        self.hashes.append(np.frombuffer(b"".join(hashed), "<u8"))

    def notes(self) -> list[str]:
        """Return a sentence for each side that normalisation has changed."""
        sides = {"sources": self.sources, "targets": self.targets}
        return [note for side, texts in sides.items() if (note := texts.symbols.sentence(side))]

    def close(self) -> None:
        """Remove the files."""
        self.sources.close()
        self.targets.close()
        self.hashes.close()


def _chunks(rows: Iterable[PairRow]) -> Iterator[list[PairRow]]:
    held, num_chars = list[PairRow](), 0
    for row in rows:
        held.append(row)
        num_chars += len(row.source) + len(row.target)
        if len(held) == CHUNK_PAIRS or num_chars >= CHUNK_CHARS:
            yield held
            held, num_chars = [], 0
    if held:
        yield held
