"""Targets as text while they are made: each character as soon as no later symbol can change it."""

import codecs
import unicodedata
from collections.abc import Iterable, Iterator

from charrnn.data.pairs.symbols import Side, SymbolVocab

_COMPOSED_WHEN_WRITTEN = ("nfd", "nfkd")


def text_of(side: Side, ids: Iterable[int]) -> Iterator[str]:
    """Yield the text of ids as they come. Joined, it is what `Side.decode` gives for all of them.

    The bytes of a character are held back until it is whole; and of a side that is decomposed, a
    letter until the next one shows that no accent follows.
    """
    symbols = map(side.symbol, ids)
    if isinstance(side.vocab, SymbolVocab):
        return _spaced(symbols)
    if side.vocab.is_bytes:
        return _decoded(symbols)
    return _composed(symbols) if side.normalisation in _COMPOSED_WHEN_WRITTEN else symbols


def _spaced(symbols: Iterator[str]) -> Iterator[str]:
    for t, symbol in enumerate(symbols):
        yield symbol if t == 0 else f" {symbol}"


def _decoded(symbols: Iterator[str]) -> Iterator[str]:
    """Decode UTF-8, each byte given as the character of its code."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for symbol in symbols:
        yield from decoder.decode(symbol.encode("latin-1"))
    yield from decoder.decode(b"", final=True)


def _composed(symbols: Iterator[str]) -> Iterator[str]:
    """Compose characters (NFC).

    What follows a character that begins a new one (a "starter" that does not compose with what is
    before it) never changes what is before that.
    """
    held = ""
    for symbol in symbols:
        begins_anew = unicodedata.combining(symbol) == 0 and not _compose(held, symbol)
        if begins_anew and held:
            yield from _nfc(held)
            held = ""
        held += symbol
    yield from _nfc(held)


def _compose(one: str, other: str) -> bool:
    return _nfc(one + other) != _nfc(one) + _nfc(other)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
