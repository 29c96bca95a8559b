"""A trained tagger as a library: it makes a text of equal length, a decision on each symbol. Numpy
only.

    tagger = charrnn.load("czech")
    [made] = tagger.translate("Prilis zlutoucky kun")
    print(made.text, made.probabilities)

It is called as a `Translator` is. A symbol that the model does not know gets no decision: it is
left as it is, unless unknown symbols were learned.

Shapes: S source symbols (padded), B texts, C symbols of targets.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.cells import FloatArray
from charrnn.config import TaggerConfig
from charrnn.data.pairs.symbols import RESERVED, Ids, Side, kind_of, learns_unknown, sides
from charrnn.errors import SettingError, UsageError
from charrnn.generation.ensemble import require_alike
from charrnn.generation.translation import batching
from charrnn.generation.translation.source_ids import source_ids
from charrnn.generation.translation.target_writer import PairLoss
from charrnn.generation.translation.teacher_forcing import padded
from charrnn.models import ngrams
from charrnn.models.encoders.text_encoder_equations import Weights
from charrnn.models.step_ensemble import Floats, log_mean_probabilities
from charrnn.models.tagger.tagger_numpy import NumpyTagger
from charrnn.runs.checkpoint import Checkpoint

MAX_SOURCE = 100_000  # symbols
MAX_NUMBERS = 1 << 22  # of log probabilities, in memory at once
CHUNK_SYMBOLS = 1 << 12  # of a stream that are read at once


@dataclass(frozen=True)
class Tagged:
    """What a model makes of a text in step. `str(tagged)` is the text."""

    text: str
    symbols: tuple[str, ...]  # of the target as the model gives them: decomposed, bytes as C3
    source_symbols: tuple[str, ...]  # one for each
    probabilities: tuple[float, ...]  # of each symbol; 0 for one that is left as it is

    def __str__(self) -> str:
        return self.text


class _Decisions(NamedTuple):
    """The likeliest symbol of the target for each of a source."""

    ids_S: Ids  # `RESERVED` where the source has an unknown symbol
    prob_S: FloatArray


@dataclass(frozen=True)
class Member:
    """One trained network. Several make an ensemble."""

    config: TaggerConfig
    weights: Weights

    @cached_property
    def network(self) -> NumpyTagger:
        """The network laid out for speed."""
        return NumpyTagger(self.config, self.weights)


@dataclass(frozen=True, repr=False)
class Tagger:
    """A tagger, or an ensemble of several whose probabilities are averaged."""

    members: tuple[Member, ...]
    source: Side
    target: Side
    leaves_unknown: bool = True  # else unknown symbols are decided on, too
    name: str = ""  # of its run

    @classmethod
    def of(cls, checkpoints: Sequence[Checkpoint], name: str = "") -> "Tagger":
        """Return the tagger of one checkpoint, or of several as an ensemble.

        Raises `UsageError` if their symbols differ.
        """
        require_alike(checkpoints)
        data, vocabs = checkpoints[0].data, checkpoints[0].vocabs
        leaves_unknown = not learns_unknown(data, vocabs)
        members = tuple(map(_member, checkpoints))
        return cls(members, *sides(data, vocabs), leaves_unknown, name)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        sizes = " and ".join(str(member.config) for member in self.members)
        return f"Tagger({name}{sizes}, {self.source.vocab.size_in_words})"

    @property
    def is_causal(self) -> bool:
        """Whether a symbol is decided on before the next one is read."""
        return all(member.config.is_causal for member in self.members)

    @property
    def has_characters(self) -> bool:
        """Whether characters, as a person types them, are the symbols of both sides."""
        return all(
            kind_of(side.vocab) == "characters" and side.normalisation == "none"
            for side in (self.source, self.target)
        )

    def translate(self, text: str) -> list[Tagged]:
        """Return a list of one: what the model makes of a text. Raises `UsageError` for a text of
        more than `MAX_SOURCE` symbols.
        """
        return next(self.translate_many([text]))

    def translate_many(self, texts: Iterable[str]) -> Iterator[list[Tagged]]:
        """Yield what `translate` returns for each text, in order, computed in batches.

        Up to 1,024 texts are read ahead.
        """

        def answer(batch: Sequence[tuple[str, Ids]]) -> list[list[Tagged]]:
            decided = self._decisions([ids_S for _, ids_S in batch])
            return [
                [self._tagged(text, decisions)]
                for (text, _), decisions in zip(batch, decided, strict=True)
            ]

        return batching.in_order(
            ((text, self.encode(text)) for text in texts), lambda item: len(item[1]), answer
        )

    def losses(self, sources: Iterable[str], targets: Iterable[str]) -> Iterator[PairLoss]:
        """Yield how badly the model predicts each target, in order, computed in batches.

        Raises `UsageError` for a source and a target of unequal length, and for a source that is
        empty or has more than `MAX_SOURCE` symbols.
        """
        pairs = map(self._pair, sources, targets)
        return batching.in_order(pairs, lambda pair: len(pair[0]), self._losses)

    def stream(self) -> "TagStream":
        """Return a source that is read as it comes. Raises `SettingError` unless the model is
        causal.
        """
        if not self.is_causal:
            raise SettingError(
                "this model reads a whole text before it decides", "train one with is_causal",
                "is_causal",
            )  # fmt: skip
        return TagStream(self)

    def unknown_in(self, text: str) -> list[str]:
        """Return the symbols of a text that the model does not know, each once."""
        return self.source.unknown_in(text)

    def encode(self, text: str) -> Ids:
        """Return the ids of a source. Raises `UsageError` where it has more than `MAX_SOURCE`."""
        hint = "translate it in parts, such as sentences or lines"
        return source_ids(self.source, text, at_most=MAX_SOURCE, purpose="translate", hint=hint)

    def _pair(self, source: str, target: str) -> tuple[Ids, Ids]:
        ids_S, targets_S = self.encode(source), self.target.encode(target)
        if not len(ids_S):
            raise UsageError("a source is empty", "give it at least one symbol")
        if len(ids_S) != len(targets_S):
            raise UsageError(
                f"source and target differ in length ({len(ids_S):,} and {len(targets_S):,}"
                " symbols)",
                "give each symbol of the source one of the target",
            )
        return ids_S, targets_S

    def _log_probabilities(self, sources: Sequence[Ids]) -> Iterator[tuple[slice, Floats]]:
        """Yield log_prob_SCB for parts of the padded sources, in nats, with their places."""
        lengths_B = np.array([len(ids_S) for ids_S in sources])
        ids_SB = padded(sources)[:-1]
        networks = [member.network for member in self.members]
        every = [network.read(ids_SB, lengths_B)[:2] for network in networks]
        size = max(1, MAX_NUMBERS // (self.target.size * len(sources)))
        for start in range(0, len(ids_SB), size):
            part = slice(start, min(start + size, len(ids_SB)))
            inside = slice(part.start + 1, part.stop + 1)  # past the boundary
            logits = (
                network.decided(x_SDB[inside], h_SMB[inside])
                for network, (x_SDB, h_SMB) in zip(networks, every, strict=True)
            )
            yield part, log_mean_probabilities(logits, 1)

    def _decisions(self, sources: Sequence[Ids]) -> list[_Decisions]:
        """Return the likeliest symbols of some texts; an empty one needs no model."""
        longest = max(map(len, sources))
        ids_SB = np.full((longest, len(sources)), RESERVED)
        prob_SB = np.zeros((longest, len(sources)), np.float32)
        if longest:
            for part, log_prob_SCB in self._log_probabilities(sources):
                ids_SB[part] = log_prob_SCB.argmax(1) + 1
                prob_SB[part] = np.exp(log_prob_SCB.max(1))
        decided = []
        for b, source_S in enumerate(sources):
            has_decision_S, length = self._has_decision(source_S), len(source_S)
            ids_S, prob_S = ids_SB[:length, b], prob_SB[:length, b]
            decided.append(_Decisions(ids_S * has_decision_S, prob_S * has_decision_S))
        return decided

    def _has_decision(self, ids_S: Ids) -> npt.NDArray[np.bool_]:
        """Return for which symbols of a source there is a decision: the others are left alone."""
        has_decision_S: npt.NDArray[np.bool_] = ids_S != RESERVED
        return has_decision_S if self.leaves_unknown else np.ones_like(has_decision_S)

    def _losses(self, pairs: Sequence[tuple[Ids, Ids]]) -> list[PairLoss]:
        sources, targets = zip(*pairs, strict=True)
        targets_SB = padded(targets)[:-1]
        is_known_SB = targets_SB != RESERVED
        nats_B = np.zeros(len(pairs))
        for part, log_prob_SCB in self._log_probabilities(sources):
            choices_S1B = np.maximum(targets_SB[part] - 1, 0)[:, None]
            log_prob_SB = np.take_along_axis(log_prob_SCB, choices_S1B, 1)[:, 0]
            nats_B -= (log_prob_SB * is_known_SB[part]).sum(0, dtype=np.float64)
        num_known_B = is_known_SB.sum(0).tolist()
        return [
            PairLoss(nats, num_known, len(ids_S) - num_known)
            for nats, num_known, ids_S in zip(nats_B.tolist(), num_known_B, targets, strict=True)
        ]

    def _tagged(self, text: str, decisions: _Decisions) -> Tagged:
        symbols = self.source.symbols(text)
        made = self._chosen(symbols, decisions.ids_S)
        return Tagged(
            self.target.joined(made),
            tuple(self.target.labels(made)),
            tuple(self.source.labels(symbols)),
            tuple(decisions.prob_S.tolist()),
        )

    def _chosen(self, symbols: Sequence[str], ids_S: Ids) -> list[str]:
        """Return the symbols of the target with these ids; those of the source for `RESERVED`."""
        both = zip(symbols, ids_S.tolist(), strict=True)
        return [symbol if i == RESERVED else self.target.symbol(i) for symbol, i in both]


class TagStream:
    """A source of any length that is read as it comes."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self._streams = [member.network.stream() for member in tagger.members]

    def read(self, text: str) -> str:
        """Return the decisions on what comes next of the source. Where symbols stand between
        spaces, or a text is normalised, it must be whole symbols.
        """
        tagger, ids_S = self._tagger, self._tagger.source.encode(text)
        made_S = np.empty_like(ids_S)
        for start in range(0, len(ids_S), CHUNK_SYMBOLS):
            part = slice(start, start + CHUNK_SYMBOLS)
            logits = (stream.logits(ids_S[part]) for stream in self._streams)
            made_S[part] = log_mean_probabilities(logits, 1).argmax(1) + 1
        made_S *= tagger._has_decision(ids_S)
        return tagger.target.joined(tagger._chosen(tagger.source.symbols(text), made_S))


def _member(checkpoint: Checkpoint) -> Member:
    keys = ngrams.keys_in(checkpoint.arrays, longest=checkpoint.model.ngrams)
    weights = Weights.from_arrays(checkpoint.model, checkpoint.group("weights"), keys)
    return Member(checkpoint.model, weights)
