"""One column of a table (CSV, TSV, JSON lines) as a text of records, one for each row."""

import re
from collections.abc import Iterable, Iterator

from charrnn.config import DataConfig
from charrnn.errors import CorpusError
from charrnn.sources.changes import Changes
from charrnn.sources.file_types import uncompressed_name
from charrnn.sources.lines import RECORD_END, UNDECODABLE
from charrnn.sources.rows import Column, read_rows

_CHUNK_CHARS = 1 << 18
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")


def is_table(name: str) -> bool:
    """Whether a file is a table, by its name."""
    return uncompressed_name(name).lower().endswith(_TABLE_SUFFIXES)


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
    for cell in _cells(texts, Column(config.column, label), skip=skip, changes=changes):
        if skip and UNDECODABLE in cell:
            changes.num_left_out += 1
            continue
        record = folded(cell, kind)
        changes.num_folded += record != cell.strip("\n")
        changes.num_missing += not record.strip()
        if record.strip():
            held.append(record + RECORD_END[kind])
            num_held += len(held[-1])
        if num_held > _CHUNK_CHARS:
            yield "".join(held)
            held, num_held = [], 0
    yield "".join(held)


def folded(cell: str, kind: str) -> str:
    """A cell without the line ends that would end its record: a space or a newline for them."""
    cell = cell.strip("\n")
    if "\n" not in cell:
        return cell
    return re.sub(r"\s*\n\s*", " ", cell) if kind == "lines" else re.sub(r"\n\s*\n", "\n", cell)


def _cells(texts: Iterable[str], column: Column, *, skip: bool, changes: Changes) -> Iterator[str]:
    """The cells of a column; rows without one, or malformed, are counted."""
    for row in read_rows(texts, [column]):
        if row.problem and skip:
            changes.num_malformed += 1
        elif row.problem:
            raise CorpusError(
                f"{column.label}, line {row.line}: {row.problem}",
                "mend it, or errors skip leaves such rows out",
                "errors",
            )
        elif row.cells[0] is None:
            changes.num_missing += 1
        else:
            yield row.cells[0]
