"""The symbols of one side, before there is a vocabulary: numbered, counted, and made into one.

A character's number is its code point, a byte's its value; symbols between spaces and whole texts
are numbered in the order in which they come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn._text import number_of
from charrnn.data.pairs.symbols import AnyVocab, SymbolVocab, normalised, num_symbols
from charrnn.data.vocab import IntArray, Vocab, code_points

_TEXTS = ("spaces", "whole")  # kinds whose symbols are texts, in a `SymbolVocab`


@dataclass(frozen=True)
class SymbolCounts:
    """How often each symbol of a side occurs: code points, bytes, or symbols that are texts."""

    kind: str  # as `symbols.kind_of` has it
    counts: Mapping[Any, int]

    def vocab(self, known: AnyVocab | None, *, max_size: int) -> AnyVocab:
        """Return the vocabulary of what was counted: the symbols of a known one, which keep their
        ids, then as many of the others as there is room for, the most frequent ones.
        """
        before = () if known is None else _symbols_of(known)
        taken = set(before)
        new = [symbol for symbol in self.counts if symbol not in taken]
        new.sort(key=lambda symbol: (-self.counts[symbol], symbol))
        symbols = (*before, *sorted(new[: max(0, max_size - len(before))]))
        if self.kind in _TEXTS:
            return SymbolVocab(symbols, are_whole=self.kind == "whole")
        return Vocab(symbols, is_bytes=self.kind == "bytes")

    def unknown(self, vocab: AnyVocab) -> tuple[int, float]:
        """Return how many symbols are not in a vocabulary, and their share of the texts."""
        unknown = set(self.counts) - set(_symbols_of(vocab))
        num_unknown = sum(self.counts[symbol] for symbol in unknown)
        return len(unknown), num_unknown / sum(self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`."""
        return {"kind": self.kind, "counts": [*self.counts.items()]}

    @classmethod
    def from_json(cls, values: Any) -> "SymbolCounts":
        """The inverse of `to_json`. Raises ValueError, TypeError or LookupError if not valid."""
        return cls(values["kind"], dict(values["counts"]))


def _symbols_of(vocab: AnyVocab) -> tuple[Any, ...]:
    return vocab.symbols if isinstance(vocab, SymbolVocab) else vocab.code_points


class SymbolNumbers:
    """Turns the texts of one side into numbers, and counts these."""

    def __init__(self, kind: str, normalisation: str) -> None:
        """The symbols are of a kind as `symbols.kind_of` has them, the texts in a Unicode form."""
        self.kind, self._normalisation = kind, normalisation
        self._counts_S: IntArray = np.zeros(0, np.int64)  # by number
        self._number_of: dict[str, int] = {}  # of symbols that are texts
        self._before, self._after = set[str](), set[str]()  # characters

    def tidied(self, texts: list[str]) -> list[str]:
        """Return texts in the form that is learned."""
        if self._normalisation != "none":
            self._before.update(*texts)
            texts = [normalised(text, self._normalisation) for text in texts]
            self._after.update(*texts)
        return [" ".join(text.split()) for text in texts] if self.kind in _TEXTS else texts

    def lengths(self, tidied: list[str]) -> list[int]:
        """Return how many symbols tidied texts have."""
        return [num_symbols(text, self.kind) for text in tidied]

    def numbers(self, tidied: list[str]) -> IntArray:
        """Return the numbers of all symbols of tidied texts, and count them."""
        if self.kind in _TEXTS:
            symbols = tidied if self.kind == "whole" else " ".join(tidied).split(" ")
            numbers: IntArray = np.array([self._number(symbol) for symbol in symbols])
        else:
            text = "".join(tidied)
            numbers = code_points(text.encode() if self.kind == "bytes" else text)
        counts = np.bincount(numbers, minlength=len(self._counts_S))
        counts[: len(self._counts_S)] += self._counts_S
        self._counts_S = counts
        return numbers

    def _number(self, symbol: str) -> int:
        return self._number_of.setdefault(symbol, len(self._number_of))

    @property
    def counts(self) -> SymbolCounts:
        """What was counted."""
        seen = np.flatnonzero(self._counts_S)
        symbols = [*self._number_of] if self.kind in _TEXTS else seen.tolist()
        counts = self._counts_S[seen].tolist()
        return SymbolCounts(self.kind, dict(zip(symbols, counts, strict=True)))

    def id_of(self, vocab: AnyVocab) -> IntArray:
        """Return a table: number → id in a side with this vocabulary, in its smallest type."""
        if isinstance(vocab, SymbolVocab):
            ids = vocab.ids_of(self._number_of)
        else:
            ids = vocab.ids_of(np.arange(len(self._counts_S))).astype(np.int64)
        return (ids + 1).astype(np.min_scalar_type(len(vocab)))

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
