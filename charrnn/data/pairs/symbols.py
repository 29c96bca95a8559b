"""What a source or a target is made of: characters, bytes, symbols between spaces, or one symbol
that is the whole text, such as a label.

The ids of a side begin with `RESERVED`, which stands for no symbol. In a source it is any unknown
symbol, in a target the boundary before its first symbol and after its last.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config import PairsConfig
from charrnn.data.vocab import Vocab, code_points

RESERVED = 0
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # stands for an unknown symbol in a text

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, repr=False)
class SymbolVocab:
    """Symbols that are written with spaces between them, such as phones or tokens, in id order; or
    whole texts, such as labels.
    """

    symbols: tuple[str, ...]
    are_whole: bool = False  # each is a whole text, which may hold spaces

    def __len__(self) -> int:
        return len(self.symbols)

    def __repr__(self) -> str:
        return f"SymbolVocab({len(self):,} symbols)"

    @property
    def size_in_words(self) -> str:
        """For people: 40 symbols."""
        return f"{len(self):,} symbols"

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    def ids_of(self, symbols: Iterable[str]) -> Ids:
        """An id for each symbol, -1 where there is none."""
        return np.array([self._id_of.get(symbol, -1) for symbol in symbols], np.int64)

    def split(self, text: str) -> list[str]:
        """Return the symbols of a text, known or not. White space around them does not count."""
        symbols = text.split()
        return [" ".join(symbols)] if self.are_whole and symbols else symbols

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        return {"symbols": list(self.symbols)} | ({"are_whole": True} if self.are_whole else {})

    @classmethod
    def from_json(cls, values: Any) -> "SymbolVocab":
        """The inverse of `to_json`. Raises ValueError where these are no distinct symbols."""
        symbols, are_whole = values["symbols"], values.get("are_whole") is True
        vocab = cls(tuple(symbols), are_whole)
        valid = all(
            isinstance(symbol, str) and vocab.split(symbol) == [symbol] for symbol in symbols
        )
        if not symbols or not valid or len(set(symbols)) != len(symbols):
            raise ValueError("its vocabulary is not a list of distinct symbols")
        return vocab


AnyVocab = Vocab | SymbolVocab

PATHS = Vocab(tuple(range(256)), is_bytes=True)  # of sources that are paths of pictures

IN_WORDS = {  # what `kind_of` returns, for people
    "characters": "characters",
    "bytes": "bytes",
    "spaces": "symbols between spaces",
    "whole": "whole texts",
}


def kind_of(vocab: AnyVocab) -> str:
    """Return what a vocabulary spells: "characters", "bytes", "spaces" (symbols between them) or
    "whole" (a text is one symbol).
    """
    if isinstance(vocab, SymbolVocab):
        return "whole" if vocab.are_whole else "spaces"
    return "bytes" if vocab.is_bytes else "characters"


def kinds_of(config: PairsConfig) -> dict[str, str]:
    """Return the kind of symbols of "source" and "target", as `kind_of` calls them."""
    kinds = {"source": config.source_symbols, "target": config.target_symbols}
    if config.is_bytes:
        kinds = {side: kind.replace("characters", "bytes") for side, kind in kinds.items()}
    return kinds


class SideVocab:
    """The vocabulary of a side in JSON, of either kind."""

    @staticmethod
    def from_json(values: Any) -> AnyVocab:
        """Return the vocabulary with these values. Raises ValueError or TypeError if not valid."""
        kind = SymbolVocab if "symbols" in values else Vocab
        return kind.from_json(values)


@dataclass(frozen=True)
class Side:
    """How the texts of one side become ids, and ids texts."""

    vocab: AnyVocab
    normalisation: str = "none"  # a form of Unicode, "nfd" for instance

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.vocab) + 1

    @property
    def is_of_bytes(self) -> bool:
        """Whether bytes are the symbols."""
        return isinstance(self.vocab, Vocab) and self.vocab.is_bytes

    def symbols(self, text: str) -> list[str]:
        """Return the symbols of a text, as `encode` numbers them; a byte is the character of its
        code.
        """
        text = normalised(text, self.normalisation)
        if isinstance(self.vocab, SymbolVocab):
            return self.vocab.split(text)
        return list(text.encode().decode("latin-1") if self.vocab.is_bytes else text)

    def parts(self, text: str) -> list[str]:
        """Divide a text at its symbols: joined, the parts are the text, each encoded by itself.

        A part is a character where bytes are symbols; it has the space before it where spaces stand
        between symbols.
        """
        text = normalised(text, self.normalisation)
        if isinstance(self.vocab, SymbolVocab):
            symbols = self.vocab.split(text)
            return [*symbols[:1], *(f" {symbol}" for symbol in symbols[1:])]
        return list(text)

    def encode(self, text: str) -> Ids:
        """Return the ids of a text, `RESERVED` for what is unknown."""
        text = normalised(text, self.normalisation)
        if isinstance(self.vocab, SymbolVocab):
            return self.vocab.ids_of(self.vocab.split(text)) + 1
        codes = code_points(text.encode() if self.vocab.is_bytes else text)
        return self.vocab.ids_of(codes).astype(np.int64) + 1

    def unknown_in(self, text: str) -> list[str]:
        """Return the symbols of a text that have no id, each once."""
        both = zip(self.symbols(text), self.encode(text).tolist(), strict=True)
        return list(dict.fromkeys(symbol for symbol, i in both if i == RESERVED))

    def symbol(self, i: int) -> str:
        """Return the symbol of an id, as `symbols` has it."""
        if isinstance(self.vocab, SymbolVocab):
            return self.vocab.symbols[i - 1]
        return self.vocab.char(i - 1)

    def labels(self, symbols: Iterable[str]) -> list[str]:
        """Return symbols for a picture: a byte outside ASCII by its code, C3."""
        if isinstance(self.vocab, SymbolVocab) or not self.vocab.is_bytes:
            return list(symbols)
        return [byte if byte.isascii() else f"{ord(byte):02X}" for byte in symbols]

    def decode(self, ids: Sequence[int], *, unknown: str = "") -> str:
        """Return the text of ids, in the composed form that people write if it was decomposed.
        `unknown` takes the place of `RESERVED`.
        """
        symbols = [unknown if i == RESERVED else self.symbol(i) for i in ids]
        return self.joined(filter(None, symbols))

    def joined(self, symbols: Iterable[str]) -> str:
        """Return the text of symbols, as `symbols` has them, in the composed form."""
        if isinstance(self.vocab, SymbolVocab):
            return " ".join(symbols)
        text = "".join(symbols)
        if self.vocab.is_bytes:
            return text.encode("latin-1").decode("utf-8", "replace")
        return unicodedata.normalize("NFC", text) if self.normalisation in ("nfd", "nfkd") else text


def sides(config: PairsConfig, vocabs: Mapping[str, AnyVocab]) -> tuple[Side, Side]:
    """Return the sides of a model, source and target, by its vocabularies "source" and "target"."""
    return (
        Side(vocabs["source"], config.source_normalise),
        Side(vocabs["target"], config.target_normalise),
    )


def learns_unknown(config: PairsConfig, vocabs: Mapping[str, AnyVocab]) -> bool:
    """Whether a model has learned targets of unknown symbols: its sources have too many symbols for
    the vocabulary, its targets do not (pairs with rare symbols in their targets are left out).
    """
    return len(vocabs["source"]) >= config.max_vocab > len(vocabs["target"])


def num_symbols(text: str, kind: str) -> int:
    """Return how many symbols of a kind (see `kind_of`) a text has."""
    if kind in ("spaces", "whole"):
        return len(text.split()) if kind == "spaces" else 1
    return len(text.encode(errors="surrogatepass")) if kind == "bytes" else len(text)


def normalised(text: str, form: str) -> str:
    """Return a text in a form of Unicode, or as it is ("none")."""
    return text if form == "none" else unicodedata.normalize(form.upper(), text)  # type: ignore[arg-type]
