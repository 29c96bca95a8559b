"""One column of a table (CSV, TSV, JSON lines) as a text of records, a record for each row.

It knows text only, not files or encodings.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from charrnn._text import some
from charrnn.errors import CorpusError, UsageError
from charrnn.sources.file_types import uncompressed_name
from charrnn.sources.units import BAD, END

_MOST_CHARS = 1 << 24  # in a line or a cell: where there are more, a quote was not closed
_CHUNK_CHARS = 1 << 18
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")
_DELIMITERS = ",\t;|"
_MOST_ROWS_WITHOUT = 1000  # of JSON lines: if the first lack a column, none is expected to have it
_HALF_A_PAIR = re.compile(f"(?!{BAD})[\ud800-\udfff]")


@dataclass
class Rows:
    """What became of the rows of tables."""

    num_folded: int = 0  # had line ends within the cell that the records cannot hold
    num_missing: int = 0  # had no such cell, or nothing in it
    num_left_out: int = 0  # held bytes that are not in the encoding
    num_malformed: int = 0  # cannot be read


def is_table(name: str) -> bool:
    """Whether a file is a table by its name."""
    return uncompressed_name(name).lower().endswith(_TABLE_SUFFIXES)


def records(
    texts: Iterable[str], column: str, *, kind: str, label: str, skip: bool, seen: Rows
) -> Iterator[str]:
    """The cells of a column, by its name in the header or by its number from 1 where there is no
    header, each with the end of a record of that `kind`, in chunks.

    Raises `UsageError` where there is no such column, and `CorpusError` for a row that cannot be
    read; with `skip` these are left out, and so are cells that hold `BAD`.
    """
    held, num_held = [], 0
    for cell in _cells(texts, column, label, skip, seen):
        if skip and BAD in cell:
            seen.num_left_out += 1
            continue
        record = _folded(cell, kind)
        seen.num_folded += record != cell.strip("\n")
        seen.num_missing += not record.strip()
        if record.strip():
            held.append(record + END[kind])
            num_held += len(held[-1])
        if num_held > _CHUNK_CHARS:
            yield "".join(held)
            held, num_held = [], 0
    yield "".join(held)


def _folded(cell: str, kind: str) -> str:
    """A cell without the line ends that would end the record: a space, or one newline, for them."""
    cell = cell.strip("\n")
    if "\n" not in cell:
        return cell
    return re.sub(r"\s*\n\s*", " ", cell) if kind == "lines" else re.sub(r"\n\s*\n", "\n", cell)


def _cells(texts: Iterable[str], column: str, label: str, skip: bool, seen: Rows) -> Iterator[str]:
    lines = _lines(texts, label)
    first = next((line for line in lines if line.strip()), "")
    rows = _json_rows if first.lstrip()[:1] in ("{", "[") else _csv_rows
    for cell in rows(chain([first], lines), first, column, label):
        if isinstance(cell, str):
            yield cell
        elif cell is None:
            seen.num_missing += 1
        elif skip:
            seen.num_malformed += 1
        else:
            raise CorpusError(
                f"{label}, line {cell.line}: {cell.reason}",
                "mend it, or --errors skip leaves such rows out",
            )


@dataclass(frozen=True)
class _Malformed:
    """A row that cannot be read."""

    line: int
    reason: str


_Cell = str | None | _Malformed  # None: the row has none in that column


def _lines(texts: Iterable[str], label: str) -> Iterator[str]:
    held = ""
    for text in texts:
        *lines, held = (held + text).split("\n")
        if len(held) > _MOST_CHARS:
            raise CorpusError(
                f"{label} has a line of more than {_MOST_CHARS:,} characters", "is it a table?"
            )
        yield from (line + "\n" for line in lines)
    if held:
        yield held


def _csv_rows(lines: Iterator[str], first: str, column: str, label: str) -> Iterator[_Cell]:
    delimiter = _delimiter(first, column)
    limit = csv.field_size_limit(_MOST_CHARS)
    try:
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        first_cells = next(csv.reader([first], delimiter=delimiter), [])
        header = first_cells if column.isdecimal() else next(rows, [])
        place = _place([name.strip() for name in header], column, label)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield _Malformed(rows.line_num, "a quote is not closed, or stands within a cell")
            else:
                if row:  # else an empty line
                    yield row[place] if place < len(row) else None
    finally:
        csv.field_size_limit(limit)


def _delimiter(line: str, column: str) -> str:
    """What stands between the cells of a line: what makes most of them, if the column is there."""

    def fitness(delimiter: str) -> tuple[bool, int]:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        return column in [cell.strip() for cell in cells], len(cells)

    return max(_DELIMITERS, key=fitness)


def _place(cells: list[str], column: str, label: str) -> int:
    """Where in a row the column is: the first row has these cells."""
    if column.isdecimal():
        if 1 <= int(column) <= len(cells):
            return int(column) - 1
        raise UsageError(
            f"{label} has no column {column}", f"its first row has {len(cells)}, counted from 1"
        )
    if cells.count(column) > 1:
        first, second = [k for k, name in enumerate(cells, 1) if name == column][:2]
        raise UsageError(
            f"{label} has more than one column {column!r}",
            f"give it another name, or name it by number, its header too: --column {first} or"
            f" {second}",
        )
    if column in cells:
        return cells.index(column)
    raise _no_column(label, column, cells)


def _no_column(label: str, column: str, names: list[str]) -> UsageError:
    known = some(names, 20)
    return UsageError(
        f"{label} has no column {column!r}",
        f"it has: {known}" if known else "is it a table with a header?",
    )


def _json_rows(lines: Iterator[str], first: str, column: str, label: str) -> Iterator[_Cell]:
    is_known, names = False, dict[str, None]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            if not is_known and first.lstrip().startswith("["):
                raise _one_array(label) from None
            yield _Malformed(number, "this is not JSON")
            continue
        if isinstance(row, list) and any(isinstance(cell, dict) for cell in row):
            raise _one_array(label)
        if not is_known and isinstance(row, dict):
            names |= dict.fromkeys(row)
            is_known = column in row  # else a later row may have it
            if not is_known and number >= _MOST_ROWS_WITHOUT:
                break
        elif not is_known and isinstance(row, list):
            _place([*map(str, row)], column, label)
            is_known = True
        cell = _json_cell(row, column)
        is_broken = cell is not None and _HALF_A_PAIR.search(cell) is not None
        yield _Malformed(number, "half a surrogate pair is no character") if is_broken else cell
    if names and not is_known:
        raise _no_column(label, column, [*names])


def _json_cell(row: Any, column: str) -> str | None:
    if isinstance(row, dict):
        value = row.get(column)
    else:
        place = int(column) - 1 if column.isdecimal() else -1
        value = row[place] if isinstance(row, list) and 0 <= place < len(row) else None
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _one_array(label: str) -> CorpusError:
    return CorpusError(
        f"{label} is one JSON array, not a row in each line",
        f"make lines of it first: jq -c '.[]' {label}",
    )
