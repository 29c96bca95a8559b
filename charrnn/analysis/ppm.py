"""PPM-D: predict a character by what followed the longest context that was seen before.

Prediction by partial matching (Cleary & Witten, 1984, doi:10.1109/TCOM.1984.1096090) with escape
method D (Howard, 1993, "The design and analysis of efficient lossless data compression systems").
A context of n characters, d of them different, that was followed c times by x, predicts

    p(x) = (2 c - 1) / 2n        and leaves d / 2n, the escape, to the next shorter context,

which counts only characters that no longer context has (exclusion). Below the empty context stands
the uniform distribution. Where every character of the vocabulary has been counted there is nothing
to escape to, and the escape is shared out. So the probabilities always sum to one.

A character is counted in the longest context and in each shorter one, up to the first that has
counted it before (update exclusion; Moffat, 1990, doi:10.1109/26.61469). Pure Python: it knows
nothing of networks.

Shapes: V vocabulary.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_COUNTS = 2_000_000

_Counts = dict[int, int]  # how often each id was counted


class Evidence(NamedTuple):
    """What a prediction rests on: the longest context that was seen before."""

    order: int  # its length in characters; -1 if nothing was learned yet
    num_distinct: int  # characters that were counted after it
    total: int  # how often, all of them together


class PPM:
    """Counts of the characters that follow each context of a text, and where in it one stands."""

    def __init__(self, vocab_size: int, *, order: int = 5, max_counts: int = MAX_COUNTS) -> None:
        """Know nothing yet.

        order: characters of the longest context, at least 1.
        max_counts: where so many different pairs of a context and a character were counted, no
            other pair is, which bounds the memory.
        """
        self._vocab_size, self._order, self._max_counts = vocab_size, order, max_counts
        self.num_counts = 0  # different pairs of a context and a character
        self._counts_after: dict[str, _Counts] = {}  # of each context, an id written as chr(id)
        self._last = ""  # at most `order` characters

    def learn(self, id: int) -> None:
        """Count the next character of the text, and move on."""
        for context in self._contexts():
            counts = self._counts_after.get(context)
            if counts is not None and id in counts:
                counts[id] += 1
                break
            if self.num_counts < self._max_counts:
                self.num_counts += 1
                self._counts_after.setdefault(context, {})[id] = 1
        self.read([id])

    def read(self, ids: Iterable[int]) -> None:
        """Move on over characters without counting them."""
        self._last = (self._last + "".join(map(chr, ids)))[-self._order :]

    def probability(self, id: int) -> float:
        """Return the probability that this character comes next."""
        for unit, counts in self._levels():
            if id in counts:
                return (2 * counts[id] - 1) * unit
        raise AssertionError("the last level has all characters that are left")

    def distribution(self) -> npt.NDArray[np.float64]:
        """Return the probability of each character to come next, shape (V,)."""
        prob_V = np.empty(self._vocab_size)
        for unit, counts in self._levels():
            for id, count in counts.items():
                prob_V[id] = (2 * count - 1) * unit
        return prob_V

    def evidence(self) -> Evidence:
        """Return what the prediction of the next character rests on."""
        for context in self._contexts():
            counts = self._counts_after.get(context)
            if counts:
                return Evidence(len(context), len(counts), sum(counts.values()))
        return Evidence(-1, 0, 0)

    def _contexts(self) -> Iterator[str]:
        """Yield the last characters read, the longest context first, the empty one last."""
        for start in range(len(self._last) + 1):
            yield self._last[start:]

    def _levels(self) -> Iterator[tuple[float, _Counts]]:
        """Yield for each context the counts of characters that no longer one has, and the
        probability of half a count.
        """
        mass, seen = 1.0, set[int]()
        for context in self._contexts():
            counts = self._counts_after.get(context, {})
            new = {id: count for id, count in counts.items() if id not in seen} if seen else counts
            if not new:
                continue
            seen.update(new)
            is_last = len(seen) == self._vocab_size
            unit = mass / (2 * sum(new.values()) - is_last * len(new))
            yield unit, new
            mass = len(new) * unit
            if is_last:
                return
        left = [id for id in range(self._vocab_size) if id not in seen]
        yield mass / len(left), dict.fromkeys(left, 1)
