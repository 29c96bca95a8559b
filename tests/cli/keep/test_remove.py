"""`charrnn remove` asks on a terminal, and nowhere else removes anything without --yes."""

import io
import signal
import sys
from pathlib import Path

import pytest
from conftest import SMALL, signal_at

pytestmark = pytest.mark.usefixtures("two_runs")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "is_removed"), [("y\n", True), ("\n", False), ("", False)])
def test_on_a_terminal_it_asks_and_says_what_comes_back(charrnn, monkeypatch, answer, is_removed):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    done = charrnn("remove", "a", "names", "a")
    question, _, rest = done.err.partition("[y/N] " if answer else "[y/N] \n")
    assert question.startswith("Remove a, names? This frees ")
    assert "kB of it encoded text that no other run needs)" in question
    assert rest.startswith("charrnn: removed a, names: " if is_removed else "charrnn: nothing was")
    assert (done.code, done.out) == (0, "")
    assert Path("checkpoints/a").exists() is Path("checkpoints/names").exists() is not is_removed


def test_where_nobody_can_be_asked_it_takes_a_flag(charrnn, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    refused = charrnn("remove", "a")
    assert (refused.code, "; add --yes\n" in refused.err) == (2, True)
    assert charrnn("remove", "a", "none", "--yes").code == 4
    assert Path("checkpoints/a").exists()
    done = charrnn("remove", "a", "--yes")
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert not Path("checkpoints/a").exists()
    assert charrnn("sample", "names", "-n", 3).code == 0


def test_the_encoded_text_of_other_runs_is_not_counted(charrnn):
    assert "encoded text" in charrnn("remove", "a", "--yes").err
    assert charrnn("copy", "names", "voice").code == 0
    assert "encoded text" not in charrnn("remove", "voice", "--yes").err


@pytest.mark.parametrize("teacher", ["a", "checkpoints/a/best.safetensors"])
def test_unfinished_runs_that_need_a_teacher_are_named_before_it_asks(
    charrnn, monkeypatch, teacher
):
    taught = ("train", "text.txt", *SMALL, "--steps", 9, "--run", "s", "--teacher", teacher)
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 4, signal.SIGTERM)
        assert charrnn(*taught).code == 143
    line = (
        "charrnn: these unfinished runs learn from what is removed, and cannot be resumed then: s\n"
    )

    def said(*names):
        monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        return charrnn("remove", *names).err

    assert said("a").startswith(f"{line}Remove a? ")
    assert said("names").startswith("Remove names? ")
    assert said("a", "s").startswith("Remove a, s? ")
    assert charrnn("resume", "s").code == 0
    assert said("a").startswith("Remove a? ")
