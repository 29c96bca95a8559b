"""Which runs can be averaged: their networks may differ, what they read and write may not."""

from collections.abc import Sequence

from charrnn.data.pairs.symbols import IN_WORDS, AnyVocab, SymbolVocab, kind_of
from charrnn.data.vocab import UNKNOWN
from charrnn.errors import UsageError
from charrnn.runs.header import CheckpointHeader

_NUM_SHOWN = 3  # symbols in a message
_SETTINGS = {  # of the data, besides vocabularies
    "records": "kinds of records",
    "source_normalise": "Unicode forms of the sources",
    "target_normalise": "Unicode forms of the targets",
    "image_size": "sizes of pictures",
}


def require_alike(headers: Sequence[CheckpointHeader]) -> None:
    """Raise `UsageError` unless the models learned one task, with the same vocabularies."""
    first, *others = headers
    for other in others:
        if difference := _difference(first, other):
            raise UsageError(
                f"runs {first.run_name} and {other.run_name} cannot be averaged: {difference}",
                "name runs of the same corpus",
            )


def _difference(one: CheckpointHeader, other: CheckpointHeader) -> str:
    """Return in what two models differ besides their networks, or an empty string."""
    if one.task != other.task:
        return f"one is a model of {one.schema.learned}, the other of {other.schema.learned}"
    for name in one.vocabs:
        if difference := _difference_of_vocabs(one, other, name):
            return difference + ("" if name == "text" else f", in the {name}s")
    for name, words in _SETTINGS.items():
        values = [getattr(header.data, name, None) for header in (one, other)]
        if values[0] != values[1]:
            return f"different {words}, {values[0]} and {values[1]}"
    return ""


def _difference_of_vocabs(one: CheckpointHeader, other: CheckpointHeader, name: str) -> str:
    kind, other_kind = (kind_of(header.vocabs[name]) for header in (one, other))
    if kind != other_kind:
        return f"one has {IN_WORDS[kind]}, the other {IN_WORDS[other_kind]}"
    symbols, others = (_symbols(header.vocabs[name]) for header in (one, other))
    for header, only in ((one, set(symbols) - set(others)), (other, set(others) - set(symbols))):
        if only:
            more = f" and {len(only) - _NUM_SHOWN:,} more" if len(only) > _NUM_SHOWN else ""
            return f"only {header.run_name} knows {', '.join(sorted(only)[:_NUM_SHOWN])}{more}"
    return "" if symbols == others else "they number their symbols differently"


def _symbols(vocab: AnyVocab) -> list[str]:
    """Return the symbols of a vocabulary, in the order of their ids, as a message shows them."""
    if isinstance(vocab, SymbolVocab):
        return list(map(repr, vocab.symbols))
    codes = vocab.code_points
    return ["the unknown symbol" if code == UNKNOWN else repr(chr(code)) for code in codes]
