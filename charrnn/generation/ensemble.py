"""Which runs can be averaged: their networks may differ, what they read and write may not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from charrnn.data.pairs.symbols import IN_WORDS, AnyVocab, SymbolVocab, kind_of
from charrnn.data.vocab import UNKNOWN
from charrnn.errors import UsageError
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.schemas import SCHEMAS

_NUM_SHOWN = 3  # symbols in a message
_SETTINGS = {  # of the data, besides vocabularies
    "records": "kinds of records",
    "source_normalise": "Unicode forms of the sources",
    "target_normalise": "Unicode forms of the targets",
    "image_size": "sizes of pictures",
}


@dataclass(frozen=True)
class Voice:
    """What a model reads and writes, whatever its network, and what messages call it."""

    name: str
    task: str
    vocabs: Mapping[str, AnyVocab]
    data: Any  # of the type in the task's schema

    @classmethod
    def of(cls, header: CheckpointHeader, name: str = "") -> Self:
        """Return that of a checkpoint; by default it has the name of its run."""
        return cls(name or header.run_name, header.task, header.vocabs, header.data)


def require_alike(headers: Sequence[CheckpointHeader]) -> None:
    """Raise `UsageError` unless the models learned one task, with the same vocabularies."""
    first, *others = map(Voice.of, headers)
    for other in others:
        if differs := difference(first, other):
            raise UsageError(
                f"runs {first.name} and {other.name} cannot be averaged: {differs}",
                "name runs of the same corpus",
            )


def difference(one: Voice, other: Voice) -> str:
    """Return in what two models differ besides their networks, or an empty string."""
    if one.task != other.task:
        learned, others = (SCHEMAS[voice.task].learned for voice in (one, other))
        return f"one is a model of {learned}, the other of {others}"
    for name in one.vocabs:
        if differs := _difference_of_vocabs(one, other, name):
            return differs + ("" if name == "text" else f", in the {name}s")
    for name, words in _SETTINGS.items():
        values = [getattr(voice.data, name, None) for voice in (one, other)]
        if values[0] != values[1]:
            return f"different {words}, {values[0]} and {values[1]}"
    return ""


def _difference_of_vocabs(one: Voice, other: Voice, name: str) -> str:
    kind, other_kind = (kind_of(voice.vocabs[name]) for voice in (one, other))
    if kind != other_kind:
        return f"one has {IN_WORDS[kind]}, the other {IN_WORDS[other_kind]}"
    symbols, others = (_symbols(voice.vocabs[name]) for voice in (one, other))
    for voice, only in ((one, set(symbols) - set(others)), (other, set(others) - set(symbols))):
        if only:
            more = f" and {len(only) - _NUM_SHOWN:,} more" if len(only) > _NUM_SHOWN else ""
            return f"only {voice.name} knows {', '.join(sorted(only)[:_NUM_SHOWN])}{more}"
    return "" if symbols == others else "they number their symbols differently"


def _symbols(vocab: AnyVocab) -> list[str]:
    """Return the symbols of a vocabulary, in the order of their ids, as a message shows them."""
    if isinstance(vocab, SymbolVocab):
        return list(map(repr, vocab.symbols))
    codes = vocab.code_points
    return ["the unknown symbol" if code == UNKNOWN else repr(chr(code)) for code in codes]
