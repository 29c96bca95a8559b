"""More stumbles: tables, compressed files, closed input."""

import gzip
import json
import os

import pytest
from conftest import QUICK, small_text
from stumbles import stumble

from charrnn.cli.console.tables import print_bars

FEW = (*QUICK, "--run", "a")


@stumble(11)
def test_an_ambiguous_column_name_is_refused(charrnn, tmp_path):
    (tmp_path / "t.csv").write_text("text,id,text\n" + "1,2,some words\n" * 40)
    done = charrnn("train", "t.csv", "--column", "text", *FEW)
    assert done.code == 2
    assert "t.csv has more than one column 'text'" in done.err
    assert "--column 1 or 3" in done.err
    assert charrnn("train", "t.csv", "--column", "3", *FEW).code == 0


@stumble(11)
def test_the_first_row_of_json_lines_may_lack_the_column(charrnn, tmp_path):
    rows = [{"id": 1}] + [{"id": k, "text": f"some words {k}"} for k in range(40)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = charrnn("train", "t.jsonl", "--column", "text", *FEW)
    assert done.code == 0, done.err
    assert "40 records" in done.err
    missing = charrnn("train", "t.jsonl", "--column", "nope", *QUICK)
    assert missing.code == 2
    assert "t.jsonl has no column 'nope'; it has: id, text" in missing.err


@stumble(11)
def test_half_a_surrogate_pair_in_a_row_is_named_by_its_line_or_left_out(charrnn, tmp_path):
    rows = [json.dumps({"text": f"some words {k}"}) for k in range(40)]
    (tmp_path / "t.jsonl").write_text("\n".join([*rows, '{"text": "half \\ud800"}']))
    refused = charrnn("train", "t.jsonl", "--column", "text", *FEW)
    assert refused.code == 3
    assert "t.jsonl, line 41: half a surrogate pair is not a character" in refused.err
    done = charrnn("train", "t.jsonl", "--column", "text", "--errors", "skip", *FEW)
    assert done.code == 0, done.err
    assert "left out 1 row" in done.err and "40 records" in done.err


@stumble(15)
def test_a_file_that_was_compressed_twice_is_recognised(charrnn, tmp_path):
    (tmp_path / "t.gz").write_bytes(gzip.compress(gzip.compress(small_text().encode())))
    done = charrnn("train", "t.gz", *FEW)
    assert done.code == 3
    assert "t.gz is compressed once more, with gzip, not a text; unpack it once first" in done.err


@stumble(53)
def test_a_loss_that_looks_equal_to_a_baseline_is_not_called_above_it(charrnn, tmp_path):
    (tmp_path / "a.txt").write_text("a" * 3000)
    done = charrnn("train", "a.txt", *FEW, "--steps", "40")
    assert done.code == 0, done.err
    assert "val 0.00 beats gzip" in done.err
    assert "still above" not in done.err and "learned too little" not in done.err


@stumble(1)
@pytest.mark.parametrize(
    "command",
    [
        ("sample", "a", "-f", "-"),
        ("sample", "a", "--prompts", "-"),
        ("score", "-", "--run", "a"),
        ("predict", "-", "--run", "a"),
    ],
)
def test_a_closed_standard_input_causes_no_traceback(charrnn, trained, monkeypatch, command):
    monkeypatch.setattr("sys.stdin", None)
    done = charrnn(*command)
    assert done.code == 2
    assert "standard input is closed; pipe a text in, or name a file" in done.err


@stumble(51)
def test_a_file_in_place_of_a_folder_is_not_reported_as_a_full_disk(charrnn, corpus, monkeypatch):
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", str(corpus))
    done = charrnn("train", corpus, *FEW)
    assert done.code == 6
    assert "Not a directory; work in a folder of your own" in done.err


@stumble(54)
def test_bars_keep_to_the_width_of_a_dumb_terminal(monkeypatch, capfd):
    for name, value in {"TERM": "dumb", "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((40, 24)))
    print_bars("after the", [("a", 1.0), ("b", 0.5)])
    assert max(map(len, capfd.readouterr().out.splitlines())) in range(30, 41)


@stumble(35)
def test_a_run_of_many_epochs_is_advised_more_text_not_more_time(charrnn, tmp_path):
    (tmp_path / "n.txt").write_text("Green sea a ")
    done = charrnn("train", "n.txt", "--allow-short", *FEW, "--steps", "50")
    assert "this run learned too little: 50 steps read the text" in done.err
    assert "; give it more text" in done.err and "more time" not in done.err
