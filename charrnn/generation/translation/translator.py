"""A trained encoder–decoder as a library: it makes the targets of sources. Numpy only.

A *translation* is what the model makes of a source, whatever the two languages are: a text in
another language, a pronunciation, a corrected spelling.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config import EncoderDecoderConfig
from charrnn.data.pairs.symbols import RESERVED, Ids, Side, sides
from charrnn.errors import CheckpointError, UsageError
from charrnn.models.seq2seq.equations import BOUNDARY, Weights, encode, step
from charrnn.runs.checkpoint import Checkpoint

MAX_SOURCE = 10_000  # symbols; attention takes time and memory by source × target
_SLACK = 10  # symbols of a target, however short its source

FloatArray = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Translation:
    """What a model makes of a source. `str(translation)` is the text."""

    text: str
    symbols: tuple[str, ...]  # of the target, as the model gives them: decomposed, or bytes
    source_symbols: tuple[str, ...]
    log_probability: float  # in nats; the end is included if it is complete
    is_complete: bool = True  # ended by itself; False: cut off at the longest length
    # How much each symbol of the target looks at each of the source; None unless asked for, and
    # without attention.
    alignment_TS: FloatArray | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Member:
    """One trained network. Several make an ensemble."""

    config: EncoderDecoderConfig
    weights: Weights


@dataclass(frozen=True, repr=False)
class Translator:
    """An encoder–decoder, or an ensemble of several whose probabilities are averaged.

    Symbols that the model does not know are read as one unknown symbol.
    """

    members: tuple[Member, ...]
    source: Side
    target: Side
    max_length: int  # of a target whose source is as short as those learned; in symbols
    name: str = ""  # of its run

    @classmethod
    def of(cls, checkpoints: Sequence[Checkpoint], name: str = "") -> "Translator":
        """Return the translator of one checkpoint, or of several as an ensemble.

        Raises `CheckpointError` if their symbols differ.
        """
        first = checkpoints[0]
        both = sides(first.data, first.vocabs)
        for other in checkpoints[1:]:
            if sides(other.data, other.vocabs) != both:
                raise CheckpointError(
                    f"{_name(first)} and {_name(other)} have different symbols, so their"
                    " probabilities cannot be averaged",
                    "name runs that were trained on the same pairs",
                )
        members = tuple(
            Member(checkpoint.model, _weights(checkpoint)) for checkpoint in checkpoints
        )
        max_length = max(checkpoint.data.max_length for checkpoint in checkpoints)
        return cls(members, *both, max_length, name)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        sizes = " and ".join(str(member.config) for member in self.members)
        return f"Translator({name}{sizes}, {self.source.vocab.size_in_words})"

    def translate(
        self, text: str, *, max_length: int | None = None, with_alignment: bool = False
    ) -> list[Translation]:
        """Return the translation of a text: at each step the likeliest symbol (greedy).

        Raises `UsageError` for a text of more than `MAX_SOURCE` symbols.
        """
        ids_S = self._encoded(text)
        if not len(ids_S):
            return [Translation("", (), (), 0.0)]
        limit = self.longest_target(len(ids_S)) if max_length is None else max_length
        return [self._greedy(text, ids_S, limit, with_alignment=with_alignment)]

    def translate_many(
        self, texts: Iterable[str], *, max_length: int | None = None, with_alignment: bool = False
    ) -> Iterator[list[Translation]]:
        """Yield what `translate` returns for each text, in order."""
        for text in texts:
            yield self.translate(text, max_length=max_length, with_alignment=with_alignment)

    def unknown_in(self, text: str) -> list[str]:
        """Return the symbols of a text that the model does not know, each once."""
        is_unknown = self.source.encode(text) == RESERVED
        symbols = self.source.symbols(text)
        return list(
            dict.fromkeys(one for one, is_one in zip(symbols, is_unknown, strict=True) if is_one)
        )

    def longest_target(self, num_symbols: int) -> int:
        """Return how many symbols the target of a source of so many may have.

        A model that repeats itself without end is cut off there: at the longest length of the
        pairs that it learned, or ten symbols and four for each of the source's if that is less.
        """
        return min(self.max_length, _SLACK + 4 * num_symbols)

    def _encoded(self, text: str) -> Ids:
        ids_S = self.source.encode(text)
        if len(ids_S) > MAX_SOURCE:
            raise UsageError(
                f"the source has {len(ids_S):,} symbols, more than {MAX_SOURCE:,}",
                "translate it in parts, such as sentences or lines",
            )
        return ids_S

    def _greedy(self, text: str, ids_S: Ids, limit: int, *, with_alignment: bool) -> Translation:
        log_probability = 0.0
        ids: list[int] = []
        alignments: list[FloatArray] = []
        lengths_B = np.array([len(ids_S)])
        encoded = [
            encode(one.config, one.weights, ids_S[:, None], lengths_B) for one in self.members
        ]
        i = BOUNDARY
        for _ in range(limit + 1):
            probabilities, looks = [], []
            for k, (member, (memory, state)) in enumerate(zip(self.members, encoded, strict=True)):
                logits_BV, state, alignment_BS = step(
                    member.config, member.weights, memory, np.array([i]), state
                )
                encoded[k] = memory, state
                probabilities.append(_softmax(logits_BV[0]))
                looks += [] if alignment_BS is None else [alignment_BS[0]]
            mean_V = np.mean(probabilities, 0)
            i = int(mean_V.argmax())
            if i != BOUNDARY and len(ids) == limit:
                break
            log_probability += float(np.log(mean_V[i]))
            if i == BOUNDARY:
                break
            ids.append(i)
            alignments += [np.mean(looks, 0)] if looks else []
        return Translation(
            self.target.decode(ids),
            tuple(self.target.symbol(i) for i in ids),
            tuple(self.source.symbols(text)),
            log_probability,
            is_complete=i == BOUNDARY,
            alignment_TS=np.array(alignments) if with_alignment and alignments else None,
        )


def _softmax(logits_V: FloatArray) -> FloatArray:
    exponentials_V = np.exp(logits_V - logits_V.max())
    return np.asarray(exponentials_V / exponentials_V.sum())


def _weights(checkpoint: Checkpoint) -> Weights:
    return Weights.from_arrays(checkpoint.model, checkpoint.group("weights"))


def _name(checkpoint: Checkpoint) -> str:
    return "a model" if checkpoint.path is None else checkpoint.path.parent.name
