"""A word in place of a typed one, where an edit of one character makes it far likelier.

All words within one edit (a character inserted, left out, replaced, or exchanged with the next) are
compared in their context, by the probability of the word and of the character typed after it. The
likeliest beginnings are read first, several in a step, until a word is complete; what has become as
unlikely as the typed word is dropped on the way.

Shapes: V vocabulary.
"""

import heapq
import math
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from charrnn.generation.typing import tree
from charrnn.generation.typing.forks import Language
from charrnn.generation.typing.tree import Branch
from charrnn.models.step_numpy import blas

MIN_CHARS, MAX_CHARS = 2, 40  # of a word that is looked at
MAX_STEPS = 512  # characters that are read, but for those of the typed word
_AT_ONCE = 32  # characters that are read in one step


class Correction(NamedTuple):
    """A word that is far likelier than the typed one, in its context."""

    word: str
    times_likelier: float


def correction(
    language: Language,
    start: Branch,
    word: str,
    following: str,
    *,
    times_likelier: float,
) -> Correction | None:
    """Return the likeliest word within one edit, if it is so many times likelier than `word`, else
    None.

    About 2 words in 100 are typed wrong, and each can become one of hundreds; so a certain edit
    has a probability of some 1 in 10,000, and a word should be likelier by as much. `start` is what
    the model predicts before the word, `following` the character typed after it.
    """
    known = all(character in language.ids for character in word + following)
    if not known or not MIN_CHARS <= len(word) <= MAX_CHARS:
        return None
    with blas().limit(limits=1, user_api="blas"):  # a step is too small for more threads
        typed = _Typed(language, start, word, following)
        lowest = typed.log_probs[-1] + math.log(times_likelier)
        found = _likeliest(language, typed, lowest) if lowest < 0 else None
    if found is None:
        return None
    return Correction(found.text[:-1], math.exp(found.log_prob - typed.log_probs[-1]))


class _Typed:
    """The typed word and the character after it, and what the model predicts along them."""

    def __init__(self, language: Language, start: Branch, word: str, following: str) -> None:
        self.word, self.following = word, following
        self.branches, self.log_probs = [start], [0.0]  # before each character
        ids = [language.ids[character] for character in word + following]
        for i in ids[:-1]:
            self.log_probs.append(self.log_probs[-1] + float(self.branches[-1].log_prob_V[i]))
            self.branches += tree.read(language.backend, [(self.branches[-1], i)])
        self.log_probs.append(self.log_probs[-1] + float(self.branches[-1].log_prob_V[ids[-1]]))

    def edits(self, characters: list[str]) -> Iterator[tuple[str, int]]:
        """Yield each text within one edit, with the following character, and how many characters it
        begins with as typed.
        """
        word, end = self.word, self.following
        for k in range(len(word) + 1):
            rest = word[k:] + end
            texts = [c + rest for c in characters]  # inserted
            if k < len(word):
                texts += [c + rest[1:] for c in characters]  # replaced
                texts.append(rest[1:])  # left out
            if k + 1 < len(word):
                texts.append(rest[1] + rest[0] + rest[2:])  # exchanged
            yield from ((word[:k] + text, k) for text in texts if text[0] != rest[0])


class _Open(NamedTuple):
    """A text whose beginning was read, in a heap."""

    unlikely: float  # minus the log probability of the beginning and the character after it
    serial: int  # of equals the first is taken
    text: str
    num_read: int
    branch: Branch  # after the beginning

    @property
    def log_prob(self) -> float:
        """The log probability up to the character after the beginning."""
        return -self.unlikely

    @property
    def is_complete(self) -> bool:
        """Whether nothing comes after that character."""
        return self.num_read + 1 == len(self.text)


def _likeliest(language: Language, typed: _Typed, lowest: float) -> _Open | None:
    """Return the likeliest word within one edit, if its log probability is above `lowest`."""
    ids, serial = language.ids, count()
    heap = [
        _Open(-log_prob, next(serial), text, k, typed.branches[k])
        for text, k in dict.fromkeys(typed.edits(language.letters))
        if (log_prob := typed.log_probs[k] + typed.branches[k].log_prob_V[ids[text[k]]]) > lowest
    ]
    heapq.heapify(heap)
    num_left = MAX_STEPS
    while heap and num_left > 0:
        if heap[0].is_complete:
            best = heapq.heappop(heap)
            if language.borders.is_one_word(best.text[:-1], best.text[-1]):
                return best
            continue
        taken: list[_Open] = []
        while heap and not heap[0].is_complete and len(taken) < min(_AT_ONCE, num_left):
            taken.append(heapq.heappop(heap))
        num_left -= len(taken)
        steps = [(each.branch, ids[each.text[each.num_read]]) for each in taken]
        for each, branch in zip(taken, tree.read(language.backend, steps), strict=True):
            k = each.num_read + 1
            log_prob = each.log_prob + float(branch.log_prob_V[ids[each.text[k]]])
            if log_prob > lowest:
                heapq.heappush(heap, _Open(-log_prob, next(serial), each.text, k, branch))
    return None
