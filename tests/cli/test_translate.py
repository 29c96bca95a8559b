"""`charrnn translate`: lines in, translations out, in order."""

import io
import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from test_translator import LETTERS, PHONES, translator

from charrnn._text import visible
from charrnn.cli import inputs
from charrnn.cli.console.streams import TextWriter
from charrnn.config import PairsConfig
from charrnn.data.pairs.symbols import Side
from charrnn.data.vocab import Vocab
from charrnn.generation.translation.translator import Translator


@pytest.fixture
def made(monkeypatch):
    """The translator of the run that every command uses."""
    return use(monkeypatch, translator())


def use(monkeypatch, made, **data):
    checkpoint = SimpleNamespace(task="seq2seq", data=PairsConfig(**data))
    monkeypatch.setattr(inputs, "checkpoints_of", lambda runs, tasks: [checkpoint])
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


def test_json_has_symbols_and_alignment(charrnn, made, monkeypatch):
    (line,) = charrnn("translate", "bce", "--json").out.splitlines()
    facts = json.loads(line)
    (expected,) = made.translate("bce", with_alignment=True)
    assert facts["source"] == "bce"
    assert facts["text"] == expected.text
    assert facts["log_probability"] == pytest.approx(expected.log_probability, abs=1e-4)
    assert facts["complete"] == expected.is_complete
    assert (facts["source_symbols"], facts["symbols"]) == ([*"bce"], expected.text.split())
    np.testing.assert_allclose(facts["alignment"], expected.alignment_TS, atol=1e-4)
    monkeypatch.setattr("charrnn.generation.translation.target_writer.MAX_ALIGNMENT", 2)
    done = charrnn("translate", "bce", "--json")
    assert json.loads(done.out) == {**facts, "alignment": None}
    assert "charrnn: left out 1 alignment: too large\n" in done.err
    for flags in (["--attention"], ["--export", "a.svg"]):
        refused = charrnn("translate", "bce", *flags)
        assert (refused.code, refused.out) == (2, f"{expected.text}\n")
        assert "the alignment is too large to draw; translate a part of the text" in refused.err
    facts = json.loads(charrnn("translate", "", "--json").out)
    assert (facts["text"], facts["log_probability"], facts["alignment"]) == ("", 0, None)


def test_a_beam_writes_the_best_or_the_best_few_with_their_scores(charrnn, made, pipe):
    (best, *_) = made.translate("cab", beam=3)
    assert charrnn("translate", "cab", "--beam", 3).out == f"{best.text}\n"
    few = [made.translate(text, beam=4, num=2) for text in ("cab", "e")]
    pipe(b"cab\ne\n")
    first, second = (
        "".join(f"{each.score:.4f}\t{each.text}\n" for each in translations) for translations in few
    )
    done = charrnn("translate", "-", "--beam", 4, "--num", 2)
    assert done.out == f"{first}\n{second}"
    facts = [
        json.loads(line)
        for line in charrnn("translate", "cab", "--beam", 4, "--num", 2, "--json").out.splitlines()
    ]
    assert [each["text"] for each in facts] == [each.text for each in few[0]]
    assert [each["score"] for each in facts] == [round(each.score, 4) for each in few[0]]


def test_draws_depend_on_the_seed_and_the_number_of_the_line_alone(charrnn, made, pipe):
    wish = ("--temp", 1.5, "--seed", 7)
    drawn = [texts[0].text for texts in made.translate_many("abab", temperature=1.5, seed=7)]
    assert len(set(drawn)) > 2
    assert charrnn("translate", *"abab", *wish).out.splitlines() == drawn
    pipe(b"b\na\n")
    assert charrnn("translate", "a", "-", "b", *wish).out.splitlines() == drawn
    told = charrnn("translate", "a", "--temp", 1.5)
    seed = re.search(r"seed (\d+) \(repeat with --seed \1\)", told.err).group(1)
    assert charrnn("translate", "a", "--temp", 1.5, "--seed", seed).out == told.out


def test_on_a_terminal_each_character_is_written_as_it_comes(on_a_terminal, made, monkeypatch):
    written = []
    write = TextWriter.__call__
    monkeypatch.setattr(
        TextWriter, "__call__", lambda self, text: (written.append(text), write(self, text))
    )
    shown = on_a_terminal("translate", "ab", "cab")
    assert [line for line in shown.split("\r\n") if line][:2] == texts(made, "ab", "cab")
    assert "".join(written).splitlines() == texts(made, "ab", "cab")
    assert len(written) > 4
    drawn = [each[0].text for each in made.translate_many("ab", temperature=1.5, seed=7)]
    shown = on_a_terminal("translate", "a", "b", "--temp", 1.5, "--seed", 7)
    assert [line for line in shown.split("\r\n") if line][:2] == drawn


def test_control_characters_are_symbols_on_a_terminal(on_a_terminal, charrnn, monkeypatch):
    made = use(monkeypatch, translator(target=Side(Vocab((7, 27, 0x9B)))))
    (text,) = texts(made, "abc")
    assert charrnn("translate", "abc").out == text + "\n"
    for wish in ((), ("--num", 2), ("--attention",)):
        shown = on_a_terminal("translate", "abc", *wish)
        assert "--num" in wish or visible(text) in shown
        assert not {"\x07", "\x9b"} & {*shown}


@pytest.mark.parametrize("wish", [(), ("--attention",), ("--num", 3)])
def test_nothing_is_coloured_where_no_colour_is_wanted(on_a_terminal, made, monkeypatch, wish):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in on_a_terminal("translate", "abcabcabc", *wish, columns=40)


def test_the_unrolled_network_is_drawn(charrnn, made):
    done = charrnn("translate", "bce", "--unrolled", "net.html", "--export", "a.svg")
    assert done.out.splitlines() == texts(made, "bce")
    assert done.err.startswith("charrnn: wrote a.svg\ncharrnn: wrote net.html\n")
    assert "<svg" in Path("net.html").read_text(encoding="utf-8")


def test_a_picture_of_a_part_of_a_long_pair_is_told(charrnn, made):
    told = charrnn("translate", "abc" * 20, "--unrolled", "net.svg").err
    assert "wrote net.svg (drawn: the first 40 of 60 symbols of the source)" in told


def test_a_text_that_is_too_long_is_refused_after_those_before_it(charrnn, made, monkeypatch):
    monkeypatch.setattr("charrnn.generation.translation.translator.MAX_SOURCE", 4)
    done = charrnn("translate", "ab", "abcde", "ab")
    assert (done.code, done.out.splitlines()) == (2, texts(made, "ab"))
    assert "charrnn: line 2: a text of 5 symbols is too long to translate; at" in done.err


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
    made = use(monkeypatch, translator(longest=(1, 0)))
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


@pytest.mark.parametrize("flag", ["--export", "--unrolled"])
def test_there_is_no_picture_of_an_empty_text(charrnn, made, flag):
    done = charrnn("translate", "", flag, "a.svg")
    assert (done.code, done.out) == (2, "\n")
    assert "there is no symbol to draw; give it a text" in done.err
    assert not Path("a.svg").exists()


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
        (["a", "--beam", 0], "--beam 0 is out of range; it must be from 1 to 1024"),
        (["a", "b", "--export", "a.svg"], "--export draws one translation; give it one TEXT"),
        (["a", "--num", 2, "--unrolled", "a.svg"], "--unrolled draws one translation; give it"),
        (["-", "--export", "a.svg"], "--export draws one translation; give it one TEXT"),
        (["a", "--export", "a.gif"], "a.gif"),
        (["a", "--export", "a.svg", "--unrolled", "./a.svg"], "are both a.svg; name two files"),
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
