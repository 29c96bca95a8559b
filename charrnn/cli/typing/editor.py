"""An editor of a few lines that shows what may come next, on prompt_toolkit.

A key changes the text at once. What the model thinks of it is computed in a thread of its own,
always for the newest text, and shown when it is there:

    keys ──► text ──► thread: read, search ──► grey text ahead, alternatives, corrections
              ▲                                                       │
              ╰───────────────── Tab, Alt-1, a correction ◄───────────╯

Knows the model only as an `Assistant`. It does not know where the text goes in the end.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TextIO

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    FormattedTextControl,
    HSplit,
    Layout,
    VSplit,
    Window,
)
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.output import create_output
from prompt_toolkit.styles import Style

from charrnn._text import one_line
from charrnn.generation.typing.suggestions import Offer

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

    from charrnn.generation.typing.assistant import Assistant, DoneWord
    from charrnn.generation.typing.corrections import Correction

DONE, FAILED, HUNG_UP, INTERRUPTED = 0, 1, 129, 130  # exit codes
_END = "Ctrl-D ends"
_STYLE = Style.from_dict(
    {"ahead": "ansibrightblack italic", "corrected": "underline", "bottom": "ansibrightblack"}
)


def terminal(screen: TextIO) -> "tuple[Input, Output]":
    """Return the keyboard of standard input, and a stream to draw on."""
    return create_input(sys.stdin), create_output(screen)


class _Check(NamedTuple):
    """A word that was done, in the text up to the cursor."""

    text: str
    done: "DoneWord"

    def after(self, made: "_Made") -> "_Check":
        """Return the same word where another one before it was replaced."""
        start, old, _ = made.done
        if self.done.start < start:
            return self
        shift = len(made.word) - len(old)
        text = self.text[:start] + made.word + self.text[start + len(old) :]
        return _Check(text, self.done._replace(start=self.done.start + shift))


class _Made(NamedTuple):
    """A correction that was made."""

    document: Document  # just after it
    done: "DoneWord"
    word: str  # in place of it


class _Answer(NamedTuple):
    """What the model thinks of a text."""

    corrections: "list[tuple[_Check, Correction]]"
    offer: Offer | None  # None: the text has changed meanwhile


class Editor:
    """A text, the keys that change it, and what is shown of it."""

    def __init__(self, assistant: "Assistant", *, corrects: bool = False) -> None:
        self._assistant, self._corrects = assistant, corrects
        self._buffer = Buffer(multiline=True)
        self._buffer.on_text_changed += lambda _: self._note_change()
        self._buffer.on_cursor_position_changed += lambda _: self._ask()
        self._known_text = ""  # before the last change
        self._offer, self._offered_after = Offer(), ""
        self._to_check: list[_Check] = []
        self._made: _Made | None = None  # the last correction, if it was not undone
        self._has_typed_since = False
        self._left_alone: set[str] = set()  # words whose correction was undone
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._code: int | None = None  # the exit code, once it is to end
        self._error: Exception | None = None  # of the model

    @property
    def text(self) -> str:
        """All that was written."""
        return self._buffer.text

    def run(self, terminal: "tuple[Input, Output]") -> int:
        """Let a person write; return the exit code for the way in which that ended.

        Raises what the model raised. The text is kept in any case.
        """
        keyboard, screen = terminal
        self._app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=self._keys(),
            style=_STYLE,
            erase_when_done=True,
            input=keyboard,
            output=screen,
        )
        with ThreadPoolExecutor(1) as thread, contextlib.suppress(EOFError, OSError):
            asyncio.run(self._run(thread))
        if self._error is not None:
            raise self._error
        return HUNG_UP if self._code is None else self._code  # None: the terminal has gone

    async def _run(self, thread: ThreadPoolExecutor) -> None:
        self._ask()
        following = asyncio.create_task(self._follow(thread))
        self._loop = asyncio.get_running_loop()
        try:
            await self._app.run_async(self._end_if_asked, set_exception_handler=False)
        finally:
            self._loop = None
            following.cancel()
            self._ask()  # what is being read is stale

    def end(self, code: int) -> None:
        """End with an exit code, unless it has ended or is about to. A signal may call it."""
        if self._code is None:
            self._code = code
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._end_if_asked)

    def _end_if_asked(self) -> None:
        if self._code is not None and self._app.is_running and not self._app.is_done:
            self._app.exit()

    # What the model is asked, and what becomes of its answer.

    def _note_change(self) -> None:
        """Ask the model about a changed text, and about a word that was just done."""
        text, before = self._buffer.text, self._buffer.document.text_before_cursor
        if self._corrects and len(text) == len(self._known_text) + 1:  # a key, not a pasted text
            done = self._assistant.word_done_by(before)
            if done and done.word not in self._left_alone:
                self._to_check.append(_Check(before, done))
        self._known_text = text
        self._has_typed_since = True
        self._ask()

    def _ask(self) -> None:
        self._changed.set()

    async def _follow(self, thread: ThreadPoolExecutor) -> None:
        """Answer the newest text, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            self._changed.clear()
            before = self._buffer.document.text_before_cursor
            checks, self._to_check = self._to_check, []
            try:
                answer = await loop.run_in_executor(thread, self._answer, before, checks)
            except Exception as error:
                self._error = error
                self.end(FAILED)
                return
            self._correct(answer.corrections)
            if answer.offer is not None:
                self._offer, self._offered_after = answer.offer, before
            self._app.invalidate()

    def _answer(self, before: str, checks: list[_Check]) -> _Answer:
        corrections = [
            (check, correction)
            for check in checks
            if (correction := self._assistant.correction(check.text, check.done))
        ]
        offer = self._assistant.offer(before, is_stale=self._changed.is_set)
        return _Answer(corrections, offer)

    def _correct(self, corrections: "list[tuple[_Check, Correction]]") -> None:
        """Replace words, unless they or what stands before them have changed meanwhile."""
        while corrections:
            (check, correction), *corrections = corrections
            start, word, _ = check.done
            end = start + len(word) + 1  # with the character that showed its end
            if self._buffer.text[:end] != check.text[:end]:
                continue
            self._replace(start, word, correction.word)
            made = self._made = _Made(self._buffer.document, check.done, correction.word)
            self._has_typed_since = False
            corrections = [(later.after(made), found) for later, found in corrections]
            self._to_check = [later.after(made) for later in self._to_check]

    def _replace(self, start: int, old: str, new: str) -> None:
        text, cursor = self._buffer.text, self._buffer.cursor_position
        end = start + len(old)
        self._buffer.save_to_undo_stack()
        moved = cursor + len(new) - len(old) if cursor >= end else cursor
        self._known_text = text[:start] + new + text[end:]  # it was not typed
        self._buffer.document = Document(self._known_text, moved)

    # What is shown.

    def _ahead(self) -> str:
        """Return the rest of what is offered at the end of a line; "" if there is none."""
        document = self._buffer.document
        return "" if document.current_line_after_cursor else self._rest_of(self._offer.ahead)

    def _alternatives(self) -> list[str]:
        """Return the rest of each alternative, and "" for one that was not typed on."""
        return [self._rest_of(one.text) for one in self._offer.alternatives]

    def _rest_of(self, offered: str) -> str:
        document = self._buffer.document
        before = document.text_before_cursor
        if document.current_char.isalnum() or not before.startswith(self._offered_after):
            return ""  # before or within a word, or somewhere else
        typed_since = before[len(self._offered_after) :]
        return offered[len(typed_since) :] if offered.startswith(typed_since) else ""

    def _corrected_span(self) -> tuple[int, int] | None:
        """Return where the last correction stands, if it still does."""
        if self._made is None:
            return None
        start, end = self._made.done.start, self._made.done.start + len(self._made.word)
        is_there = self._buffer.text[:end] == self._made.document.text[:end]
        return (start, end) if is_there else None

    def _can_undo(self) -> bool:
        return (
            self._made is not None
            and not self._has_typed_since
            and self._made.document == self._buffer.document
        )

    def _offered(self) -> StyleAndTextTuples:
        """Return the alternatives, or the correction that was just made."""
        if self._made is not None and self._can_undo():
            made = f"{self._made.done.word} → {self._made.word}"
            return [("", one_line(made)), ("class:bottom", "  Backspace undoes")]
        shown: StyleAndTextTuples = []
        both = zip(self._offer.alternatives, self._alternatives(), strict=True)
        for number, (one, rest) in enumerate(both, 1):
            if rest:
                shown += [("class:bottom", f"{number} "), ("", f"{one_line(one.words)}  ")]
        return [*shown, ("class:bottom", "Tab takes 1, Alt-2 takes 2")] if shown else []

    def _layout(self) -> Layout:
        marks = _Marks(self._ahead, self._corrected_span)
        text = Window(
            BufferControl(self._buffer, input_processors=[marks]),
            wrap_lines=True,
            dont_extend_height=True,
        )
        offered = Window(FormattedTextControl(self._offered))
        end = Window(FormattedTextControl([("class:bottom", _END)]), width=len(_END))
        return Layout(HSplit([text, VSplit([offered, end], height=1, padding=1)]))

    # Keys.

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        has_ahead = Condition(lambda: bool(self._ahead()))

        @keys.add("tab")
        def _(event: KeyPressEvent) -> None:
            self._insert(self._ahead() or next(filter(None, self._alternatives()), ""))

        @keys.add("right", filter=has_ahead)
        def _(event: KeyPressEvent) -> None:
            self._insert(self._ahead())

        @keys.add("c-right", filter=has_ahead)
        def _(event: KeyPressEvent) -> None:
            before = self._buffer.document.text_before_cursor
            self._insert(self._assistant.first_word(before, self._ahead()))

        for number in range(1, 4):
            keys.add("escape", str(number))(self._taking(number))

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            self._insert("\n")

        @keys.add("backspace", filter=Condition(self._can_undo))
        def _(event: KeyPressEvent) -> None:
            self._undo_correction()

        @keys.add("c-d")
        def _(event: KeyPressEvent) -> None:
            self.end(DONE)

        @keys.add("c-c")
        @keys.add("<sigint>")
        def _(event: KeyPressEvent) -> None:
            self.end(INTERRUPTED)

        return keys

    def _taking(self, number: int) -> Callable[[KeyPressEvent], None]:
        """Return the handler of the key that takes an alternative."""

        def take(event: KeyPressEvent) -> None:
            self._insert("".join(self._alternatives()[number - 1 : number]))

        return take

    def _insert(self, text: str) -> None:
        if text:
            self._buffer.insert_text(text)

    def _undo_correction(self) -> None:
        assert self._made is not None
        _, done, word = self._made
        self._left_alone.add(done.word)
        self._made = None
        self._replace(done.start, word, done.word)


class _Marks(Processor):
    """Underlines what was corrected, and shows grey text behind the cursor."""

    def __init__(
        self, ahead: Callable[[], str], corrected: Callable[[], tuple[int, int] | None]
    ) -> None:
        self._ahead, self._corrected = ahead, corrected

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Mark one line."""
        document, line = transformation_input.document, transformation_input.lineno
        fragments = transformation_input.fragments
        span = self._corrected()
        if span is not None and document.translate_index_to_position(span[0])[0] == line:
            fragments = explode_text_fragments(fragments)  # takes its time in a long line
            _, first = document.translate_index_to_position(span[0])
            for column in range(first, min(first + span[1] - span[0], len(fragments))):
                style, character, *_ = fragments[column]
                fragments[column] = (f"{style} class:corrected", character)
        if line == document.cursor_position_row:
            fragments = [*fragments, ("class:ahead", one_line(self._ahead()))]
        return Transformation(fragments)
