"""Somebody who types into the editor and looks at its screen, for tests of this folder."""

import contextlib
import io
import threading

import pyte
from conftest import wait_until
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from charrnn.generation.typing.assistant import DoneWord
from charrnn.generation.typing.corrections import Correction
from charrnn.generation.typing.suggestions import Offer, Suggestion

TAB, RIGHT, CTRL_RIGHT, LEFT = "\t", "\x1b[C", "\x1b[1;5C", "\x1b[D"
BACKSPACE, ENTER, CTRL_C, CTRL_D = "\x7f", "\r", "\x03", "\x04"
PASTE, PASTE_END = "\x1b[200~", "\x1b[201~"


class Scripted:
    """An assistant that knows some texts by heart."""

    def __init__(self, offers=(), corrections=()):
        self._offers, self._corrections = dict(offers), dict(corrections)
        self.asked = []  # texts
        self.may_answer = threading.Event()
        self.may_answer.set()

    def offer(self, text, *, is_stale):
        self.asked.append(text)
        self.may_answer.wait(30)
        if is_stale():
            return None
        *others, ahead = self._offers.get(text, [""])
        typed = text.rpartition(" ")[2]
        return Offer(tuple(Suggestion(one, 0.5, typed) for one in others), ahead)

    def word_done_by(self, text):
        words = text[:-1].split(" ")
        if not text.endswith(" ") or not words[-1]:
            return None
        return DoneWord(len(text) - 1 - len(words[-1]), words[-1], " ")

    def correction(self, text, done):
        word = self._corrections.get(done.word)
        return word and Correction(word, 1e6)

    def first_word(self, before, ahead):
        first = ahead.lstrip().partition(" ")[0]
        return ahead[: ahead.index(first) + len(first)]


class Screen(io.StringIO):
    """A terminal in memory."""

    encoding = "utf-8"

    def __init__(self, columns=80, rows=10):
        super().__init__()
        self.shown = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.shown)
        self.size = Size(rows, columns)

    def write(self, text):
        self._stream.feed(text)
        return len(text)

    def __contains__(self, text):
        return any(text in line for line in self.shown.display)

    def style_of(self, text):
        """The character in which a text begins, with its style."""
        for row, line in enumerate(self.shown.display):
            if text in line:
                return self.shown.buffer[row][line.index(text)]
        raise AssertionError(self.shown.display)


class Typist:
    """An editor that runs in another thread, its keyboard and its screen."""

    def __init__(self, editor, keyboard, screen):
        self._editor, self._keyboard, self.screen = editor, keyboard, screen
        self._output = Vt100_Output(screen, lambda: screen.size, term="xterm", enable_cpr=False)
        self._thread = threading.Thread(target=self._run)
        self.code = self.error = None

    def _run(self):
        try:
            self.code = self._editor.run((self._keyboard, self._output))
        except Exception as error:
            self.error = error

    def begin(self):
        self._thread.start()

    def types(self, *keys):
        self._keyboard.send_text("".join(keys))

    def sees(self, *texts):
        """Wait until all of the texts are on the screen."""
        wait_until(lambda: all(text in self.screen for text in texts), seconds=10)

    def has_written(self, text):
        """Wait until the text is this one."""
        wait_until(lambda: self._editor.text == text, seconds=10)

    def closes(self):
        self._keyboard.close()

    def waits_for_the_end(self):
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.code


@contextlib.contextmanager
def typing_into(editor, **sizes):
    """Yield a typist; the editor is ended at the end."""
    with create_pipe_input() as keyboard:
        typist = Typist(editor, keyboard, Screen(**sizes))
        typist.begin()
        try:
            yield typist
        finally:
            editor.end(0)
            typist.waits_for_the_end()
