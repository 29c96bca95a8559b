"""`charrnn write` on a terminal, as a program."""

import contextlib
import os
import select
import signal
import struct
import sys
import time
from pathlib import Path

import pyte
import pytest
from conftest import start

fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))
pytest.importorskip("prompt_toolkit")


class Terminal:
    """A terminal on which `charrnn write` runs."""

    def __init__(self, *arguments, stdout=None):
        self._ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 80, 0, 0))
        self._shown = pyte.Screen(80, 12)
        self._stream = pyte.ByteStream(self._shown)
        self.process = start(
            "write", *arguments, stdin=its, stdout=stdout or its, stderr=its,
            env={**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            preexec_fn=_leading,
        )  # fmt: skip
        os.close(its)

    def types(self, text):
        os.write(self._ours, text.encode())

    def sees(self, text, *, seconds=20):
        """Wait until a text is on the screen."""
        end = time.monotonic() + seconds
        while not any(text in line for line in self.lines):
            assert time.monotonic() < end, self.lines
            self._look()

    def _look(self):
        if select.select([self._ours], [], [], 0.05)[0]:
            with contextlib.suppress(OSError):  # it has ended
                self._stream.feed(os.read(self._ours, 65_536))

    @property
    def lines(self):
        return [line.rstrip() for line in self._shown.display if line.strip()]

    def ended(self):
        """Wait for the end; return the exit code."""
        while self.process.poll() is None:
            self._look()
        self._look()
        return self.process.returncode

    def closes(self):
        os.close(self._ours)


def _leading():
    """Make this process the one that the terminal's hang-up is told."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_it_suggests_and_ctrl_c_prints_what_was_written(trained):
    terminal = Terminal()
    terminal.sees("Ctrl-D ends")
    terminal.types("Some te")
    terminal.sees("1 te")
    (line,) = [line for line in terminal.lines if line.startswith("Some te")]
    assert len(line) > len("Some te")
    terminal.types("\t!\r\x03")
    assert terminal.ended() == 130
    assert terminal.lines == [f"{line}!"]


class HungUp:
    """An editor whose terminal is hung up, once while it runs and once when it has ended."""

    def __init__(self, assistant, *, corrects):
        self.code = None

    def end(self, code):
        self.code = code

    def run(self, terminal):
        os.kill(os.getpid(), signal.SIGHUP)
        return self.code

    @property
    def text(self):
        os.kill(os.getpid(), signal.SIGHUP)
        return "kept"


def test_hang_ups_while_the_text_is_being_written_change_nothing(charrnn, trained, monkeypatch):
    before = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("charrnn.cli.typing.editor.Editor", HungUp)
    monkeypatch.setattr("charrnn.cli.typing.editor.terminal", lambda screen: None)
    done = charrnn("write", "-o", "new.txt")
    assert (done.code, done.err) == (129, "charrnn: wrote new.txt\n")
    assert Path("new.txt").read_text() == "kept\n"
    assert signal.getsignal(signal.SIGHUP) == before


@pytest.mark.slow
def test_a_terminal_that_closes_takes_no_text_with_it(trained):
    terminal = Terminal("a")
    terminal.sees("Ctrl-D ends")
    terminal.types("not lost")
    terminal.sees("not lost")
    terminal.closes()
    assert terminal.process.wait(20) == 6
    (kept,) = Path.cwd().glob("written-*.txt")
    assert kept.read_text() == "not lost\n"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_the_text_in_a_pipe(trained, number):
    with open("out.txt", "wb") as out:
        terminal = Terminal(stdout=out)
        terminal.sees("Ctrl-D ends")
        terminal.types("in a pipe")
        terminal.sees("in a pipe")
        terminal.process.send_signal(number)
        assert terminal.ended() == 128 + number
    assert Path("out.txt").read_text() == "in a pipe\n"


@pytest.mark.slow
def test_a_text_goes_to_a_new_file(trained):
    terminal = Terminal("-o", "new.txt", "--correct")
    terminal.sees("Ctrl-D ends")
    terminal.types("for a file\x04")
    assert terminal.ended() == 0
    assert terminal.lines == ["charrnn: wrote new.txt"]
    assert Path("new.txt").read_text() == "for a file\n"


def test_without_a_terminal_it_is_one_line(charrnn, trained):
    done = charrnn("write")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "charrnn: write needs a terminal to type in; for a text in a pipe: charrnn suggest -\n"
    )


def test_without_prompt_toolkit_it_says_what_to_install(charrnn, trained, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "charrnn.cli.typing.editor", None)
    done = charrnn("write")
    assert (done.code, done.out) == (2, "")
    assert "write needs prompt_toolkit; install it: pip install 'charrnn[write]'" in done.err


def test_a_file_that_exists_is_refused_before_anything_is_typed(charrnn, trained):
    done = charrnn("write", "-o", "corpus.txt")
    assert (done.code, done.out) == (2, "")
    assert "corpus.txt exists, and write replaces no file" in done.err
