"""Files of pairs → rows: a source, its target, and the line that they are from.

    pairs.tsv        source TAB target in each line
    pairs.csv, …     two columns of a table, by name or number
    en.txt, fr.txt   parallel files: line 5 of one belongs to line 5 of the other
    captions.tsv     path TAB caption: of a picture in the folder that --images names
    names/Czech.txt  texts with labels: each line of it has the label Czech (in a folder without
                     tables)

Nothing is normalised or encoded here. A line without a pair is a bad line; an empty one is nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path, PurePath
from typing import NamedTuple

from charrnn._text import CountBytes, Reporter, ignore_bytes, number_of, some
from charrnn.config import DataConfig, PairsConfig
from charrnn.data.pairs.reading.bad_lines import BadLines, NotPairsError, Problem
from charrnn.data.pairs.symbols import kinds_of, normalised, num_symbols
from charrnn.errors import CorpusError, UsageError
from charrnn.sources import paths
from charrnn.sources.changes import Changes
from charrnn.sources.columns import folded, is_table
from charrnn.sources.file_types import uncompressed_name
from charrnn.sources.lines import UNDECODABLE
from charrnn.sources.paths import Source
from charrnn.sources.reading import read_marked_text
from charrnn.sources.rows import Column, read_rows, split_lines

_COLUMNS = "source_column", "target_column"
_OTHER_TABLES = ".csv", ".jsonl", ".ndjson"  # than those with tabs
_NAME_COLUMNS = "name the columns of this table with source_column and target_column"
NO_TAB = Problem(
    "no tab between a source and a target",
    "put one there, or name two columns of another table with source_column and target_column",
    _COLUMNS,
)
NO_TAB_BEFORE_LABEL = Problem(
    "no tab between a text and a label",
    "put one there, name two columns of another table with source_column and target_column, or"
    " name a folder with a file LABEL.txt for each label",
    _COLUMNS,
)
NO_TAB_BEFORE_CAPTION = Problem(
    "no tab between a picture and a caption",
    "put one there, or name two columns of another table with source_column and target_column",
    _COLUMNS,
)
MORE_TABS = Problem(
    "more than one tab",
    "name two of the columns with source_column and target_column (numbers if there is no header)",
    _COLUMNS,
)
UNEQUAL = Problem(
    "source and target differ in length", "give each symbol of a source one of its target"
)
EMPTY, EMPTY_OR_NO_LABEL = Problem("an empty source or target"), Problem("an empty text or label")
MAX_LABEL = 1000  # characters of a whole text that is one symbol
TOO_LONG_LABEL = Problem(
    f"a label of more than {MAX_LABEL:,} characters", "put the label second in each line"
)
UNREADABLE_NAME = Problem("the name of this file, which is the label, is not UTF-8", "rename it")
EMPTY_PATH_OR_CAPTION = Problem("an empty path or caption")
_TEXT = ".txt"


class PairRow(NamedTuple):
    """A pair as it is in a file."""

    label: str  # of the file
    line: int  # from 1
    source: str
    target: str


class TableReader:
    """Reads files of pairs; remembers bad lines and what it changed."""

    def __init__(self, config: PairsConfig, count_bytes: CountBytes = ignore_bytes) -> None:
        """Read as `config` says; `count_bytes` is called with the bytes of files that are read."""
        self._config, self._count_bytes = config, count_bytes
        self._decoding = DataConfig(encoding=config.encoding, errors=config.errors)
        self._kinds = kinds_of(config)
        self._undecodable = Problem(f"bytes that are not {config.encoding}")
        are_labelled = config.are_labelled
        self._no_tab = NO_TAB_BEFORE_LABEL if are_labelled else NO_TAB
        self._empty = EMPTY_OR_NO_LABEL if are_labelled else EMPTY
        if config.picture_side:
            self._no_tab, self._empty = NO_TAB_BEFORE_CAPTION, EMPTY_PATH_OR_CAPTION
        self.bad_lines = BadLines(are_skipped=config.errors == "skip")
        self._changes = Changes()
        self._skipped_files: list[str] = []

    def rows(self, files: Sequence[Source], *, are_parallel: bool = False) -> Iterator[PairRow]:
        """Yield the pairs of tables, or of parallel files: sources and targets in turn.

        In a folder, tables are known by their names; without any, texts with labels may be there as
        files named by their label. Raises `CorpusError` for what cannot be read, and for parallel
        files of different lengths; `UsageError` for a column that is not there.
        """
        if are_parallel:
            for source, target in zip(files[::2], files[1::2], strict=True):
                yield from self._parallel_lines(source, target)
            return
        read_table = self._tab_lines if self._config.source_column is None else self._table_rows
        are_named = self._are_named_by_labels(files)
        for file in files:
            if not file.skip_unreadable or is_table(file.label):
                yield from read_table(file)
            elif are_named and _label_of(file):
                yield from self._labelled_lines(file)
            else:
                self._skipped_files.append(file.label)

    def rows_in(
        self, names: Sequence[str], target_names: Sequence[str] = (), *, spool_folder: Path
    ) -> Iterator[PairRow]:
        """Yield the pairs of some files, or of parallel files if there are `target_names`.

        What can be read only once is copied to `spool_folder` first. Raises the errors of `rows`.
        """
        are_parallel = bool(target_names)
        if are_parallel:
            names = in_turn(names, target_names)
        with paths.opened(names, spool_folder=spool_folder) as sources:
            if are_parallel:
                require_files(names, sources.files)
            yield from self.rows(sources.files, are_parallel=are_parallel)

    def report(self, reporter: Reporter) -> None:
        """Tell what was skipped or changed. Raises `CorpusError` for bad lines, unless they are
        skipped.
        """
        self.bad_lines.require_none()
        for sentence in self.bad_lines.sentences():
            reporter.warn(sentence)
        for sentence in self.notes():
            reporter.show(sentence)

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each kind of change, and for files that were skipped."""
        yield from self._changes.sentences(self._decoding)
        if skipped := self.skipped_files():
            yield skipped

    def skipped_files(self) -> str:
        """Return which files of folders were skipped; "" if none was."""
        if not self._skipped_files:
            return ""
        what, names = number_of(len(self._skipped_files), "file"), some(self._skipped_files)
        ending = "the ending of a table (.tsv, .csv, …)"
        if self._config.are_labelled:
            ending = f"{ending} or the name LABEL.txt"
        return f"skipped {what} without {ending}: {names}"

    def _are_named_by_labels(self, files: Sequence[Source]) -> bool:
        """Whether the files of folders hold the texts of one label each."""
        in_folders = [file.label for file in files if file.skip_unreadable]
        return self._config.are_labelled and not any(map(is_table, in_folders))

    def _pair(self, label: str, line: int, left: str | None, right: str | None) -> PairRow | None:
        """Return what a line holds, as it is learned: from source to target; None for no pair."""
        if left is None or right is None or not left.strip() or not right.strip():
            self.bad_lines.add(label, line, self._empty)
            return None
        if self._config.are_labelled and len(right) > MAX_LABEL:
            self.bad_lines.add(label, line, TOO_LONG_LABEL)
            return None
        if UNDECODABLE in left or UNDECODABLE in right:
            self.bad_lines.add(label, line, self._undecodable)
            return None
        if self._config.is_reversed:
            left, right = right, left
        if self._config.are_in_step:
            counts = self._num_symbols("source", left), self._num_symbols("target", right)
            if counts[0] != counts[1]:
                seen = f"{counts[0]:,} and {counts[1]:,} symbols"
                self.bad_lines.add(label, line, UNEQUAL, seen=seen)
                return None
        return PairRow(label, line, left, right)

    def _num_symbols(self, side: str, text: str) -> int:
        form = getattr(self._config, f"{side}_normalise")
        return num_symbols(normalised(text, form), self._kinds[side])

    def _tab_lines(self, file: Source) -> Iterator[PairRow]:
        for number, line in enumerate(self._lines(file), 1):
            left, tab, right = line.partition("\t")
            if "\t" in right:
                self.bad_lines.add(file.label, number, MORE_TABS)
            elif tab:
                if (pair := self._pair(file.label, number, left, right)) is not None:
                    yield pair
            elif line.strip():
                is_other = uncompressed_name(file.label).lower().endswith(_OTHER_TABLES)
                problem = self._no_tab._replace(remedy=_NAME_COLUMNS) if is_other else self._no_tab
                self.bad_lines.add(file.label, number, problem)

    def _labelled_lines(self, file: Source) -> Iterator[PairRow]:
        label = _label_of(file)
        if not _is_text(label):
            self.bad_lines.add(file.label, 1, UNREADABLE_NAME)
            return
        for number, line in enumerate(self._lines(file), 1):
            if line.strip() and (pair := self._pair(file.label, number, line, label)) is not None:
                yield pair

    def _table_rows(self, file: Source) -> Iterator[PairRow]:
        names = {field: getattr(self._config, field) for field in _COLUMNS}
        columns = [Column(name, file.label, field) for field, name in names.items()]
        for row in read_rows(self._text(file), columns, quoted_tabs=False):
            if row.problem:
                self.bad_lines.add(file.label, row.line, Problem(row.problem))
            else:
                left, right = (cell and folded(cell, "lines") for cell in row.cells)
                if (pair := self._pair(file.label, row.line, left, right)) is not None:
                    yield pair

    def _parallel_lines(self, source: Source, target: Source) -> Iterator[PairRow]:
        lines = zip_longest(self._lines(source), self._lines(target))
        for number, (left, right) in enumerate(lines, 1):
            if left is None or right is None:
                longer = number + sum(1 for _ in lines)
                counts = (number - 1, longer) if left is None else (longer, number - 1)
                raise NotPairsError(
                    f"{source.label} has {counts[0]:,} lines, {target.label} has {counts[1]:,}",
                    "each line of one must have its target in the same line of the other",
                )
            if not left.strip() and not right.strip():
                continue
            if (pair := self._pair(source.label, number, left, right)) is not None:
                yield pair

    def _lines(self, file: Source) -> Iterator[str]:
        return split_lines(self._text(file), file.label)

    def _text(self, file: Source) -> Iterator[str]:
        return read_marked_text(file, self._decoding, self._changes, count_bytes=self._count_bytes)


def _label_of(file: Source) -> str:
    """Return the label that a file is named by; "" if it is not LABEL.txt."""
    path = PurePath(uncompressed_name(file.label))
    return path.stem if path.suffix.lower() == _TEXT else ""


def _is_text(name: str) -> bool:
    """Whether the name of a file is UTF-8: Python has halves of surrogate pairs for other bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def require_files(names: Sequence[str], files: Sequence[Source]) -> None:
    """Raise `CorpusError` unless each name of parallel files is that of one file."""
    if len(names) != len(files):
        raise CorpusError(
            f"of the parallel files {' '.join(names)} one is not a file", "name files, not folders"
        )


def in_turn(names: Sequence[str], target_names: Sequence[str]) -> list[str]:
    """Return the names of parallel files, sources and targets in turn.

    Raises `UsageError` unless each file of sources has its file of targets.
    """
    if len(names) != len(target_names):
        raise UsageError(
            f"there are {number_of(len(names), 'file')} of sources and {len(target_names)} of"
            " targets",
            "name as many of one as of the other",
        )
    return [name for both in zip(names, target_names, strict=True) for name in both]


def read_table(
    names: Sequence[str],
    config: PairsConfig,
    *,
    target_names: Sequence[str] = (),
    spool_folder: Path,
    reporter: Reporter,
) -> Iterator[PairRow]:
    """Yield the pairs of some files, or of parallel files if there are `target_names`.

    What can be read only once is copied to `spool_folder` first. Bad lines are told at the end, or
    raise `CorpusError` there, as `config.errors` says. Raises the errors of `TableReader.rows`.
    """
    reader = TableReader(config)
    yield from reader.rows_in(names, target_names, spool_folder=spool_folder)
    reader.report(reporter)
