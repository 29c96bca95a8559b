"""What is offered to a person who is writing: words ahead, and corrections of words behind."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from charrnn.generation.typing.corrections import Correction
from charrnn.generation.typing.positions import Positions
from charrnn.generation.typing.suggestions import Offer
from charrnn.generation.typing.word_borders import MAX_TAIL

if TYPE_CHECKING:
    from charrnn.generation.model import Model

_LOOKED_AT = 2 * MAX_TAIL  # characters at the end of a text, for the word in which it ends


class DoneWord(NamedTuple):
    """A word whose end has just been typed."""

    start: int  # its place in the text
    word: str
    following: str  # the character after it


class Assistant:
    """A model that follows a text, wherever it is changed. For one thread at a time."""

    def __init__(self, model: "Model", *, num: int = 3, words: int = 1) -> None:
        self._model, self._num, self._words = model, num, words
        self._positions = Positions(model)

    def offer(self, text: str, *, is_stale: Callable[[], bool] = lambda: False) -> Offer | None:
        """Return what may follow a text; None if `is_stale` while it is read."""
        cursor = self._positions.cursor_after(_encodable(text), is_stale=is_stale)
        return None if cursor is None else cursor.offer(self._num, words=self._words)

    def correction(self, text: str, done: DoneWord) -> Correction | None:
        """Return a word that is far likelier than one of the text, within one edit, or None."""
        cursor = self._positions.cursor_after(_encodable(text[: done.start]))
        assert cursor is not None
        return cursor.correction(done.word, done.following)

    def word_done_by(self, text: str) -> DoneWord | None:
        """Return the word whose end the last character of a text shows, or None."""
        borders = self._model.language.borders
        last = _encodable(text[-_LOOKED_AT:])
        tail = borders.tail_of(last[:-1])
        back = borders.after(tail, borders.class_of(last[-1:])).back if last else 0
        if not back:
            return None
        end = len(text) - back
        start = len(text) - 1 - len(tail)
        return DoneWord(start, text[start:end], text[end])

    def first_word(self, before: str, ahead: str) -> str:
        """Return what is ahead of a text up to the end of its first word."""
        borders = self._model.language.borders
        tail = borders.tail_of(before)
        for k, character in enumerate(ahead):
            ended = borders.after(tail, borders.class_of(character))
            tail = ended.tail
            if 0 < ended.back <= k:
                return ahead[: k + 1 - ended.back]
        return ahead


def _encodable(text: str) -> str:
    """Return a text with a question mark for each half of a surrogate pair, as a terminal gives for
    bytes that are not UTF-8.
    """
    return text.encode("utf-8", "replace").decode("utf-8")
