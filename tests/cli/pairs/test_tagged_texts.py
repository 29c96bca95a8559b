"""`charrnn translate` of runs in step: lines in, lines of equal length out, in order, or as they
come.
"""

import io
import json
import os
import subprocess
import sys

import pytest
from conftest import peak_memory, start

from charrnn import load
from charrnn.generation.translation import in_step

LINES = ["ael rst", "", "aaa", "lne ael rst sta"]


@pytest.fixture
def pipe(monkeypatch):
    """Put bytes into standard input."""

    def put(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def texts(name, *lines):
    return [load(name).translate(line)[0].text for line in lines]


@pytest.mark.usefixtures("tag_runs")
class TestLines:
    @pytest.mark.parametrize("name", ["t", "causal"])
    def test_each_line_is_answered_by_one_of_its_length(self, charrnn, pipe, name):
        expected = texts(name, *LINES)
        assert [len(text) for text in expected] == [len(line) for line in LINES]
        assert name == "causal" or expected != LINES
        done = charrnn("translate", "--run", name, "\n".join(LINES))
        assert (done.code, done.err, done.out.splitlines()) == (0, "", expected)
        for data in ("\n".join(LINES), "\r\n".join(LINES) + "\r\n"):
            pipe(data.encode())
            assert charrnn("translate", "--run", name, "-").out.splitlines() == expected

    def test_the_newest_run_of_pairs_answers_in_step_or_not(self, charrnn):
        assert charrnn("translate", "ael").out.splitlines() == texts("causal", "ael")

    @pytest.mark.parametrize("name", ["t", "causal"])
    def test_with_probabilities_as_json(self, charrnn, pipe, name):
        pipe(b"ael rst\naxa\n")
        done = charrnn("translate", "--run", name, "-", "--json")
        first, second = map(json.loads, done.out.splitlines())
        [made] = load(name).translate("ael rst")
        assert first == {
            "source": "ael rst",
            "text": made.text,
            "source_symbols": list("ael rst"),
            "symbols": list(made.text),
            "probabilities": [pytest.approx(p, abs=1e-4) for p in made.probabilities],
        }
        assert (second["text"][1], second["probabilities"][1]) == ("x", 0)
        assert done.err == "charrnn: the model never saw 'x' (U+0078): left as it is\n"

    def test_several_runs_average_their_probabilities(self, charrnn):
        done = charrnn("translate", "--run", "t", "--run", "causal", "ael rst")
        assert done.out.splitlines() == texts(["t", "causal"], "ael rst")

    @pytest.mark.parametrize(
        "flags",
        [
            ("--beam", 2), ("--num", 3), ("--temp", 0.5), ("--seed", 4), ("--max-length", 9),
            ("--attention",), ("--export", "a.svg"), ("--unrolled", "a.svg"),
        ],
    )  # fmt: skip
    def test_flags_that_do_nothing_are_refused(self, charrnn, flags):
        refused = charrnn("translate", "--run", "t", "ael", *flags)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err == (
            f"charrnn: {flags[0]} does nothing with a model of pairs in step; leave it out\n"
        )

    def test_a_line_that_is_too_long_is_named(self, charrnn, pipe, monkeypatch):
        monkeypatch.setattr(in_step, "MAX_SOURCE", 8)
        pipe(b"ael\nael rst ael\n")
        refused = charrnn("translate", "--run", "t", "-")
        assert (refused.code, refused.out.splitlines()) == (2, texts("t", "ael"))
        assert refused.err.startswith("charrnn: line 2: a text of 11 symbols is too long to")


@pytest.mark.usefixtures("tag_runs")
@pytest.mark.parametrize("chunks", [["a", "el r", "st\nln", "e\n\na", "x", "\naa"], ["ael\n"]])
def test_each_symbol_is_answered_before_the_next_one_comes(charrnn, monkeypatch, chunks):
    """A causal model answers what has come of a line, before it ends."""
    written = []

    class Patient(io.RawIOBase):
        parts = iter(chunks)

        def readable(self):
            return True

        def readinto(self, buffer):
            written.append(os.lseek(1, 0, os.SEEK_CUR))
            part = next(self.parts, "").encode()
            buffer[: len(part)] = part
            return len(part)

    monkeypatch.setattr(in_step, "CHUNK_SYMBOLS", 2)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Patient())))
    done = charrnn("translate", "-")
    whole = "".join(chunks)
    expected = texts("causal", *whole.split("\n"))
    if not whole.endswith("\n"):
        expected.append("")
    assert done.out == "\n".join(expected)
    counts = [0]
    for chunk in chunks:
        counts.append(counts[-1] + len(chunk))
    assert [place - written[0] for place in written[: len(counts)]] == counts


@pytest.mark.usefixtures("tag_runs")
def test_a_stream_has_lines_of_any_length(charrnn, pipe, monkeypatch):
    expected = texts("causal", "ael rst " * 9, "lne")
    monkeypatch.setattr(in_step, "MAX_SOURCE", 20)
    pipe(("ael rst " * 9 + "\nlne\n").encode())
    assert charrnn("translate", "-").out.splitlines() == expected


@pytest.mark.usefixtures("tag_runs")
def test_a_process_answers_a_line_that_has_not_ended():
    settings = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with start("translate", "--run", "causal", "-", **settings) as process:
        for part in ("ae", "l r"):
            process.stdin.write(part.encode())
            assert len(process.stdout.read(len(part))) == len(part)
        process.stdin.close()
        assert process.stdout.read() == b"\n"
    assert process.returncode == 0


@pytest.mark.usefixtures("tag_runs")
class TestScore:
    def test_what_is_right_is_counted_symbol_by_symbol(self, charrnn):
        lines = ["ael rst\taeL rsT", "lne\tlnE"]
        with open("test.tsv", "w") as file:
            file.write("\n".join(lines))
        tagger = load("t")
        pairs = [line.split("\t") for line in lines]
        made = [tagger.translate(source)[0].text for source, _ in pairs]
        wrong = [
            one != other
            for text, (_, target) in zip(made, pairs, strict=True)
            for one, other in zip(text, target, strict=True)
        ]
        nats = sum(loss.nats for loss in tagger.losses(*zip(*pairs, strict=True))) / len(wrong)
        found = json.loads(charrnn("score", "--run", "t", "test.tsv", "--json").out)
        exact = [text == target for text, (_, target) in zip(made, pairs, strict=True)]
        assert found == {
            "num_pairs": 2,
            "num_symbols": 10,
            "nats_per_symbol": pytest.approx(nats),
            "exact_match": sum(exact) / 2,
            "word_error_rate": found["word_error_rate"],
            "symbol_error_rate": pytest.approx(sum(wrong) / 10),
        }
        shown = charrnn("score", "--run", "t", "test.tsv").out
        assert f"character accuracy   {100 * (1 - sum(wrong) / 10):.2f} %" in shown
        assert "translated" not in shown and "BLEU" not in shown

    def test_a_target_of_unknown_symbols_has_no_loss(self, charrnn):
        with open("test.tsv", "w") as file:
            file.write("ael\tĄĘŁ\n")
        found = json.loads(charrnn("score", "--run", "t", "test.tsv", "--json").out)
        assert (found["num_symbols"], found["nats_per_symbol"]) == (0, 0)
        assert found["symbol_error_rate"] == 1
        assert charrnn("score", "--run", "t", "test.tsv", "--per-line").code == 0

    def test_the_worst_pairs_and_every_pair_as_json(self, charrnn):
        shown = charrnn("score", "--run", "t", "--split", "test", "--per-line")
        assert shown.code == 0 and "→" in shown.out
        lines = charrnn("score", "--run", "t", "--split", "test", "--per-line", "--json").out
        rates = [json.loads(line)["symbol_error_rate"] for line in lines.splitlines()]
        assert rates == sorted(rates, reverse=True)

    def test_pairs_of_unequal_length_and_flags_that_do_nothing_cost_one_line(self, charrnn):
        with open("test.tsv", "w") as file:
            file.write("ael\taeL\nael rst\taeL\n")
        refused = charrnn("score", "--run", "t", "test.tsv")
        assert refused.code == 3
        assert refused.err == (
            "charrnn: test.tsv, line 2: source and target differ in length (7 and 3 symbols);"
            " mend it: a file is read as those of the run were\n"
        )
        for flags in (("--beam", 2), ("--confusion",), ("--adapt",)):
            refused = charrnn("score", "--run", "t", *flags)
            assert refused.err.startswith(f"charrnn: {flags[0]} does nothing with a model of pairs")


@pytest.mark.usefixtures("tag_runs")
def test_other_commands_know_runs_in_step(charrnn):
    shown = charrnn("info", "t")
    assert "is causal" in shown.out and shown.out.count(" → ") == 3
    assert json.loads(charrnn("info", "causal", "--json").out)["is_causal"] is True
    assert "symbol errors" in charrnn("plot", "t").out
    runs = charrnn("runs").out
    assert "t " in runs and "causal" in runs
    best = json.loads(charrnn("info", "t", "--json").out)["val_symbol_error_rate"]
    assert f"{100 * (1 - best):.2f} % right" in runs
    assert charrnn("verify", "t").code == 0
    refused = charrnn("sample", "--run", "t")
    assert "is a model of pairs in step; use: charrnn translate --run t" in refused.err
    assert "measures no models of pairs in step" in charrnn("memory", "t").err


@pytest.mark.slow
@pytest.mark.usefixtures("tag_runs")
@pytest.mark.parametrize("name", ["t", "causal"])
def test_the_longest_text_takes_little_memory(name):
    text = ("ael rst " * (in_step.MAX_SOURCE // 8))[: in_step.MAX_SOURCE]
    short = peak_memory("translate", "--run", name, "ael rst")
    assert peak_memory("translate", "--run", name, text) - short < 500 << 20
