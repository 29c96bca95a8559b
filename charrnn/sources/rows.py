"""Rows of a table, CSV, TSV or JSON lines: the cells of some columns, with the numbers of lines."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

from charrnn._text import in_a_shell, some
from charrnn.errors import CorpusError, UsageError
from charrnn.sources.lines import UNDECODABLE

MAX_CHARS = 1 << 24  # in a line or a cell: where there are more, a quote was not closed
_DELIMITERS = ",\t;|"
_BAD_QUOTE = "a quote is not closed, or stands within a cell"
_ROWS_FOR_NAMES = 1000  # of JSON lines: if these lack a column, no other is expected to have it
_HALF_A_PAIR = re.compile(f"(?!{UNDECODABLE})[\ud800-\udfff]")


class Row(NamedTuple):
    """The cells of a row, one for each column that is read."""

    line: int  # of the file, from 1: the last line of the row
    cells: tuple[str | None, ...]  # None: the row has no such cell
    problem: str = ""  # why it cannot be read, if it cannot


@dataclass(frozen=True)
class Column:
    """A column to read, by its name in the header, or by its number from 1 without a header."""

    name: str
    label: str  # of the file
    field: str = "column"  # the setting that names it

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
                f"give it another name, or name it by number, its header too: {self.field} {first}"
                f" or {second}",
                self.field,
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


def read_rows(
    texts: Iterable[str], columns: Sequence[Column], *, quoted_tabs: bool = True
) -> Iterator[Row]:
    """The rows of a table, without the header and empty lines.

    Where tabs separate the cells, quotes are part of a cell unless `quoted_tabs`. Raises
    `UsageError` where there is no such column.
    """
    label = columns[0].label
    lines = (line + "\n" for line in split_lines(texts, label))
    num_blank, first = 0, ""
    for first in lines:
        if first.strip():
            break
        num_blank += 1
    if first.lstrip()[:1] in ("{", "["):
        rows = _json_rows(chain([first], lines), first, columns)
    else:
        rows = _csv_rows(chain([first], lines), first, columns, quoted_tabs=quoted_tabs)
    for row in rows:
        yield row._replace(line=row.line + num_blank)


def split_lines(texts: Iterable[str], label: str) -> Iterator[str]:
    """The lines of a text in chunks, without their newlines.

    Raises `CorpusError` for a line without end.
    """
    held = ""
    for text in texts:
        *lines, held = (held + text).split("\n")
        if len(held) > MAX_CHARS:
            raise CorpusError(
                f"{label} has a line of more than {MAX_CHARS:,} characters", "is it a table?"
            )
        yield from lines
    if held:
        yield held


def _csv_rows(
    lines: Iterator[str], first: str, columns: Sequence[Column], *, quoted_tabs: bool
) -> Iterator[Row]:
    limit = csv.field_size_limit(MAX_CHARS)
    try:
        delimiter = _delimiter(first, columns)
        is_quoted = quoted_tabs or delimiter != "\t"
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
        rows = csv.reader(lines, delimiter=delimiter, strict=True, quoting=quoting)
        first_cells = next(csv.reader([first], delimiter=delimiter, quoting=quoting), [])
        has_header = any(column.index is None for column in columns)
        header = _header(rows, columns[0].label) if has_header else first_cells
        places = [column.find([name.strip() for name in header]) for column in columns]
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield Row(rows.line_num, (), _BAD_QUOTE)
            else:
                if row:  # else an empty line
                    cells = [row[k] if k < len(row) else None for k in places]
                    yield Row(rows.line_num, tuple(cells))
    finally:
        csv.field_size_limit(limit)


def _header(rows: Iterator[list[str]], label: str) -> list[str]:
    """Return the first row. Raises `CorpusError` where it cannot be read."""
    try:
        return next(rows, [])
    except csv.Error as error:
        raise CorpusError(
            f"the header of {label} cannot be read: {_BAD_QUOTE}",
            "mend it, or name columns by their numbers",
        ) from error


def _delimiter(line: str, columns: Sequence[Column]) -> str:
    """The delimiter of a table: the one that makes most cells of a line, if it has the columns."""

    def fitness(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        names = [cell.strip() for cell in cells]
        return sum(column.name in names for column in columns), len(cells)

    return max(_DELIMITERS, key=fitness)


def _json_rows(lines: Iterator[str], first: str, columns: Sequence[Column]) -> Iterator[Row]:
    names, unseen = dict[str, None](), list(columns)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            if unseen and first.lstrip().startswith("["):
                raise _one_array(columns[0].label) from None
            yield Row(number, (), "this is not JSON")
            continue
        if isinstance(row, list) and any(isinstance(cell, dict) for cell in row):
            raise _one_array(columns[0].label)
        if unseen and isinstance(row, dict):
            names |= dict.fromkeys(row)
            unseen = [column for column in unseen if column.name not in row]  # a later one may
            if unseen and number >= _ROWS_FOR_NAMES:
                break
        elif unseen and isinstance(row, list):
            for column in columns:
                column.find([*map(str, row)])
            unseen = []
        yield _checked(Row(number, tuple(_json_cell(row, column) for column in columns)))
    if names and unseen:
        raise unseen[0].missing(names)


def _json_cell(row: Any, column: Column) -> str | None:
    if isinstance(row, dict):
        value = row.get(column.name)
    else:
        k = -1 if column.index is None else column.index
        value = row[k] if isinstance(row, list) and 0 <= k < len(row) else None
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _checked(row: Row) -> Row:
    if any(cell is not None and _HALF_A_PAIR.search(cell) for cell in row.cells):
        return Row(row.line, (), "half a surrogate pair is not a character")
    return row


def _one_array(label: str) -> CorpusError:
    return CorpusError(
        f"{label} is one JSON array, not a row in each line",
        f"make lines of it first: jq -c '.[]' {in_a_shell(label)}",
    )
