"""`charrnn translate`: lines in, translations out, in order."""

import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from test_translator import LETTERS, PHONES, translator

from charrnn.cli import inputs
from charrnn.config import PairsConfig
from charrnn.generation.translation.translator import Translator


@pytest.fixture
def made(monkeypatch):
    """The translator of the run that every command uses."""
    return use(monkeypatch, translator())


def use(monkeypatch, made, **data):
    checkpoint = SimpleNamespace(data=PairsConfig(**data))
    monkeypatch.setattr(inputs, "checkpoints_of", lambda runs, task: [checkpoint])
    monkeypatch.setattr(Translator, "of", lambda checkpoints, name="": made)
    return made


@pytest.fixture
def pipe(monkeypatch):
    """Put bytes into standard input."""

    def put(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def texts(made, *lines):
    return [made.translate(line)[0].text for line in lines]


def test_each_text_is_answered_by_a_line(charrnn, made):
    done = charrnn("translate", "ab", "cab", "e")
    assert done.code == 0
    assert done.out.splitlines() == texts(made, "ab", "cab", "e")
    assert len(set(done.out.splitlines())) > 1


def test_lines_of_a_text_and_of_a_pipe_are_answered_in_order(charrnn, made, pipe):
    lines = ["abc", "", "de", "a"]
    assert charrnn("translate", "\n".join(lines) + "\n").out.splitlines() == texts(made, *lines)
    pipe("\r\n".join(lines).encode())
    assert charrnn("translate", "-").out.splitlines() == texts(made, *lines)
    pipe(b"c\nb\n")
    assert charrnn("translate", "a", "-", "e").out.splitlines() == texts(made, *"acbe")


def test_an_empty_line_is_answered_by_an_empty_line(charrnn, made, pipe):
    pipe(b"\n\na\n")
    assert charrnn("translate", "-").out == "\n\n" + texts(made, "a")[0] + "\n"
    pipe(b"")
    done = charrnn("translate", "-")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_line_is_answered_before_the_next_one_comes(charrnn, made, monkeypatch):
    """Each line is written when the one before has been answered, as a person would."""
    answers = []

    class Patient(io.RawIOBase):
        lines = iter([b"ab\n", b"cab\n", b"e"])

        def readable(self):
            return True

        def readinto(self, buffer):
            answers.append(os.lseek(out.fileno(), 0, os.SEEK_END))
            line = next(self.lines, b"")
            buffer[: len(line)] = line
            return len(line)

    with open("out", "w+") as out:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Patient())))
        monkeypatch.setattr(sys, "stdout", out)
        charrnn("translate", "-")
        out.seek(0)
        expected = [len(text.encode()) + 1 for text in texts(made, "ab", "cab", "e")]
        assert out.read().splitlines() == texts(made, "ab", "cab", "e")
    ends = np.cumsum(expected)
    assert answers[:4] == [0, ends[0], ends[1], ends[1]]  # the last line ended with the pipe


def test_json_has_symbols_and_alignment(charrnn, made):
    (line,) = charrnn("translate", "bce", "--json").out.splitlines()
    facts = json.loads(line)
    (expected,) = made.translate("bce", with_alignment=True)
    assert facts["source"] == "bce"
    assert facts["text"] == expected.text
    assert facts["log_probability"] == pytest.approx(expected.log_probability, abs=1e-4)
    assert facts["complete"] == expected.is_complete
    assert (facts["source_symbols"], facts["symbols"]) == ([*"bce"], expected.text.split())
    np.testing.assert_allclose(facts["alignment"], expected.alignment_TS, atol=1e-4)
    facts = json.loads(charrnn("translate", "", "--json").out)
    assert (facts["text"], facts["log_probability"], facts["alignment"]) == ("", 0, None)


def test_unknown_symbols_are_named_once(charrnn, made, pipe):
    pipe("aß\nßé\n".encode())
    done = charrnn("translate", "-")
    assert done.out.splitlines() == texts(made, "aß", "ßé")
    assert done.err.startswith(
        "charrnn: the model never saw 'ß' (U+00DF), 'é' (U+00E9): read as an unknown symbol\n"
    )
    assert done.err.count("never saw") == 1
    many = charrnn("translate", "UVWXYZ").err
    assert "'Y' (U+0059), …: read as" in many


def test_unknown_symbols_between_spaces_are_named_whole(charrnn, monkeypatch):
    use(monkeypatch, translator(PHONES, LETTERS))
    assert "never saw 'zz'" in charrnn("translate", "x zz yy").err


def test_what_is_cut_off_is_told(charrnn, monkeypatch):
    made = use(monkeypatch, translator(max_length=1))
    lines = ["ab", "cab", "e", "ddd"]
    num_cut = sum(not made.translate(line)[0].is_complete for line in lines)
    assert num_cut
    told = charrnn("translate", *lines).err
    assert told.startswith(f"charrnn: {num_cut} translation")
    assert told.endswith(" without an end: cut off at the longest length\n")


def test_a_pipe_is_decoded_as_the_pairs_were(charrnn, monkeypatch, pipe):
    made = use(monkeypatch, translator(), encoding="utf-16", errors="skip")
    pipe("ab\ne\n".encode("utf-16"))
    assert charrnn("translate", "-").out.splitlines() == texts(made, "ab", "e")
    pipe(b"ab\na\xffb\ne\n")
    done = charrnn("translate", "-", "--encoding", "utf-8")
    assert done.out.splitlines() == texts(made, "ab", "a\ufffdb", "e")
    use(monkeypatch, made)
    pipe(b"ab\na\xffb\ne\n")
    assert "standard input is not utf-8: byte 4" in charrnn("translate", "-").err


def test_the_alignment_is_drawn_below_the_text(charrnn, made):
    done = charrnn("translate", "bce", "--attention")
    (text,) = texts(made, "bce")
    first, *drawn = done.out.splitlines()
    assert first == text
    assert [line[0] for line in drawn if "│" in line] == [symbol[0] for symbol in text.split()]


def test_the_alignment_is_exported(charrnn, made):
    done = charrnn("translate", "bce", "--export", "a.svg")
    assert (done.code, done.out.splitlines()) == (0, texts(made, "bce"))
    assert done.err.startswith("charrnn: wrote a.svg\n")
    assert "<svg" in Path("a.svg").read_text(encoding="utf-8")


def test_a_model_without_attention_has_nothing_to_draw(charrnn, monkeypatch):
    use(monkeypatch, translator(attention="none"))
    for wish in (("--attention",), ("--export", "a.svg")):
        done = charrnn("translate", "a", *wish)
        assert (done.code, done.out) == (2, "")
        assert "this model has no attention to draw; train one without" in done.err
    assert charrnn("translate", "a", "--json").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "there is no text to translate; type it, or - to read lines from standard input"),
        (["a", "--beam", 2, "--temp", 1], "--beam and --temp were both given; choose one"),
        (["a", "--seed", 2], "--seed says nothing without --temp; add --temp 1, or leave it out"),
        (["a", "--beam", 2, "--num", 3], "--beam 2 finds at most 2 translations; --num 3 needs"),
        (["a", "b", "--export", "a.svg"], "--export draws one translation; give it one TEXT"),
        (["-", "--export", "a.svg"], "--export draws one translation; give it one TEXT"),
        (["a", "--export", "a.gif"], "a.gif"),
        (["a", "--json", "--attention"], "--json and --attention were both given; choose one"),
        (["-abc"], "a text that begins with - comes after --: charrnn translate -- -abc"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_line(charrnn, made, arguments, told):
    done = charrnn("translate", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert done.err.count("\n") == 1


def test_a_text_that_is_not_utf8_is_refused(charrnn, made):
    done = charrnn("translate", "a", os.fsdecode(b"b\xff"))
    assert (done.code, done.out) == (2, "")
    assert "the text is not UTF-8: character 2; pipe it in" in done.err


def test_a_text_that_is_the_name_of_a_file_is_translated_and_mentioned(charrnn, made):
    Path("abc").touch()
    done = charrnn("translate", "abc")
    assert done.out.splitlines() == texts(made, "abc")
    assert "abc is also a file; to translate its lines: charrnn translate - < abc" in done.err
