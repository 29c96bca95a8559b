"""The files of pairs, read once: what they hold is kept in the cache, for a second start.

A second start reads nothing: a scan is kept under what the file system says of the files (path,
size, times), and the pairs as ids under their digest (encoded.py). Of pairs whose sources are
pictures it reads the tables, to look whether a picture has changed, and no picture.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from charrnn._atomic import write_atomically
from charrnn._text import CountBytes, ProgressCallback, ignore_bytes, number_of, some
from charrnn.config import CaptionsConfig, PairsConfig
from charrnn.data.dataset import repeated
from charrnn.data.encoding import cache_files
from charrnn.data.encoding.scan import count_for, stat_key, with_sizes
from charrnn.data.encoding.shards import corpus_changed
from charrnn.data.pairs.encoded import EncodedPairs, PairVocabs, encode, load, stem_of
from charrnn.data.pairs.pictures.caption_spool import CaptionSpool, PictureStats, stats_of
from charrnn.data.pairs.reading.bad_lines import NotPairsError
from charrnn.data.pairs.reading.spool import PairSpool
from charrnn.data.pairs.reading.symbol_counts import SymbolCounts
from charrnn.data.pairs.reading.table import TableReader, in_turn, require_files
from charrnn.errors import UsageError
from charrnn.sources import paths
from charrnn.sources.paths import Sources
from charrnn.sources.pictures import PictureFolder, require_pillow

_CACHE_FORMAT = 1  # part of every file's name: raise it when what it means changes
_NOT_OF_READING = {"max_vocab", "val_fraction", "test_fraction", "max_val_pairs"}  # settings


@dataclass(frozen=True)
class PairScan:
    """What one reading of files of pairs finds."""

    sha256: str  # of the pairs: normalised, without bad lines
    num_pairs: int
    num_val: int
    num_skipped: int
    longest_source: int
    longest_target: int
    sources: SymbolCounts
    targets: SymbolCounts
    notes: tuple[str, ...]  # what was changed
    warnings: tuple[str, ...]  # what was skipped

    def to_json(self) -> str:
        """Return one line of JSON."""
        sides = {"sources": self.sources.to_json(), "targets": self.targets.to_json()}
        return json.dumps(vars(self) | sides)

    @classmethod
    def load(cls, path: Path) -> "PairScan | None":
        """Return what was kept in a file; None where it is missing or damaged."""
        try:
            values = json.loads(path.read_text())
            for side in ("sources", "targets"):
                values[side] = SymbolCounts.from_json(values[side])
            for texts in ("notes", "warnings"):
                values[texts] = tuple(values[texts])
            return cls(**values)
        except (OSError, ValueError, TypeError, LookupError):
            return None


class Encoding(NamedTuple):
    """Files of pairs, read and encoded."""

    scan: PairScan
    vocabs: PairVocabs
    pairs: EncodedPairs


@dataclass(frozen=True)
class PairFiles:
    """The files of pairs, as a person names them; those for validation come last.

    With `target_names` files are parallel: `names` are of sources, and `val_names` of sources and
    of targets in turn.
    """

    names: tuple[str, ...]
    target_names: tuple[str, ...] = ()
    val_names: tuple[str, ...] = ()

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name."""
        return self.names + self.target_names + self.val_names

    def encode(
        self,
        config: PairsConfig,
        vocabs_for: Callable[[PairScan], PairVocabs | None],
        *,
        cache: Path,
        folder: Path = Path(),
        progress: ProgressCallback,
    ) -> Encoding | None:
        """Read the files and encode them in vocabularies that are chosen when all symbols are
        known; None where these are None.

        Relative names are looked for in `folder`. Raises `NotPairsError` for bad lines, unless they
        are skipped, and where there are no pairs; the errors of `TableReader.rows`; `StorageError`
        where the cache cannot be written.
        """
        with cache_files.writable(cache), self._opened(cache, folder) as sources:
            stats = self._picture_stats(sources, config, folder)
            path = self._scan_path(sources, config, cache, stats)
            scan = PairScan.load(path)
            if scan is not None:
                vocabs = vocabs_for(scan)
                if vocabs is None:
                    return None
                stem, side = stem_of(scan.sha256, vocabs, cache), config.picture_side
                pairs = load(stem, vocabs, scan.num_pairs, picture_side=side)
                if pairs is not None:
                    return Encoding(scan, vocabs, pairs)
            with closing(_spool(config, cache, folder, progress, stats.num_bytes)) as spool:
                scan = self._read(sources, config, spool, progress)
                stats = self._picture_stats(sources, config, folder)
                if self._scan_path(sources, config, cache, stats) != path:
                    raise corpus_changed()
                write_atomically(path, [scan.to_json().encode()])
                vocabs = vocabs_for(scan)
                if vocabs is None:
                    return None
                return Encoding(scan, vocabs, encode(spool, vocabs, cache=cache))

    @contextmanager
    def _opened(self, cache: Path, folder: Path) -> Iterator[Sources]:
        names = self.names
        if self.target_names:
            names = tuple(in_turn(names, self.target_names))
            if len(self.val_names) % 2:
                raise UsageError(
                    f"beside parallel files, {number_of(len(self.val_names), 'file')} to validate"
                    " on is not an even number",
                    "name a file of sources, then its file of targets",
                )
        with paths.opened(names, self.val_names, spool_folder=cache, folder=folder) as sources:
            if self.target_names:
                require_files([*names, *self.val_names], sources.files)
            yield sources

    def _picture_stats(self, sources: Sources, config: PairsConfig, folder: Path) -> PictureStats:
        """Return what the file system says of the pictures that the files name, if they do."""
        if not isinstance(config, CaptionsConfig):
            return PictureStats("", 0)
        pictures = PictureFolder(folder / config.images)
        pictures.require()
        rows = TableReader(config).rows(sources.files, are_parallel=bool(self.target_names))
        return stats_of(rows, pictures)

    def _scan_path(
        self, sources: Sources, config: PairsConfig, cache: Path, stats: PictureStats
    ) -> Path:
        settings = {
            name: value for name, value in config.to_json().items() if name not in _NOT_OF_READING
        }
        what = ["pairs", _CACHE_FORMAT, settings, bool(self.target_names), sources.num_val]
        what += ["in step"] * config.are_in_step  # some pairs are bad lines then
        what += [stats.digest] * bool(stats.digest)
        return cache / f"{stat_key(sources.files, what)}.json"

    def _read(
        self,
        sources: Sources,
        config: PairsConfig,
        spool: PairSpool,
        progress: ProgressCallback,
    ) -> PairScan:
        count_bytes: CountBytes = ignore_bytes  # pictures are counted instead
        if not config.picture_side:
            sized = with_sizes(sources.files)
            count_bytes = count_for(progress, sized, num_passes_done=0, num_passes=1)
        reader = TableReader(config, count_bytes)
        files = zip(sources.files, sources.for_validation, strict=True)
        for for_validation, of_split in groupby(files, itemgetter(1)):
            split = [file for file, _ in of_split]
            rows = reader.rows(split, are_parallel=bool(self.target_names))
            spool.add(rows, reader.bad_lines, for_validation=for_validation)
        reader.bad_lines.require_none()
        self._require_pairs(spool, reader)
        return self._scan(sources, spool, reader)

    def _require_pairs(self, spool: PairSpool, reader: TableReader) -> None:
        """Raise `NotPairsError` where there is nothing to learn from, or to validate on."""
        first_bad = reader.bad_lines.first_problem()
        hint = reader.skipped_files() or "name a file with pairs"
        if first_bad:
            hint = f"the first bad line is {first_bad}"
        if self.val_names and not spool.num_val:
            raise NotPairsError(
                f"{' '.join(self.val_names)}: there are no pairs to validate on", hint
            )
        if spool.num_pairs == spool.num_val:
            raise NotPairsError(f"there are no pairs in {' '.join(self.names)}", hint)

    def _scan(self, sources: Sources, spool: PairSpool, reader: TableReader) -> PairScan:
        twice = [] if self.target_names else repeated(sources)[0]
        named_twice = [f"named twice, and so counted twice: {some(twice)}"] if twice else []
        return PairScan(
            sha256=spool.sha256,
            num_pairs=spool.num_pairs,
            num_val=spool.num_val,
            num_skipped=reader.bad_lines.num,
            longest_source=spool.sources.longest,
            longest_target=spool.targets.longest,
            sources=spool.sources.symbols.counts,
            targets=spool.targets.symbols.counts,
            notes=(*reader.notes(), *spool.notes()),
            warnings=(*reader.bad_lines.sentences(), *named_twice),
        )


def _spool(
    config: PairsConfig, cache: Path, folder: Path, progress: ProgressCallback, num_bytes: int
) -> PairSpool:
    """Return an empty spool, which shows the progress of reading pictures of so many bytes."""
    if not isinstance(config, CaptionsConfig):
        return PairSpool(config, cache)
    require_pillow()
    done = 0

    def count_bytes(num_read: int) -> None:
        nonlocal done
        done += num_read
        progress(min(done, num_bytes), num_bytes)

    return CaptionSpool(config, cache, PictureFolder(folder / config.images), count_bytes)
