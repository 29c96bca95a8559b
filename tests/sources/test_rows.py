"""Rows of tables: several columns at once, each row with the number of its line."""

import json

import pytest

from charrnn.errors import CorpusError, UsageError
from charrnn.sources import rows
from charrnn.sources.rows import Column, Row, read_rows


def read(text, *names, size=7, **settings):
    texts = [text[k : k + size] for k in range(0, len(text), size)]
    return list(read_rows(texts, [Column(name, "t", name) for name in names], **settings))


def test_columns_are_read_in_the_order_that_is_asked_for():
    text = "\n\nen;id;fr\na dog;1;un chien\n\na;2\n"
    assert read(text, "fr", "en") == [Row(4, ("un chien", "a dog")), Row(6, (None, "a"))]
    assert read("a,b,c\nd,e,f\n", "3", "1") == [Row(1, ("c", "a")), Row(2, ("f", "d"))]


def test_a_row_of_several_lines_is_numbered_by_its_last():
    rows = read('a,b\n"one\ntwo",three\nfour,five\n', "a", "b")
    assert rows == [Row(3, ("one\ntwo", "three")), Row(4, ("four", "five"))]


def test_quotes_between_tabs_are_part_of_a_cell_where_that_is_asked_for():
    text = 'en\tfr\n"Go," he said.\tVa\n'
    assert read(text, "en", "fr", quoted_tabs=False) == [Row(2, ('"Go," he said.', "Va"))]
    assert read(text, "en", "fr")[0].problem
    assert read('en,fr\n"Go, Tom",Va\n', "en", "fr", quoted_tabs=False)[0].cells[0] == "Go, Tom"


@pytest.mark.parametrize("header", ['"en,fr', '"en"x,fr', 'en,"fr\nde'])
def test_a_header_with_an_open_quote_is_an_error_of_the_file(header):
    with pytest.raises(CorpusError, match="the header of t cannot be read: a quote is not closed"):
        read(f"{header}\na,b\n", "en", "fr")


def test_a_first_row_may_have_a_long_cell():
    long = "x" * 200_000
    assert read(f"{long},en\na,b\n", "en") == [Row(2, ("b",))]
    assert read(f"{long},b\n", "1") == [Row(1, (long,))]


def test_json_rows_are_numbered_and_may_lack_a_cell():
    lines = [{"en": "a"}, {"en": "b", "fr": "c"}, {"fr": 7}]
    text = "".join(json.dumps(line) + "\n\n" for line in lines)
    assert read(text, "en", "fr") == [Row(1, ("a", None)), Row(3, ("b", "c")), Row(5, (None, "7"))]
    assert read('["a", "b"]\n{"1": "c"}\n', "2", "1") == [Row(1, ("b", "a")), Row(2, (None, "c"))]


def test_what_is_no_character_is_a_problem_of_its_row():
    assert [row.problem for row in read('{"a": "\\ud800"}\n{"a": "b"}\n{\n', "a")] == [
        "half a surrogate pair is not a character", "", "this is not JSON",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("en,fr\n", "t has no column 'de'; it has: en, fr"),
        ('{"en": 1}\n{"fr": 2}\n', "t has no column 'de'; it has: en, fr"),
        ("de,en,de\n", "t has more than one column 'de'; .*: de 1 or 3"),
    ],
)
def test_one_missing_column_of_two_is_named(text, line):
    with pytest.raises(UsageError, match=line):
        read(text, "en", "de")


def test_a_command_to_type_quotes_the_name_of_a_file():
    with pytest.raises(CorpusError, match=r"jq -c '\.\[\]' 'my file\.json'$"):
        list(rows.read_rows(['[{"a": 1}]'], [rows.Column("a", "my file.json")]))


def test_a_line_without_end_is_not_held_for_ever(monkeypatch):
    monkeypatch.setattr(rows, "MAX_CHARS", 100)
    with pytest.raises(CorpusError, match="t has a line of more than 100 characters"):
        list(rows.split_lines(["a" * 200], "t"))
    assert list(rows.split_lines(["a\u2028b", "\nc"], "t")) == ["a\u2028b", "c"]
