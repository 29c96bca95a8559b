"""`charrnn suggest`: how a text may go on, by words."""

import io
import json
import sys

import charrnn as library
from charrnn.generation.model import Cursor
from charrnn.generation.typing.suggestions import Suggestion


def test_suggestions_are_those_of_a_cursor(charrnn, two_runs):
    done = charrnn("suggest", "Some te", "--run", "a", "--num", 2)
    assert (done.code, done.err) == (0, "")
    found = library.load("a").cursor("Some te").suggest(2)
    assert done.out == "".join(f"{one.words}\t{one.prob:.4f}\n" for one in found)
    longer = charrnn("suggest", "Some te", "--run", "a", "--words", 3).out
    assert all(line.count(" ") >= 1 for line in longer.splitlines())


def test_json_has_what_is_added_and_the_words_that_it_makes(charrnn, two_runs):
    (first, *_) = json.loads(charrnn("suggest", "Some te", "--run", "a", "--json").out)
    assert first["words"] == "te" + first["text"]
    assert 0 < first["probability"] <= 1


def test_a_line_end_in_a_suggestion_is_shown_as_a_symbol(charrnn, two_runs, monkeypatch):
    ahead = [Suggestion("\n\tAnd", 0.25, "te")]
    monkeypatch.setattr(Cursor, "suggest", lambda self, num, words: ahead)
    assert charrnn("suggest", "te", "--run", "a").out == "te↵⇥And\t0.2500\n"


def test_standard_input_is_read_where_it_is_asked_for(charrnn, two_runs, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Some te\n")))
    asked = charrnn("suggest", "-", "--run", "a")
    assert asked.out == charrnn("suggest", "Some te", "--run", "a").out


def test_notes_name_what_is_unknown_and_a_text_that_is_a_run(charrnn, two_runs):
    assert "the model never saw '☃' (U+2603)" in charrnn("suggest", "1☃").err
    assert "to use that run: charrnn suggest --run names TEXT" in charrnn("suggest", "names").err
    alone = charrnn("suggest", "1", "--run", "names", "--words", 20, "--num", 1)
    assert (alone.code, len(alone.out.splitlines())) == (0, 1)


def test_where_no_word_ends_there_is_a_note(charrnn, tmp_path, charrnn_once):
    (tmp_path / "dna.txt").write_text("acgtgca" * 400)
    charrnn_once(
        "train", "dna.txt", "--run", "dna", "--hidden-size", 4, "--batch-size", 4,
        "--seq-length", 8, "--steps", 2, "--threads", 1,
    )  # fmt: skip
    done = charrnn("suggest", "ac")
    assert (done.code, done.out) == (0, "")
    assert "no word ends soon enough for a suggestion" in done.err
