"""One column of a table (CSV, TSV, JSON lines) as a text of records, one for each row."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from charrnn._text import some
from charrnn.config import DataConfig
from charrnn.errors import CorpusError, UsageError
from charrnn.sources.changes import Changes
from charrnn.sources.file_types import uncompressed_name
from charrnn.sources.lines import RECORD_END, UNDECODABLE

MAX_CHARS = 1 << 24  # in a line or a cell: where there are more, a quote was not closed
_CHUNK_CHARS = 1 << 18
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")
_DELIMITERS = ",\t;|"
_ROWS_FOR_NAMES = 1000  # of JSON lines: if these lack a column, no other is expected to have it
_HALF_A_PAIR = re.compile(f"(?!{UNDECODABLE})[\ud800-\udfff]")


def is_table(name: str) -> bool:
    """Whether a file is a table, by its name."""
    return uncompressed_name(name).lower().endswith(_TABLE_SUFFIXES)


@dataclass(frozen=True)
class _Column:
    """A column to read, by its name in the header, or by its number from 1 without a header."""

    name: str
    label: str  # of the file

    @property
    def index(self) -> int | None:
        """Its place in a row, if it is called by number."""
        return int(self.name) - 1 if self.name.isdecimal() else None

    def find(self, first_row: list[str]) -> int:
        """Its place in a row: `first_row` is the header, or any row where there is none."""
        if self.index is not None:
            if 0 <= self.index < len(first_row):
                return self.index
            raise UsageError(
                f"{self.label} has no column {self.name}",
                f"its first row has {len(first_row)}, counted from 1",
            )
        if first_row.count(self.name) > 1:
            first, second = [k for k, name in enumerate(first_row, 1) if name == self.name][:2]
            raise UsageError(
                f"{self.label} has more than one column {self.name!r}",
                f"give it another name, or name it by number, its header too: column {first} or"
                f" {second}",
                "column",
            )
        if self.name in first_row:
            return first_row.index(self.name)
        raise self.missing(first_row)

    def missing(self, names: Iterable[str]) -> UsageError:
        """The error for a table that has only columns of other names."""
        known = some(names, 20)
        return UsageError(
            f"{self.label} has no column {self.name!r}",
            f"it has: {known}" if known else "is it a table with a header?",
        )


@dataclass(frozen=True)
class _Malformed:
    """A row that cannot be read."""

    line: int
    reason: str


_Cell = str | None | _Malformed  # None: the row has none in that column


def records(
    texts: Iterable[str], config: DataConfig, *, label: str, changes: Changes
) -> Iterator[str]:
    """The cells of the column `config.column`, each with the end of a record, in chunks.

    Raises `UsageError` where there is no such column, and `CorpusError` for a row that cannot be
    read. With errors "skip" such rows are left out, and so are cells with undecodable bytes.
    """
    assert config.column is not None
    kind = "lines" if config.records == "none" else config.records
    skip = config.errors == "skip"
    held, num_held = [], 0
    for cell in _cells(texts, _Column(config.column, label), skip=skip, changes=changes):
        if skip and UNDECODABLE in cell:
            changes.num_left_out += 1
            continue
        record = _folded(cell, kind)
        changes.num_folded += record != cell.strip("\n")
        changes.num_missing += not record.strip()
        if record.strip():
            held.append(record + RECORD_END[kind])
            num_held += len(held[-1])
        if num_held > _CHUNK_CHARS:
            yield "".join(held)
            held, num_held = [], 0
    yield "".join(held)


def _folded(cell: str, kind: str) -> str:
    """A cell without the line ends that would end its record: a space or a newline for them."""
    cell = cell.strip("\n")
    if "\n" not in cell:
        return cell
    return re.sub(r"\s*\n\s*", " ", cell) if kind == "lines" else re.sub(r"\n\s*\n", "\n", cell)


def _cells(texts: Iterable[str], column: _Column, *, skip: bool, changes: Changes) -> Iterator[str]:
    """The cells of a column; rows without one, or malformed, are counted."""
    lines = _lines(texts, column.label)
    first = next((line for line in lines if line.strip()), "")
    rows = _json_rows if first.lstrip()[:1] in ("{", "[") else _csv_rows
    for cell in rows(chain([first], lines), first, column):
        if isinstance(cell, str):
            yield cell
        elif cell is None:
            changes.num_missing += 1
        elif skip:
            changes.num_malformed += 1
        else:
            raise CorpusError(
                f"{column.label}, line {cell.line}: {cell.reason}",
                "mend it, or errors skip leaves such rows out",
                "errors",
            )


def _lines(texts: Iterable[str], label: str) -> Iterator[str]:
    held = ""
    for text in texts:
        *lines, held = (held + text).split("\n")
        if len(held) > MAX_CHARS:
            raise CorpusError(
                f"{label} has a line of more than {MAX_CHARS:,} characters", "is it a table?"
            )
        yield from (line + "\n" for line in lines)
    if held:
        yield held


def _csv_rows(lines: Iterator[str], first: str, column: _Column) -> Iterator[_Cell]:
    delimiter = _delimiter(first, column.name)
    limit = csv.field_size_limit(MAX_CHARS)
    try:
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        first_cells = next(csv.reader([first], delimiter=delimiter), [])
        header = first_cells if column.index is not None else next(rows, [])
        k = column.find([name.strip() for name in header])
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield _Malformed(rows.line_num, "a quote is not closed, or stands within a cell")
            else:
                if row:  # else an empty line
                    yield row[k] if k < len(row) else None
    finally:
        csv.field_size_limit(limit)


def _delimiter(line: str, column: str) -> str:
    """The delimiter of a table: the one that makes most cells of a line, if it has the column."""

    def fitness(delimiter: str) -> tuple[bool, int]:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        return column in [cell.strip() for cell in cells], len(cells)

    return max(_DELIMITERS, key=fitness)


def _json_rows(lines: Iterator[str], first: str, column: _Column) -> Iterator[_Cell]:
    is_known, names = False, dict[str, None]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            if not is_known and first.lstrip().startswith("["):
                raise _one_array(column.label) from None
            yield _Malformed(number, "this is not JSON")
            continue
        if isinstance(row, list) and any(isinstance(cell, dict) for cell in row):
            raise _one_array(column.label)
        if not is_known and isinstance(row, dict):
            names |= dict.fromkeys(row)
            is_known = column.name in row  # else a later row may have it
            if not is_known and number >= _ROWS_FOR_NAMES:
                break
        elif not is_known and isinstance(row, list):
            column.find([*map(str, row)])
            is_known = True
        yield _checked(_json_cell(row, column), number)
    if names and not is_known:
        raise column.missing(names)


def _json_cell(row: Any, column: _Column) -> str | None:
    if isinstance(row, dict):
        value = row.get(column.name)
    else:
        k = -1 if column.index is None else column.index
        value = row[k] if isinstance(row, list) and 0 <= k < len(row) else None
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _checked(cell: str | None, line: int) -> _Cell:
    if cell is not None and _HALF_A_PAIR.search(cell):
        return _Malformed(line, "half a surrogate pair is not a character")
    return cell


def _one_array(label: str) -> CorpusError:
    return CorpusError(
        f"{label} is one JSON array, not a row in each line",
        f"make lines of it first: jq -c '.[]' {label}",
    )
