"""Captions in files that are not learned but compared: read with their pictures, in a temporary
folder instead of the cache.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from charrnn._text import Reporter
from charrnn.config import CaptionsConfig
from charrnn.data.corpus import temporary_folder
from charrnn.data.pairs.pictures import encoded_pictures
from charrnn.data.pairs.pictures.caption_spool import CaptionSpool
from charrnn.data.pairs.pictures.encoded_pictures import EachPicture
from charrnn.data.pairs.reading.bad_lines import BadLines
from charrnn.data.pairs.reading.table import PairRow, TableReader
from charrnn.errors import storage_errors
from charrnn.sources.pictures import PictureFolder, Pixels, require_pillow


@dataclass(frozen=True)
class GivenCaptions:
    """Captions, and the pixels of the picture of each."""

    rows: Sequence[PairRow]
    pictures: Iterable[Pixels]  # as often as one likes


class _Spool(CaptionSpool):
    """Remembers the rows that it has accepted."""

    rows: list[PairRow]

    def accepts(self, row: PairRow, lengths: tuple[int, int], bad_lines: BadLines) -> bool:
        is_good = super().accepts(row, lengths, bad_lines)
        if is_good:
            self.rows.append(row)
        return is_good


@contextmanager
def given_captions(
    names: Sequence[str],
    config: CaptionsConfig,
    *,
    target_names: Sequence[str] = (),
    reporter: Reporter,
) -> Iterator[GivenCaptions]:
    """Read the captions of some files, or of parallel files if there are `target_names`.

    Bad lines are told, or raise `CorpusError`, as `config.errors` says. Raises the errors of
    `TableReader.rows`; `UsageError` without Pillow, `StorageError` where the pictures cannot be put
    aside.
    """
    require_pillow()
    pictures = PictureFolder(Path(config.images))
    pictures.require()
    with temporary_folder() as folder:
        reader = TableReader(config)
        with closing(_Spool(config, folder, pictures)) as spool:
            spool.rows = []
            with _refusals_of(folder):
                rows = reader.rows_in(names, target_names, spool_folder=folder)
                spool.add(rows, reader.bad_lines, for_validation=False)
            reader.report(reporter)
            for sentence in spool.notes():
                reporter.show(sentence)
            if not spool.rows:
                yield GivenCaptions((), ())
                return
            stem = folder / "given"
            with _refusals_of(folder):
                encoded_pictures.save(stem, spool)
            pixels = encoded_pictures.load_pixels(
                stem, num_pairs=len(spool.rows), side=config.image_size
            )
            assert pixels is not None
            yield GivenCaptions(spool.rows, EachPicture(*pixels))


def _refusals_of(folder: Path) -> AbstractContextManager[None]:
    return storage_errors(f"cannot write in {folder}", "make room there, or set TMPDIR")
