"""Where words end, as far as one can tell while a text is still being written.

Borders are those of Unicode (UAX #29): "don't", "3.14" and "naïve" are a word each, and where
text has no spaces (Chinese, Japanese, Thai) each character is one. A border may depend on what
comes: after "don'" either the word ended before the apostrophe, or a letter follows and it goes on.

`regex` decides. It treats characters with the same properties alike, so answers are kept by class.
What comes behind the last settled border is a *tail*: no more is needed to go on.

Shapes: V vocabulary.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import regex

Tail = tuple[int, ...]  # classes of characters
MAX_TAIL = 64  # characters; a longer word is judged by its end
MAX_ANSWERS = 20_000  # that are kept

_WORDS = ("ALetter", "Hebrew_Letter", "Katakana", "Numeric")  # values of the property Word_Break
_OTHERS = (
    "CR", "Double_Quote", "Extend", "ExtendNumLet", "Format", "LF", "MidLetter", "MidNum",
    "MidNumLet", "Newline", "Regional_Indicator", "Single_Quote", "WSegSpace", "ZWJ",
)  # fmt: skip
_PROPERTIES = regex.compile("|".join(rf"(\p{{WB={value}}})" for value in _WORDS + _OTHERS))
_PICTURE = regex.compile(r"\p{Extended_Pictographic}")
_BORDER = regex.compile(r"\b", regex.WORD)


class Ended(NamedTuple):
    """What is known of word ends when a character has come after a tail.

    An end is counted back from the new end of the text (1: before the new character); 0 is none.
    """

    tail: Tail  # after the new character
    back: int  # a word ended there, whatever comes
    may_back: int  # a word may have ended there; what comes will tell


class WordBorders:
    """Word ends in texts made of some characters, and any others that are asked for.

    Of bytes (each spelled as the character of that code) all but ASCII are read as letters.
    """

    def __init__(self, characters: Sequence[str], *, are_bytes: bool = False) -> None:
        self.are_bytes = are_bytes
        self._numbers: dict[tuple[int, bool, bool], int] = {}
        self._examples: list[str] = []  # a character of each class
        self._is_word: list[bool] = []  # whether such a character makes a word
        self._after: dict[tuple[Tail, int], Ended] = {}
        self.class_V = np.array([self.class_of(character) for character in characters])

    def class_of(self, character: str) -> int:
        """Return the class of a character."""
        if self.are_bytes and not character.isascii():
            character = "a"
        found = _PROPERTIES.match(character)
        value = found.lastindex or 0 if found else 0
        key = value, character.isalnum(), bool(_PICTURE.match(character))
        if key not in self._numbers:
            self._after.clear()  # there is one more class that may follow
            self._examples.append(character)
            self._is_word.append(character.isalnum() or 0 < value <= len(_WORDS))
            self._numbers[key] = len(self._numbers)
        return self._numbers[key]

    def tail_of(self, text: str) -> Tail:
        """Return the tail of a text."""
        tail: Tail = ()
        for class_ in [self.class_of(character) for character in text[-MAX_TAIL:]]:
            tail = self.after(tail, class_).tail
        return tail

    def is_word(self, classes: Iterable[int]) -> bool:
        """Return whether characters that stand between two borders are a word."""
        return any(self._is_word[class_] for class_ in classes)

    def is_one_word(self, text: str, following: str) -> bool:
        """Return whether a text is one word that ends before a character."""
        tail = self.tail_of(text)
        is_whole = len(tail) == min(len(text), MAX_TAIL) and self.is_word(tail)
        return is_whole and self.after(tail, self.class_of(following)).back == 1

    def after(self, tail: Tail, class_: int) -> Ended:
        """Return what is known when a character of a class has come after a tail."""
        ended = self._after.get((tail, class_))
        if ended is None:
            if len(self._after) >= MAX_ANSWERS:
                self._after.clear()
            ended = self._after[tail, class_] = self._computed((*tail, class_)[-MAX_TAIL:])
        return ended

    def _computed(self, classes: Tail) -> Ended:
        text = "".join(self._examples[class_] for class_ in classes)
        inside = set(range(1, len(text)))
        possible = [
            inside & {border.start() for border in _BORDER.finditer(text + following)}
            for following in self._examples
        ]
        settled = sorted(set.intersection(*possible))
        back, start = 0, 0
        for end in settled:
            if self.is_word(classes[start:end]):
                back = len(classes) - end
            start = end
        open_ends = [end for end in sorted(set.union(*possible)) if end > start]
        may_back = next(
            (len(classes) - end for end in open_ends if self.is_word(classes[start:end])), 0
        )
        return Ended(classes[start:], back, may_back)
