"""The symbols of one side, before there is a vocabulary: numbered, counted, and made into one.

A character's number is its code point, a byte's its value; symbols between spaces are numbered in
the order in which they come.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn._text import number_of
from charrnn.data.pairs.symbols import AnyVocab, SymbolVocab, normalised
from charrnn.data.vocab import IntArray, Vocab, code_points

_Symbol = TypeVar("_Symbol", int, str)


class SymbolCounts:
    """Turns the texts of one side into numbers, and counts these."""

    def __init__(self, kind: str, normalisation: str) -> None:
        """The symbols are of a kind as `symbols.kind_of` has them, the texts in a Unicode form."""
        self.kind, self._normalisation = kind, normalisation
        self._counts_S = np.zeros(0, np.int64)  # by number
        self._number_of: dict[str, int] = {}  # of symbols between spaces
        self._before, self._after = set[str](), set[str]()  # characters

    def tidied(self, texts: list[str]) -> list[str]:
        """Return texts in the form that is learned."""
        if self._normalisation != "none":
            self._before.update(*texts)
            texts = [normalised(text, self._normalisation) for text in texts]
            self._after.update(*texts)
        return [" ".join(text.split()) for text in texts] if self.kind == "spaces" else texts

    def lengths(self, tidied: list[str]) -> list[int]:
        """Return how many symbols tidied texts have."""
        if self.kind == "spaces":
            return [text.count(" ") + 1 for text in tidied]
        return (
            [len(text.encode()) for text in tidied] if self.kind == "bytes" else [*map(len, tidied)]
        )

    def count(self, tidied: list[str]) -> IntArray:
        """Return the numbers of all symbols of tidied texts."""
        if self.kind == "spaces":
            symbols = " ".join(tidied).split(" ")
            numbers = np.array([self._number(symbol) for symbol in symbols])
        else:
            text = "".join(tidied)
            numbers = code_points(text.encode() if self.kind == "bytes" else text)
        self._counts_S = _sum(self._counts_S, np.bincount(numbers))
        return numbers

    def _number(self, symbol: str) -> int:
        return self._number_of.setdefault(symbol, len(self._number_of))

    def sentence(self, side: str) -> str:
        """Return what normalisation did to the texts of a side, "sources" for instance; "" where
        there is none.
        """
        if self._normalisation == "none":
            return ""
        form = self._normalisation.upper()
        if self._before == self._after:
            return f"{side} are in {form} already"
        before, after = number_of(len(self._before), "distinct character"), len(self._after)
        return f"{side} in {form}: {before} became {after:,}"

    def vocab(self, known: AnyVocab | None, *, max_size: int) -> AnyVocab:
        """Return the vocabulary of what was counted: the symbols of a known one, which keep their
        ids, then as many of the others as there is room for, the most frequent ones.
        """
        seen = np.flatnonzero(self._counts_S).tolist()
        counts = self._counts_S[seen].tolist()
        if self.kind == "spaces":
            symbols = known.symbols if isinstance(known, SymbolVocab) else ()
            count_of = dict(zip(self._number_of, counts, strict=True))
            return SymbolVocab(_kept(count_of, symbols, max_size))
        points = known.code_points if isinstance(known, Vocab) else ()
        codes = _kept(dict(zip(seen, counts, strict=True)), points, max_size)
        return Vocab(codes, is_bytes=self.kind == "bytes")

    def id_of(self, vocab: AnyVocab) -> IntArray:
        """Return a table: number → id in a side with this vocabulary, in its smallest type."""
        if isinstance(vocab, SymbolVocab):
            ids = vocab.ids_of(self._number_of)
        else:
            ids = vocab.ids_of(np.arange(len(self._counts_S))).astype(np.int64)
        return (ids + 1).astype(np.min_scalar_type(len(vocab)))

    def unknown(self, vocab: AnyVocab) -> tuple[int, float]:
        """Return how many symbols have no place in a vocabulary, and their share of the texts."""
        is_unknown = (self.id_of(vocab) == 0) & (self._counts_S > 0)
        share = self._counts_S[is_unknown].sum() / max(1, self._counts_S.sum())
        return int(is_unknown.sum()), float(share)


def _kept(
    count_of: dict[_Symbol, int], known: tuple[_Symbol, ...], max_size: int
) -> tuple[_Symbol, ...]:
    new = [symbol for symbol in count_of if symbol not in set(known)]
    new.sort(key=lambda symbol: (-count_of[symbol], symbol))
    return known + tuple(sorted(new[: max(0, max_size - len(known))]))


def _sum(a: npt.NDArray[np.int64], b: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Add counts, which may be of different lengths."""
    total = np.zeros(max(len(a), len(b)), np.int64)
    total[: len(a)] += a
    total[: len(b)] += b
    return total
