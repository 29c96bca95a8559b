"""Texts that are typed, or lines of standard input; the tests of commands pipe them in."""

import pytest

from charrnn.cli.pairs import typed_texts
from charrnn.config import PairsConfig
from charrnn.errors import UsageError


def test_a_text_of_several_lines_is_several_texts():
    assert typed_texts.lines_of(["a\nb\n", "c", ""], command="label") == ["a", "b", "c", ""]
    windows = typed_texts.windows(["a\nb", "c"], PairsConfig(), None, command="label")
    assert list(windows) == [["a", "b", "c"]]


def test_errors_name_the_command():
    with pytest.raises(UsageError, match="there is no text to label; type it, or - to read"):
        typed_texts.require_texts(None, command="label")
    with pytest.raises(
        UsageError, match="not UTF-8: character 2; pipe it in: charrnn label - --en"
    ):
        typed_texts.lines_of(["a\udcff"], command="label")


def test_a_text_that_names_a_file_is_told(tmp_path, capsys):
    (tmp_path / "a.txt").touch()
    typed_texts.note_names(["a.txt"], None, command="label")
    assert "to label its lines: charrnn label - < a.txt" in capsys.readouterr().err
    (tmp_path / "my text").touch()
    typed_texts.note_names(["my text"], None, command="label")
    assert "to label its lines: charrnn label - < 'my text'\n" in capsys.readouterr().err
    for typed in (["-"], ["a.txt", "b"], ["b"]):
        typed_texts.note_names(typed, None, command="label")
    assert capsys.readouterr().err == ""


def test_of_very_many_unknown_symbols_only_the_first_are_named(capsys):
    unknown = typed_texts.UnknownSymbols(str.split)
    for first in range(0, 10_000, 100):
        unknown.note([f"s{number}" for number in range(first, first + 100)])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[0] == (
        "charrnn: the model never saw 's0', 's1', 's2', 's3', 's4', …: read as an unknown symbol"
    )
    assert lines[-1] == "charrnn: more unknown symbols are not named"


def test_unknown_symbols_are_named_once(capsys):
    unknown = typed_texts.UnknownSymbols(lambda text: [c for c in text if c in "xy"])
    for lines in (["ax", "xb"], ["yx"], ["xy"]):
        unknown.note(lines)
    assert capsys.readouterr().err == (
        "charrnn: the model never saw 'x' (U+0078): read as an unknown symbol\n"
        "charrnn: the model never saw 'y' (U+0079): read as an unknown symbol\n"
    )
