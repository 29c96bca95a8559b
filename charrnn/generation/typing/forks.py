"""What may come next in a text, by what it says about word ends.

Shapes: V vocabulary.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from charrnn.data.vocab import IntArray
from charrnn.generation.typing.word_borders import Tail, WordBorders
from charrnn.models.step_backend import StepBackend

MAX_FORKS = 128  # that are kept: some V ids each


class Fork(NamedTuple):
    """The characters that may come next, as ids.

    With those that end a word stands how many characters were read after that end.
    """

    within: IntArray  # no word ended
    ends: list[tuple[int, IntArray]]  # a word ended
    maybe: list[tuple[int, IntArray]]  # a word may have ended; what comes after them will tell
    closing: list[tuple[int, IntArray]]  # a word ended, and so does the record


class Language:
    """A model as a search for words sees it. In a model of bytes each byte is a character."""

    def __init__(
        self,
        backend: StepBackend,
        characters: Sequence[str],
        *,
        are_bytes: bool = False,
        unknown_id: int | None = None,
        record_end: str = "",
    ) -> None:
        """`unknown_id` and what comes after `record_end` are never suggested."""
        self.backend, self.characters = backend, characters
        self.borders = WordBorders(characters, are_bytes=are_bytes)
        self._unknown_id, self._record_end = unknown_id, record_end
        self._forks: dict[tuple[Tail, int, bool], Fork] = {}

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each character that may be suggested."""
        every = {character: i for i, character in enumerate(self.characters)}
        return {character: i for character, i in every.items() if i != self._unknown_id}

    @cached_property
    def letters(self) -> list[str]:
        """The characters that can stand within a word; of bytes, those of ASCII."""
        possible = [c for c in self.ids if c.isascii() or not self.borders.are_bytes]
        return [c for c in possible if self.borders.is_one_word(f"a{c}a", " ")]

    def tail(self, tail: Tail, i: int) -> Tail:
        """Return the tail after one more character."""
        return self.borders.after(tail, int(self.borders.class_V[i])).tail

    def fork(self, tail: Tail, text: str, *, num_ahead: int) -> Fork:
        """Return what may follow a text with this tail.

        Only the word ends within its last `num_ahead` characters count, the one behind it included.
        """
        may_close = bool(self._record_end) and text.endswith(self._record_end[:-1])
        key = tail, min(num_ahead, len(tail)), may_close
        fork = self._forks.get(key)
        if fork is None:
            if len(self._forks) >= MAX_FORKS:
                self._forks.clear()
            fork = self._forks[key] = self._computed(*key)
        return fork

    def _computed(self, tail: Tail, num_ahead: int, may_close: bool) -> Fork:
        class_V = self.borders.class_V
        ended = [self.borders.after(tail, class_) for class_ in range(int(class_V.max()) + 1)]
        back_V, may_V = (
            np.where(back_C <= num_ahead, back_C, 0)[class_V]
            for back_C in np.array([(each.back, each.may_back) for each in ended]).T
        )
        closes_V = np.array([may_close and c == self._record_end[-1] for c in self.characters])
        is_open_V = ~closes_V
        if self._unknown_id is not None:
            is_open_V[self._unknown_id] = False
        may_V[back_V > 0] = 0
        return Fork(
            np.flatnonzero(is_open_V & (back_V == 0) & (may_V == 0)),
            _by_end(back_V * is_open_V),
            _by_end(may_V * is_open_V),
            _by_end(back_V * closes_V),
        )


def _by_end(back_V: IntArray) -> list[tuple[int, IntArray]]:
    """Return the characters behind each word end, which is counted back from the end of the text
    with such a character: 1 is before it.
    """
    places = np.unique(back_V[back_V > 0]).tolist()
    return [(back - 1, np.flatnonzero(back_V == back)) for back in places]
