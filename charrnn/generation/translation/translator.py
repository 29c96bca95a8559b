"""A trained encoder–decoder as a library: it makes the targets of sources. Numpy only.

    translator = charrnn.load("en-fr")
    print(translator.translate("a dog jumps", beam=5, num=3))
    for character in translator.stream("a dog jumps"):
        print(character, end="", flush=True)

A *translation* is what the model makes of a source, whatever the two languages are: a text in
another language, a pronunciation, a corrected spelling.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

import numpy as np

from charrnn.config import SampleConfig, TranslateConfig, with_keywords
from charrnn.data.pairs.symbols import RESERVED, Ids, Side, sides
from charrnn.errors import SettingError, UsageError
from charrnn.generation.ensemble import require_alike
from charrnn.generation.keywords import fields_of
from charrnn.generation.predict import Chance, Expectation, Prediction, expectations
from charrnn.generation.sampler import FloatArray, probabilities
from charrnn.generation.translation import batching, teacher_forcing
from charrnn.generation.translation.incremental import text_of
from charrnn.generation.translation.members import EnsembleDecoder, Member, start
from charrnn.generation.translation.search import (
    Choose,
    Draw,
    Hypothesis,
    beam,
    likeliest,
    single_paths,
    symbols_of_one,
)
from charrnn.generation.translation.source_ids import source_ids
from charrnn.models.seq2seq.equations import BOUNDARY, Weights
from charrnn.runs.checkpoint import Checkpoint

if TYPE_CHECKING:
    from charrnn.plots.alignment import Alignment

MAX_SOURCE = 10_000  # symbols; attention takes time by source × target
_SLACK = 10  # symbols of a target beyond the longest one learned


class TranslateSettings(TypedDict, total=False):
    """The keywords of `translate` and `translate_many`: the fields of `TranslateConfig`."""

    beam: int  # 1, the default, is greedy
    num: int  # translations of each text
    temperature: float  # 0, the default, takes the likeliest symbol; else each is drawn
    temp: float  # short for temperature
    seed: int | None  # None, the default, is another seed at each call
    max_length: int | None  # symbols; None, the default, follows from the source


@dataclass(frozen=True)
class Translation:
    """What a model makes of a source. `str(translation)` is the text."""

    text: str
    symbols: tuple[str, ...]  # of the target as the model gives them: decomposed, bytes as C3
    source_symbols: tuple[str, ...]
    log_probability: float  # in nats; the end is included if it is complete
    score: float  # the log probability, normalised by length (`Hypothesis.score`)
    is_complete: bool = True  # ended by itself; False: cut off at the longest length
    # How much each symbol of the target looks at each of the source; None unless asked for, and
    # without attention.
    alignment_TS: FloatArray | None = None

    def __str__(self) -> str:
        return self.text

    def picture(self) -> "Alignment":
        """Return a picture of the alignment: a notebook shows it, `save("a.svg")` writes it.

        Raises `UsageError` if there is none.
        """
        from charrnn.plots.alignment import Alignment

        if self.alignment_TS is None:
            raise UsageError(
                "this translation has no alignment",
                "translate with_alignment=True, by a model with attention",
            )
        return Alignment(self.source_symbols, self.symbols, self.alignment_TS.tolist())


class PairLoss(NamedTuple):
    """How badly a model predicts the target of a pair."""

    nats: float  # the sum of -ln p over the symbols of the target and its end
    num_symbols: int  # in this sum, the end included
    num_unknown: int  # symbols of the target that the model does not know; left out of the sum


_NOTHING = Translation("", (), (), 0.0, 0.0)  # of an empty text


class _Source(NamedTuple):
    """A text to translate."""

    number: int
    text: str
    ids_S: Ids


@dataclass(frozen=True, repr=False)
class Translator:
    """An encoder–decoder, or an ensemble of several whose probabilities are averaged.

    Symbols of a source that the model does not know are read as one unknown symbol.
    """

    members: tuple[Member, ...]
    source: Side
    target: Side
    longest_learned: tuple[int, int]  # symbols of the longest source and target it learned from
    name: str = ""  # of its run

    @classmethod
    def of(cls, checkpoints: Sequence[Checkpoint], name: str = "") -> "Translator":
        """Return the translator of one checkpoint, or of several as an ensemble.

        Raises `UsageError` if their symbols differ.
        """
        require_alike(checkpoints)
        both = sides(checkpoints[0].data, checkpoints[0].vocabs)
        members = tuple(
            Member(one.model, Weights.from_arrays(one.model, one.group("weights")))
            for one in checkpoints
        )
        facts = [one.corpora["pairs"] for one in checkpoints]
        longest = (
            max(each.longest_source for each in facts),
            max(each.longest_target for each in facts),
        )
        return cls(members, *both, longest, name)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        sizes = " and ".join(str(member.config) for member in self.members)
        return f"Translator({name}{sizes}, {self.source.vocab.size_in_words})"

    @with_keywords(TranslateSettings)
    def translate(
        self, text: str, *, with_alignment: bool = False, **settings: Unpack[TranslateSettings]
    ) -> list[Translation]:
        """Return the translation of a text; with `num`, the `num` best of a beam, or as many draws.

        The best score comes first, and what has no end comes last; draws come as they are drawn.
        An empty text has an empty translation. Raises `UsageError` for a text of more than
        `MAX_SOURCE` symbols, `SettingError` for a setting that is unknown or not allowed.
        """
        return next(self.translate_many([text], with_alignment=with_alignment, **settings))

    @with_keywords(TranslateSettings)
    def translate_many(
        self,
        texts: Iterable[str],
        *,
        with_alignment: bool = False,
        first_number: int = 0,
        **settings: Unpack[TranslateSettings],
    ) -> Iterator[list[Translation]]:
        """Yield what `translate` returns for each text, in order, computed in batches.

        Up to 1,024 texts are read ahead. Draws are a function of the seed and the number of the
        text, which begins at `first_number`.
        """
        config = _checked(settings)

        def answer(batch: Sequence[_Source]) -> list[list[Translation]]:
            return self._translations(batch, config, with_alignment=with_alignment)

        return batching.in_order(
            (self._encoded(text, number) for number, text in enumerate(texts, first_number)),
            lambda source: len(source.ids_S),
            answer,
            num_targets=config.beam_size if config.temperature == 0 else config.num,
        )

    @with_keywords(TranslateSettings)
    def stream(
        self, text: str, *, number: int = 0, **settings: Unpack[TranslateSettings]
    ) -> "TranslationStream":
        """Return an iterator over the characters of a translation, each given as soon as it is
        known. It is the one that `translate_many` makes of a text with that number.

        Raises `SettingError` for a beam, whose best translation is known only at its end.
        """
        config = _checked(settings)
        if config.beam_size > 1:
            raise SettingError("a beam cannot be streamed", "leave out beam and num", "beam", "num")
        source = self._encoded(text, number)
        steps: Iterator[tuple[int, float]] = iter([(BOUNDARY, 0.0)])
        if len(source.ids_S):
            (limit,) = self._limits([source], config)
            steps = symbols_of_one(self._start([source]), limit, _choice(config, [source]))
        return TranslationStream(steps, self.target, partial(self._translation, source))

    def losses(self, sources: Iterable[str], targets: Iterable[str]) -> Iterator[PairLoss]:
        """Yield how badly the model predicts each target, in order, computed in batches.

        Raises `UsageError` for a source that is empty or has more than `MAX_SOURCE` symbols.
        """
        return batching.in_order(
            map(self._pair, sources, targets),
            lambda pair: max(len(pair[0].ids_S), len(pair[1])),
            self._losses,
        )

    def predict(self, text: str, so_far: str = "", *, temperature: float = 1.0) -> Prediction:
        """Return the probability of each symbol to come next after the beginning of a translation,
        the likeliest first. An empty symbol stands for the end.

        Raises `UsageError` for an empty or too long text, and for a beginning with symbols that the
        model cannot write.
        """
        source, ids_T = self._written_pair(text, so_far)
        *_, log_prob_V1 = self._followed(source, ids_T)
        prob_V = probabilities(log_prob_V1[:, 0], SampleConfig(temperature=temperature))
        order = np.argsort(-prob_V, kind="stable").tolist()
        return Prediction(Chance(self._name(i), float(prob_V[i])) for i in order)

    def expectations(self, text: str, target: str) -> list[Expectation]:
        """Compare each symbol of a target, and its end, with what the model predicted there. An
        empty symbol stands for the end.

        Raises `UsageError` for an empty or too long text, and for a target with symbols that the
        model cannot write.
        """
        source, ids_T = self._written_pair(text, target)
        targets_T = np.append(ids_T, BOUNDARY)
        return expectations(self._followed(source, ids_T), targets_T, self._name)

    def encode(self, text: str) -> Ids:
        """Return the ids of a source. Raises `UsageError` for more than `MAX_SOURCE` symbols."""
        hint = "translate it in parts, such as sentences or lines"
        return source_ids(self.source, text, at_most=MAX_SOURCE, purpose="translate", hint=hint)

    def unknown_in(self, text: str) -> list[str]:
        """Return the symbols of a text that the model does not know, each once."""
        return self.source.unknown_in(text)

    def longest_target(self, num_symbols: int) -> int:
        """Return how many symbols the target of a source of so many may have.

        A model that repeats itself without end is cut off there: ten symbols after the longest
        target that it learned, which counts in proportion for a source that is longer than any.
        """
        longest_source, longest_target = self.longest_learned
        in_proportion = longest_target * num_symbols // max(longest_source, 1)
        return _SLACK + min(max(longest_target, in_proportion), MAX_SOURCE)

    def _encoded(self, text: str, number: int = 0) -> _Source:
        return _Source(number, text, self.encode(text))

    def _pair(self, source: str, target: str) -> tuple[_Source, Ids]:
        encoded = self._encoded(source)
        if not len(encoded.ids_S):
            raise UsageError("a source is empty", "give it at least one symbol")
        return encoded, self.target.encode(target)

    def _written_pair(self, text: str, target: str) -> tuple[_Source, Ids]:
        """Return a pair whose target the model can write."""
        source, ids_T = self._pair(text, target)
        if unknown := self.target.unknown_in(target):
            raise UsageError(
                f"the model cannot write {unknown[0]!r}", "give a target in symbols that it learned"
            )
        return source, ids_T

    def _followed(self, source: _Source, ids_T: Ids) -> Iterator[FloatArray]:
        """Yield the log_prob_V1 of the first symbol, and of the one after each of a target."""
        decoder = self._start([source])
        for i in (BOUNDARY, *ids_T.tolist()):
            log_prob_V1, _ = decoder.step(np.array([i]))
            yield log_prob_V1

    def _name(self, i: int) -> str:
        return "" if i == BOUNDARY else self.target.symbol(i)

    def _translations(
        self, batch: Sequence[_Source], config: TranslateConfig, *, with_alignment: bool
    ) -> list[list[Translation]]:
        """Return the translations of some texts; the empty ones need no model."""
        sources = [source for source in batch if len(source.ids_S)]
        if not sources:
            return [[_NOTHING] for _ in batch]
        hypotheses = self._search(sources, config)
        alignments = self._align(sources, hypotheses) if with_alignment else None
        if alignments is None:
            alignments = [[None] * len(each) for each in hypotheses]
        made = {
            source.number: [self._translation(source, *one) for one in zip(*both, strict=True)]
            for source, *both in zip(sources, hypotheses, alignments, strict=True)
        }
        return [made.get(source.number, [_NOTHING]) for source in batch]

    def _search(
        self, sources: Sequence[_Source], config: TranslateConfig
    ) -> list[list[Hypothesis]]:
        limits_B = self._limits(sources, config)
        if config.temperature == 0 and config.beam_size > 1:
            decoder = self._start(sources, num_targets=config.beam_size)
            return [best[: config.num] for best in beam(decoder, limits_B, config.beam_size)]
        decoder = self._start(sources, num_targets=config.num)
        choose = _choice(config, sources)
        return single_paths(decoder, limits_B, choose, num_targets=config.num)

    def _align(
        self, sources: Sequence[_Source], hypotheses: Sequence[Sequence[Hypothesis]]
    ) -> Sequence[Sequence[FloatArray | None]] | None:
        """Return the alignment of each target, by source; None without attention."""
        num = max(map(len, hypotheses))
        nothing = Hypothesis([], 0.0, is_complete=True)
        targets = [
            np.array(one.ids, np.int64)
            for made in hypotheses
            for one in (*made, *[nothing] * (num - len(made)))
        ]
        aligned = teacher_forcing.alignments(self._start(sources, num_targets=num), targets)
        if aligned is None:
            return None
        return [
            [aligned[b * num + k][:, : len(source.ids_S)].copy() for k in range(len(made))]
            for b, (source, made) in enumerate(zip(sources, hypotheses, strict=True))
        ]

    def _losses(self, pairs: Sequence[tuple[_Source, Ids]]) -> list[PairLoss]:
        targets = [ids_T for _, ids_T in pairs]
        decoder = self._start([source for source, _ in pairs])
        log_prob_TN = teacher_forcing.log_probabilities(decoder, targets)
        losses = []
        for n, ids_T in enumerate(targets):
            is_known_T = np.append(ids_T != RESERVED, True)
            nats = -float(log_prob_TN[: len(is_known_T), n][is_known_T].sum())
            num_known = int(is_known_T.sum())
            losses.append(PairLoss(nats, num_known, len(is_known_T) - num_known))
        return losses

    def _start(self, sources: Sequence[_Source], *, num_targets: int = 1) -> EnsembleDecoder:
        lengths_B = np.array([len(source.ids_S) for source in sources])
        sources_SB = teacher_forcing.padded([source.ids_S for source in sources])[:-1]
        return start(self.members, sources_SB, lengths_B, num_targets=num_targets)

    def _limits(self, sources: Sequence[_Source], config: TranslateConfig) -> Ids:
        return np.array(
            [config.max_length or self.longest_target(len(source.ids_S)) for source in sources]
        )

    def _translation(
        self, source: _Source, made: Hypothesis, alignment_TS: FloatArray | None = None
    ) -> Translation:
        return Translation(
            self.target.decode(made.ids),
            tuple(self.target.labels(map(self.target.symbol, made.ids))),
            tuple(self.source.labels(self.source.symbols(source.text))),
            made.log_probability,
            made.score,
            made.is_complete,
            alignment_TS,
        )


class TranslationStream(Iterator[str]):
    """The characters of a translation as they come."""

    def __init__(
        self,
        steps: Iterator[tuple[int, float]],
        target: Side,
        translation: Callable[[Hypothesis], Translation],
    ) -> None:
        self._steps, self._translation = steps, translation
        self._ids: list[int] = []
        self._log_probability, self._is_complete = 0.0, False
        self._characters = text_of(target, self._symbols())

    def __next__(self) -> str:
        return next(self._characters)

    @property
    def translation(self) -> Translation:
        """The translation so far, without alignment: whole when the characters have ended."""
        return self._translation(Hypothesis(self._ids, self._log_probability, self._is_complete))

    def _symbols(self) -> Iterator[int]:
        for i, log_probability in self._steps:
            self._log_probability += log_probability
            if i == BOUNDARY:
                self._is_complete = True
                return
            self._ids.append(i)
            yield i


def _checked(settings: Mapping[str, Any]) -> TranslateConfig:
    """Return a `TranslateConfig` of the keywords of a call; without a seed, one at random."""
    return TranslateConfig(**fields_of(settings, TranslateSettings))


def _choice(config: TranslateConfig, sources: Sequence[_Source]) -> Choose:
    """Return how symbols are chosen: the likeliest, or drawn for each target by itself."""
    if config.temperature == 0:
        return likeliest
    keys = [(source.number, k) for source in sources for k in range(config.num)]
    return Draw(
        config.temperature,
        [np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=key)) for key in keys],
    )
