"""The first pass over pairs: check them, count their symbols, and put them aside on the disk.

Pairs are read once. What is put aside are the numbers of their symbols (symbol_counts.py); these
become ids when all symbols are known (encoded.py).
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config import PairsConfig
from charrnn.data.pairs.bad_lines import BadLines, Problem
from charrnn.data.pairs.symbol_counts import SymbolCounts
from charrnn.data.pairs.symbols import kinds_of
from charrnn.data.pairs.table import PairRow
from charrnn.data.vocab import IntArray

CHUNK_PAIRS, CHUNK_CHARS = 1 << 14, 1 << 20
_NO_CHARACTER = Problem("half a surrogate pair is not a character")


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
        """The symbols are of a kind as `SymbolCounts` has them; files are made in a folder."""
        self.counts = SymbolCounts(kind, normalisation)
        self.numbers, self.lengths = ArrayFile(folder), ArrayFile(folder)
        self.longest = 0  # symbols of the longest text
        self._held: list[str] = []

    def hold(self, tidied: str) -> None:
        """Take a text, to be written with the next `flush`."""
        self._held.append(tidied)

    def flush(self) -> None:
        """Write the texts that are held."""
        if self._held:
            numbers, lengths = self.counts.count(self._held)
            self.numbers.append(numbers)
            self.lengths.append(lengths)
            self.longest = max(self.longest, int(lengths.max()))
            self._held = []

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
        self.hashes = ArrayFile(folder)  # of the sources
        self.num_pairs = self.num_val = 0
        self._max_length = config.max_length
        self._too_long = Problem(
            f"more than {config.max_length:,} symbols in a source or target",
            "raise max_length",
            ("max_length",),
        )
        self._digest = hashlib.sha256()
        self._held_hashes, self._num_held = list[bytes](), 0

    @property
    def sha256(self) -> str:
        """Digest of all pairs, and of which are for validation."""
        return self._digest.hexdigest()

    def add(self, rows: Iterable[PairRow], bad_lines: BadLines, *, for_validation: bool) -> None:
        """Add pairs; the last to be added may be for validation alone."""
        if for_validation:
            self._digest.update(b"\n")
        num_before = self.num_pairs
        for row in rows:
            problem = self._hold(row.source, row.target)
            if problem is not None:
                bad_lines.add(row.label, row.line, problem)
            elif len(self._held_hashes) == CHUNK_PAIRS or self._num_held >= CHUNK_CHARS:
                self._flush()
        self._flush()
        self.num_val += (self.num_pairs - num_before) * for_validation

    def _hold(self, source: str, target: str) -> Problem | None:
        """Take a pair, or return why not."""
        source, target = self.sources.counts.tidied(source), self.targets.counts.tidied(target)
        lengths = self.sources.counts.length(source), self.targets.counts.length(target)
        if max(lengths) > self._max_length:
            return self._too_long
        try:
            data = source.encode()
            self._digest.update(b"%b\n%b\n" % (data, target.encode()))
        except UnicodeEncodeError:  # utf-7 and unicode-escape can make such text
            return _NO_CHARACTER
        self._held_hashes.append(hashlib.blake2b(data, digest_size=8).digest())
        self._num_held += sum(lengths)
        self.sources.hold(source)
        self.targets.hold(target)
        return None

    def _flush(self) -> None:
        self.sources.flush()
        self.targets.flush()
        if self._held_hashes:
            self.hashes.append(np.frombuffer(b"".join(self._held_hashes), "<u8"))
        self.num_pairs += len(self._held_hashes)
        self._held_hashes, self._num_held = [], 0

    def close(self) -> None:
        """Remove the files."""
        self.sources.close()
        self.targets.close()
        self.hashes.close()
