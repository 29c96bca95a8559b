import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.config import DataConfig
from charrnn.errors import CorpusError, UsageError
from charrnn.sources import columns, rows
from charrnn.sources.changes import Changes
from charrnn.sources.lines import UNDECODABLE


def cells(text, column="text", *, kind="lines", skip=False, size=7):
    config = DataConfig(column=column, records=kind, errors="skip" if skip else "strict")
    changes = Changes()
    texts = [text[k : k + size] for k in range(0, len(text), size)]
    made = columns.records(texts, config, label="t", changes=changes)
    return "".join(made), changes


CELLS = st.text(st.sampled_from('ab "\n,;\t|é'), max_size=9)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=9), st.sampled_from(",\t;|"), st.integers(1, 9))
def test_what_the_csv_module_writes_is_read(rows, delimiter, size):
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\n")
    writer.writerows([("number", "text"), *rows])
    found, changes = cells(written.getvalue(), kind="blank", size=size)
    kept = [text.strip("\n") for _, text in rows if text.strip()]
    assert found.count("\n\n") == len(kept)
    assert [record.split() for record in found.split("\n\n")[:-1]] == [k.split() for k in kept]
    assert changes.num_missing == len(rows) - len(kept)
    assert changes.num_malformed == 0


@given(st.lists(CELLS, min_size=1), st.booleans())
def test_json_lines_are_read_as_objects_and_as_arrays(texts, are_objects):
    rows = [{"text": text, "id": 7} if are_objects else [7, text] for text in texts]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    found, _ = cells(lines, "text" if are_objects else "2")
    kept = [text for text in texts if text.strip()]
    assert [line.split() for line in found.splitlines()] == [text.split() for text in kept]


@pytest.mark.parametrize(
    ("kind", "folded", "count"),
    [("lines", "one two three\nfour\n", 1), ("blank", "one\ntwo\nthree\n\nfour\n\n", 1)],
)
def test_a_cell_stays_one_record(kind, folded, count):
    found, changes = cells(
        'text\n"\none\ntwo \n\nthree\n"\nfour\n'.replace("two ", "two"), kind=kind
    )
    assert found == folded
    assert changes.num_folded == count


def test_without_a_header_a_column_is_a_number():
    assert cells("1,one\n2,two\n", "2")[0] == "one\ntwo\n"


def test_a_row_without_the_cell_is_counted():
    found, changes = cells("id,text\n1,one\n2\n\n3,\n4,four\n")
    assert (found, changes.num_missing) == ("one\nfour\n", 2)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('text\n"one" two\nthree\n', 2, "a quote is not closed, or stands within a cell"),
        ('text\none\n"two\n', 3, "a quote is not closed, or stands within a cell"),
        ('{"text": "one"}\n{"text": \n', 2, "this is not JSON"),
        ('\n\ntext\n"two" three\none\n', 4, "a quote is not closed, or stands within a cell"),
    ],
)
def test_an_invalid_row_is_named_or_left_out(text, line, reason):
    with pytest.raises(CorpusError, match=f"t, line {line}: {reason}"):
        cells(text)
    found, changes = cells(text, skip=True)
    assert changes.num_malformed == 1
    assert found in ("three\n", "one\n")


def test_only_a_bad_cell_of_the_column_itself_costs_its_row():
    found, changes = cells(f"id,text\n{UNDECODABLE},one\n2,t{UNDECODABLE}wo\n", skip=True)
    assert (found, changes.num_left_out) == ("one\n", 1)


@pytest.mark.parametrize(
    ("text", "column", "line"),
    [
        ("id;text\n1;one\n", "txt", "t has no column 'txt'; it has: id, text"),
        ("", "text", "t has no column 'text'; is it a table with a header?"),
        ("1,one\n", "3", "t has no column 3; its first row has 2, counted from 1"),
        ("1,one\n", "0", "t has no column 0; its first row has 2, counted from 1"),
        ('{"id": 1}\n', "text", "t has no column 'text'; it has: id"),
        ('[1, "one"]\n', "3", "t has no column 3; its first row has 2, counted from 1"),
    ],
)
def test_a_missing_column_is_named_beside_the_existing_ones(text, column, line):
    with pytest.raises(UsageError) as error:
        cells(text, column)
    assert str(error.value) == line


@pytest.mark.parametrize("text", ['[\n{"text": "one"}\n]\n', '[{"text": "one"}]'])
def test_one_json_array_is_told_from_json_lines(text):
    with pytest.raises(CorpusError, match="t is one JSON array.*; make lines of it first: jq"):
        cells(text)


def test_a_line_without_end_is_not_held_for_ever(monkeypatch):
    monkeypatch.setattr(rows, "MAX_CHARS", 100)
    with pytest.raises(CorpusError, match="t has a line of more than 100 characters"):
        cells("text\n" + "a" * 200)


def test_the_limit_of_cells_is_the_csv_modules_own_again():
    limit = csv.field_size_limit()
    long = "a" * (limit + 1)
    assert cells(f"text\n{long}\n", size=1 << 16)[0] == long + "\n"
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("name", ["a.csv", "b/c.TSV.gz", "d.jsonl", "e.ndjson.xz", "f.tab"])
def test_a_table_is_known_by_its_name(name):
    assert columns.is_table(name)
    assert not columns.is_table(name + ".txt")
