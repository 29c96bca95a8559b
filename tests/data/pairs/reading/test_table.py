"""Files of pairs in every form: which pairs they hold, and how bad lines are named."""

import bz2
import gzip
import json
import lzma
import os
from pathlib import Path

import pytest
from matrix import row
from told import Told

from charrnn.config import InStepConfig, PairsConfig
from charrnn.data.pairs.reading.table import read_table
from charrnn.errors import CorpusError, UsageError


def write(text, name="pairs.tsv"):
    data = text if isinstance(text, bytes) else text.encode()
    Path(name).write_bytes(data)
    return name


def rows(*names, told=None, targets=(), **settings):
    """Line, source and target of each pair."""
    config = PairsConfig(**settings)
    table = read_table(
        names, config, target_names=targets, spool_folder=Path("spool"), reporter=told or Told()
    )
    return [(line, source, target) for _, line, source, target in table]


def test_a_line_is_a_source_a_tab_and_a_target():
    name = write("a dog\tun chien\n\n a \tb")
    assert rows(name) == [(1, "a dog", "un chien"), (3, " a ", "b")]
    assert rows(name, is_reversed=True)[0] == (1, "un chien", "a dog")
    assert next(read_table([name], PairsConfig(), spool_folder=Path(), reporter=Told())).label == (
        "pairs.tsv"
    )


def test_only_newlines_end_lines():
    told = Told()
    text = "\ufeffa\tb\u2028c\r\nd\x85\te\x0b\rf\tg"
    expected = [(1, "a", "b\u2028c"), (2, "d\x85", "e\x0b"), (3, "f", "g")]
    assert rows(write(text), told=told) == expected
    assert told.shown == [
        "dropped the byte order mark at the start of the text",
        "turned CRLF and CR line ends into newlines",
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_are_read(pack):
    assert rows(write(pack(b"a\tb\n"), "pairs")) == [(1, "a", "b")]
    table = write(pack(b"x,y\n1,2\n"), "table")
    assert rows(table, source_column="x", target_column="y") == [(2, "1", "2")]


def test_standard_input_is_read_once(monkeypatch):
    read, write_end = os.pipe()
    os.write(write_end, b"a\tb\n")
    os.close(write_end)
    with open(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert rows("-") == [(1, "a", "b")]
    assert not list(Path("spool").iterdir())
    with pytest.raises(UsageError, match="named twice"):
        rows("-", targets=("-",))


def test_tables_of_a_folder_are_read_in_order_and_other_files_are_named():
    Path("folder").mkdir()
    for name in ("b.tsv", "a.tsv.gz", "README.md"):
        text = f"{name}\tx\n".encode()
        write(gzip.compress(text) if name.endswith("gz") else text, f"folder/{name}")
    told = Told()
    assert [source for _, source, _ in rows("folder", told=told)] == ["a.tsv.gz", "b.tsv"]
    assert told.shown == [
        "skipped 1 file without the ending of a table (.tsv, .csv, …): folder/README.md"
    ]


LABELS = {"target_symbols": "whole"}


def test_a_folder_without_tables_has_a_file_for_each_label():
    Path("names").mkdir()
    write("Novák\n\n Dvořák\n", "names/Czech.txt")
    write(gzip.compress(b"Vanta\n"), "names/Old Finnish.txt.gz")
    write("not text", "names/README.md")
    told = Told()
    expected = [(1, "Novák", "Czech"), (3, " Dvořák", "Czech"), (1, "Vanta", "Old Finnish")]
    assert rows("names", told=told, **LABELS) == expected
    assert told.shown == [
        "skipped 1 file without the ending of a table (.tsv, .csv, …) or the name LABEL.txt:"
        " names/README.md"
    ]
    turned = rows("names", is_reversed=True, source_symbols="whole")
    assert turned == [(line, label, text) for line, text, label in expected]
    assert rows("names", told=told) == rows("names", is_reversed=True, **LABELS) == []


def test_a_folder_with_tables_has_no_files_for_labels():
    Path("folder").mkdir()
    write("a\tb\n", "folder/a.tsv"), write("c\n", "folder/Czech.txt")
    assert rows("folder", **LABELS) == [(1, "a", "b")]


def test_bad_lines_of_texts_with_labels_say_so():
    with pytest.raises(CorpusError, match="no tab between a text and a label; put one there, name"):
        rows(write("good\n"), **LABELS)
    with pytest.raises(CorpusError, match="line 1: an empty text or label; mend it"):
        rows(write("good\t \n"), **LABELS)
    long = "x" * 1000
    assert rows(write(f"good\t{long}\n"), **LABELS) == [(1, "good", long)]
    with pytest.raises(CorpusError, match="a label of more than 1,000 characters; put the label s"):
        rows(write(f"good\t{long}y\n"), **LABELS)
    assert rows(write(f"good\t{long}y\n")) == [(1, "good", f"{long}y")]


@pytest.mark.parametrize("name", [b"\xff.txt", b"Cz\xe9ch.txt"])
def test_a_label_that_is_the_name_of_a_file_must_be_text(name):
    Path("names").mkdir()
    try:
        Path("names", os.fsdecode(name)).write_text("a\nb\n")
    except OSError:
        pytest.skip("this system has names of UTF-8 alone")
    write("c\n", "names/Dutch.txt")
    with pytest.raises(CorpusError, match="line 1: the name of this file, which is the label, is"):
        rows("names", **LABELS)
    told = Told()
    assert rows("names", told=told, errors="skip", **LABELS) == [(1, "c", "Dutch")]
    assert "skipped 1 line (the name of this file, which is the label" in told.warned[0]


def test_a_quoted_csv_and_json_lines_are_read_by_column():
    columns = {"source_column": "en", "target_column": "fr"}
    csv = 'id,fr,en\n1,"a ""b"", c","d\ne\tf"\n2,,g\n'
    told = Told()
    assert rows(write(csv), errors="skip", told=told, **columns) == [(3, "d e\tf", 'a "b", c')]
    assert told.warned == ["skipped 1 line (an empty source or target): pairs.tsv line 4"]
    lines = [{"en": "a", "fr": "b"}, {"fr": "c", "en": "d"}]
    name = write("".join(json.dumps(line) + "\n" for line in lines), "pairs.jsonl")
    assert rows(name, **columns) == [(1, "a", "b"), (2, "d", "c")]
    assert rows(name, **columns, is_reversed=True)[0] == (1, "b", "a")


def test_columns_by_number_read_a_line_with_more_tabs_and_quotes():
    name = write('"Go," he said.\tVa\tCC-BY\nHi.\tSalut\tCC-BY\n')
    expected = [(1, '"Go," he said.', "Va"), (2, "Hi.", "Salut")]
    assert rows(name, source_column="1", target_column="2") == expected


def test_parallel_files_are_read_line_by_line():
    write("a\n\nb\n", "en"), write("c\r\n\r\nd", "fr"), write("e\n", "en2"), write("f\n", "fr2")
    expected = [(1, "a", "c"), (3, "b", "d"), (1, "e", "f")]
    assert rows("en", "en2", targets=("fr", "fr2")) == expected
    assert rows("en", targets=("fr",), is_reversed=True)[0] == (1, "c", "a")


@pytest.mark.parametrize(("a", "b"), [(3, 5), (5, 3), (0, 1)])
def test_parallel_files_of_different_lengths_are_one_error_with_both_counts(a, b):
    write("a\n" * a, "en"), write("b\n" * b, "fr")
    with pytest.raises(CorpusError, match=f"en has {a} lines, fr has {b}; each line of one"):
        rows("en", targets=("fr",))


def test_parallel_files_come_in_twos():
    write("a\n", "en"), write("b\n", "fr"), Path("folder").mkdir()
    write("", "folder/a"), write("", "folder/b")
    with pytest.raises(UsageError, match="2 files of sources and 1 of targets"):
        rows("en", "en", targets=("fr",))
    with pytest.raises(CorpusError, match="files en folder one is not a file; name files"):
        rows("en", targets=("folder",))


BAD = "a\tb\nno tab\nc\td\te\nf\t\n \tg\nh\ti\t\n"


@row(42)
def test_the_first_bad_line_is_named_with_their_number():
    with pytest.raises(CorpusError) as error:
        rows(write(BAD))
    assert error.value.message == (
        "pairs.tsv, line 2, the first of 5 bad lines: no tab between a source and a target"
    )
    assert error.value.fields == ("source_column", "target_column", "errors")
    with pytest.raises(CorpusError, match="pairs.tsv, line 1: more than one tab; name two of the"):
        rows(write("h\ti\t\n"))


def test_a_table_without_tabs_is_told_how_to_name_its_columns():
    with pytest.raises(CorpusError, match="no tab .*; name the columns of this table with source_"):
        rows(write("en,fr\na,b\n", "pairs.csv.gz"))
    with pytest.raises(CorpusError, match="no tab .*; put one there, or name two columns of anot"):
        rows(write("en,fr\na,b\n"))


@row(42)
def test_bad_lines_can_be_skipped():
    told = Told()
    assert rows(write(BAD), errors="skip", told=told) == [(1, "a", "b")]
    assert told.warned == [
        "skipped 1 line (no tab between a source and a target): pairs.tsv line 2",
        "skipped 2 lines (more than one tab): pairs.tsv line 3, pairs.tsv line 6",
        "skipped 2 lines (an empty source or target): pairs.tsv line 4, pairs.tsv line 5",
    ]


@row(42)
def test_undecodable_bytes_stop_the_reading_or_are_skipped_or_replaced():
    name = write(b"a\tb\nc\xff\td\ne\tf\xfe\n" + "é\tè\n".encode() * 9)
    with pytest.raises(CorpusError, match="pairs.tsv is not utf-8: line 2, byte 5"):
        rows(name)
    told = Told()
    assert len(rows(name, errors="skip", told=told)) == 10
    assert told.warned == [
        "skipped 2 lines (bytes that are not utf-8): pairs.tsv line 2, pairs.tsv line 3"
    ]
    assert rows(name, errors="replace")[1] == (2, "c\N{REPLACEMENT CHARACTER}", "d")
    assert rows(write(b"\xe9\te\n"), encoding="latin-1") == [(1, "é", "e")]


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"\xff\x00\t\xfe\x80\n", "errors skip leaves out the lines with such bytes"),
        ("ça\tété\n".encode("cp1252"), "try encoding [^,]*$"),
    ],
)
def test_a_file_that_is_not_text_is_not_offered_to_be_read_as_raw_bytes(data, hint):
    with pytest.raises(CorpusError, match=f"is not utf-8: line 1, .*; .*{hint}") as raised:
        rows(write(data))
    assert "is_bytes" not in raised.value.fields


def test_one_bad_line_of_a_table_is_named():
    write('en,fr\na,b\n"c"d,e\n', "pairs.csv")
    columns = {"source_column": "en", "target_column": "fr"}
    with pytest.raises(CorpusError, match="pairs.csv, line 3: a quote is not closed, or stands"):
        rows("pairs.csv", **columns)
    assert rows("pairs.csv", errors="skip", **columns) == [(2, "a", "b")]
    with pytest.raises(UsageError, match="no column 'de'; it has: en, fr"):
        rows("pairs.csv", source_column="en", target_column="de")


def test_an_empty_file_has_no_pairs():
    assert rows(write("")) == rows(write("\n \n")) == []
    assert rows(write(""), targets=(write("", "b"),)) == []


IN_STEP = "ab\tcd\nabc\tde\no\u0308\tö\nx y z\ta b c\n"


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ({}, [2, 3]),
        ({"target_normalise": "nfd"}, [2]),
        ({"source_normalise": "nfc"}, [2]),
        ({"source_symbols": "spaces", "target_symbols": "spaces"}, []),
        ({"source_symbols": "spaces", "target_symbols": "characters"}, [1, 2, 4]),
        ({"is_bytes": True}, [2, 3]),
        ({"is_reversed": True, "source_symbols": "spaces"}, [1, 2, 3, 4]),
    ],
    ids=str,
)
def test_in_step_each_symbol_of_a_source_has_one_of_the_target(settings, places):
    told = Told()
    config = InStepConfig(errors="skip", **settings)
    kept = read_table([write(IN_STEP)], config, spool_folder=Path("spool"), reporter=told)
    assert sorted({1, 2, 3, 4} - {row.line for row in kept}) == places
    if places:
        assert f"(source and target differ in length): pairs.tsv line {places[0]}" in told.warned[0]


def test_the_first_pair_of_unequal_length_is_named_with_both_lengths():
    with pytest.raises(CorpusError) as error:
        [*read_table([write(IN_STEP)], InStepConfig(), spool_folder=Path(), reporter=Told())]
    assert str(error.value) == (
        "pairs.tsv, line 2, the first of 2 bad lines: source and target differ in length (3 and 2"
        " symbols); give each symbol of a source one of its target, or leave such lines out with"
        " errors skip"
    )
