"""The likeliest ways in which a text goes on to the end of a word: a best-first search.

It begins where the text stands, and reads the likeliest of all characters that are still open,
wherever in the tree they are. Probabilities only fall along a branch, so what is found first is the
likeliest:

    I am go ┬ i ─ n ─ g ┐     Here a word ended before what follows, whatever that is:
            ├ o ─ d ┐         the probability of "ing" is the sum over all of it.
            └ ␣ ┬ t ─ o ┐
                └ h ─ o ─ m ─ e ┐

Where several words are wanted, the likeliest beginnings are kept after each.

Shapes: V vocabulary.
"""

import heapq
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import numpy as np

from charrnn.data.vocab import IntArray
from charrnn.generation.typing import tree
from charrnn.generation.typing.forks import Fork, Language
from charrnn.generation.typing.tree import Branch
from charrnn.generation.typing.word_borders import Tail, WordBorders
from charrnn.models.step_numpy import blas

MAX_STEPS = 256  # characters that are read in search of a word, but for those of `_finish`
MAX_CHARS = 64  # of a word and what stands before it; nothing longer is found
_AT_ONCE = 16  # characters that are read in one step
_MIN_KEPT = 8  # beginnings that are kept after each word but the last


@dataclass(frozen=True)
class Suggestion:
    """A way in which a text may go on, to the end of a word.

    `prob` is the probability that the text goes on with exactly `text` and that a word ends there:
    the sum over everything that may follow and shows it, such as a space after "going". So
    different suggestions exclude each other, and their probabilities add up.
    """

    text: str
    prob: float
    typed: str = ""  # the beginning of the word at hand, but for what the model does not know

    @property
    def words(self) -> str:
        """The word at hand and what is suggested, without white space before it."""
        return (self.typed + self.text).lstrip()


@dataclass(frozen=True)
class Offer:
    """What to show a person who is writing."""

    alternatives: tuple[Suggestion, ...] = ()  # to the end of a word, the likeliest first
    ahead: str = ""  # the first of them, and words after it


def suggest(
    language: Language, start: Branch, before: str, num: int, *, words: int = 1
) -> list[Suggestion]:
    """Return the `num` likeliest ways to go on to the `words`-th word end ahead, or to the end of
    the record if it comes first; fewer if no more are found.

    `before` is the text so far, or its end; `start` is what the model predicts after it. For each
    word at most `MAX_STEPS` characters are read in search of the likeliest; if these were too few,
    the `num` likeliest beginnings are followed to their likeliest ends, and `prob` may lack a part.
    Of several words, only what begins with one of the likeliest is found.
    """
    with _one_thread():
        search = _WordSearch.at_the_end(language, start, before)
        ended: list[_Completion] = []
        for _ in range(words - 1):
            kept = search.likeliest(max(num, _MIN_KEPT))
            ended += [completion.ended() for completion in kept]
            search = search.after(*kept)
        best = _best(ended + search.likeliest(num), num)
    typed = typed_word(language.borders, before)
    return [Suggestion(each.text, each.prob, typed) for each in best]


def offer(language: Language, start: Branch, before: str, num: int, *, words: int = 1) -> Offer:
    """Return what `suggest` finds for one word, and the likeliest of it with the likeliest words
    after it, one after another.
    """
    with _one_thread():
        search = _WordSearch.at_the_end(language, start, before)
        best = ahead = search.likeliest(num)
        for _ in range(words - 1):
            search = search.after(*ahead[:1])
            ahead = search.likeliest(1) or ahead
    typed = typed_word(language.borders, before)
    alternatives = tuple(Suggestion(each.text, each.prob, typed) for each in best)
    return Offer(alternatives, ahead[0].text if ahead else "")


def _one_thread() -> AbstractContextManager[object]:
    """Limit BLAS: a step is too small for more threads."""
    limit: AbstractContextManager[object] = blas().limit(limits=1, user_api="blas")
    return limit


def typed_word(borders: WordBorders, text: str) -> str:
    """Return the word in which a text ends, or "" if it ends between two."""
    tail = borders.tail_of(text)
    return text[len(text) - len(tail) :] if borders.is_word(tail) else ""


class _Beginning(NamedTuple):
    """A way to go on that has been read."""

    text: str
    log_prob: float
    tail: Tail
    branch: Branch

    def prob(self, ids: IntArray) -> float:
        """Return the probability of this beginning with one of some characters after it."""
        return float(np.exp(self.log_prob + self.branch.log_prob_V[ids]).sum())


@dataclass
class _Completion:
    """A way to go on at whose end a word ends."""

    text: str
    prob: float = 0.0
    ending_prob: float = 0.0  # the part of `prob` where the record ends as well
    onward: list[tuple[_Beginning, IntArray]] = field(default_factory=list)  # ids that show the end

    def ended(self) -> "_Completion":
        """Return the part of it where the record ends as well."""
        return _Completion(self.text, self.ending_prob)


class _Open(NamedTuple):
    """Characters that may follow a beginning, in a heap."""

    lowest: float  # minus the largest probability of what may be found there
    serial: int  # of equals the first is taken
    beginning: _Beginning
    ids: list[int]  # the likeliest first
    bounds: list[float]  # the largest probability of what may be found there, for each
    num_taken: int


class _WordSearch:
    """The search for one word end."""

    def __init__(self, language: Language, before: str) -> None:
        self._language, self._before = language, before
        self._heap: list[_Open] = []
        self._serial = count()
        self._completions: dict[str, _Completion] = {}

    @classmethod
    def at_the_end(cls, language: Language, start: Branch, before: str) -> "_WordSearch":
        """Return a search for the first word end ahead of a text."""
        search = cls(language, before)
        search._grow(_Beginning("", 0.0, language.borders.tail_of(before), start))
        return search

    def after(self, *completions: _Completion) -> "_WordSearch":
        """Return a search for the next word end after some that were found."""
        search = _WordSearch(self._language, self._before)
        for completion in completions:
            for beginning, ids in completion.onward:
                search._open(beginning, ids)
        return search

    def _grow(self, beginning: _Beginning) -> None:
        """Note the words that end at a beginning, and open what may follow it."""
        fork = self._fork(beginning)
        for num_after, ids in fork.ends:
            completion = self._completion(beginning, num_after)
            completion.prob += beginning.prob(ids)
            completion.onward.append((beginning, ids))
        for num_after, ids in fork.closing:
            completion = self._completion(beginning, num_after)
            completion.prob += beginning.prob(ids)
            completion.ending_prob += beginning.prob(ids)
        if len(beginning.text) < MAX_CHARS:
            for num_after, ids in fork.maybe:
                bound = self._completion(beginning, num_after).prob + beginning.prob(ids)
                for i in ids.tolist():
                    self._push(beginning, [i], [bound])
            self._open(beginning, fork.within)

    def likeliest(self, num: int) -> list[_Completion]:
        """Return the likeliest completions."""
        num_left = MAX_STEPS
        while self._heap and num_left > 0 and not self._is_found(num):
            steps = self._take(min(_AT_ONCE, num_left))
            num_left -= len(steps)
            self._read(steps)
        if len(_best(self._completions.values(), num)) < num:
            self._finish(self._take(num))
        return _best(self._completions.values(), num)

    def _is_found(self, num: int) -> bool:
        """Return whether nothing that is open can be, or add to, one of the likeliest."""
        best = _best(self._completions.values(), num)
        return len(best) == num and best[-1].prob >= -self._heap[0].lowest

    def _fork(self, beginning: _Beginning) -> Fork:
        text = self._before + beginning.text
        return self._language.fork(beginning.tail, text, num_ahead=len(beginning.text))

    def _completion(self, beginning: _Beginning, num_after: int) -> _Completion:
        text = beginning.text[: len(beginning.text) - num_after]
        return self._completions.setdefault(text, _Completion(text))

    def _open(self, beginning: _Beginning, ids: IntArray) -> None:
        """Put characters that may follow a beginning into the heap."""
        prob = np.exp(beginning.log_prob + beginning.branch.log_prob_V[ids])
        if len(ids) > MAX_STEPS:  # no more can be read
            likeliest = np.argpartition(-prob, MAX_STEPS)[:MAX_STEPS]
            ids, prob = ids[likeliest], prob[likeliest]
        order = np.argsort(-prob, kind="stable")
        self._push(beginning, ids[order].tolist(), prob[order].tolist())

    def _push(
        self, beginning: _Beginning, ids: list[int], bounds: list[float], num_taken: int = 0
    ) -> None:
        if num_taken < len(ids):
            place = -bounds[num_taken], next(self._serial)
            heapq.heappush(self._heap, _Open(*place, beginning, ids, bounds, num_taken))

    def _take(self, num: int) -> list[tuple[_Beginning, int]]:
        """Take the likeliest characters out of the heap, each with the beginning before it."""
        taken: list[tuple[_Beginning, int]] = []
        while self._heap and len(taken) < num:
            _, _, beginning, ids, bounds, num_taken = heapq.heappop(self._heap)
            taken.append((beginning, ids[num_taken]))
            self._push(beginning, ids, bounds, num_taken + 1)
        return taken

    def _read(self, steps: Sequence[tuple[_Beginning, int]]) -> list[_Beginning]:
        """Read characters in one step; grow what they lead to, and return it."""
        language = self._language
        branches = tree.read(language.backend, [(beginning.branch, i) for beginning, i in steps])
        grown = [
            _Beginning(
                beginning.text + language.characters[i],
                beginning.log_prob + float(beginning.branch.log_prob_V[i]),
                language.tail(beginning.tail, i),
                branch,
            )
            for (beginning, i), branch in zip(steps, branches, strict=True)
        ]
        for beginning in grown:
            self._grow(beginning)
        return grown

    def _finish(self, steps: list[tuple[_Beginning, int]]) -> None:
        """Follow the likeliest character of each until a word ends."""
        while steps:
            grown = self._read(steps)
            steps = [(each, i) for each in grown if (i := self._next_within(each)) is not None]

    def _next_within(self, beginning: _Beginning) -> int | None:
        """Return the likeliest character of the same word, or None where it is likelier to end."""
        fork, log_prob_V = self._fork(beginning), beginning.branch.log_prob_V
        if len(beginning.text) >= MAX_CHARS or not len(fork.within):
            return None
        i = int(fork.within[log_prob_V[fork.within].argmax()])
        end_prob = sum(beginning.prob(ids) for _, ids in (*fork.ends, *fork.closing))
        return None if end_prob > beginning.prob(np.array([i])) else i


def _best(completions: Iterable[_Completion], num: int) -> list[_Completion]:
    """Return the likeliest of some completions, without impossible ones."""
    best = heapq.nlargest(num, completions, key=lambda completion: completion.prob)
    return [completion for completion in best if completion.prob > 0]
