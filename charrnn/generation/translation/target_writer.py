"""What translating and describing pictures have in common: targets are made of sources, in batches.

A subclass says what a source is: how it is read, how long its target may become, and what is
returned of a target. Numpy only.
"""

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

import numpy as np

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.config import TranslateConfig
from charrnn.data.pairs.symbols import RESERVED, Ids, Side
from charrnn.errors import SettingError
from charrnn.generation.keywords import fields_of
from charrnn.generation.sampler import FloatArray
from charrnn.generation.translation import batching, teacher_forcing
from charrnn.generation.translation.incremental import text_of
from charrnn.generation.translation.members import EnsembleDecoder, Member
from charrnn.generation.translation.search import (
    Choose,
    Draw,
    Hypothesis,
    OnStep,
    beam,
    likeliest,
    single_paths,
    symbols_of_one,
)
from charrnn.models.seq2seq.equations import BOUNDARY

SLACK = 10  # symbols of a target beyond the longest one learned
MAX_ALIGNMENT = 1 << 24  # numbers in the alignments of a source: more would fill the memory


class TranslateSettings(TypedDict, total=False):
    """The keywords of a call: the fields of `TranslateConfig`."""

    beam: int  # 1, the default, is greedy
    num: int  # translations of each text
    temperature: float  # 0, the default, takes the likeliest symbol; else each is drawn
    temp: float  # short for temperature
    seed: int | None  # None, the default, is another seed at each call
    max_length: int | None  # symbols; None, the default, follows from the source


class PairLoss(NamedTuple):
    """How badly a model predicts the target of a pair."""

    nats: float  # the sum of -ln p over the symbols of the target and its end
    num_symbols: int  # in this sum, the end included
    num_unknown: int  # symbols of the target that the model does not know; left out of the sum


class Source(NamedTuple):
    """What a target is made of, as a network reads it."""

    number: int
    given: Any  # by the caller: a text, or the path of a picture
    read: Any  # ids_S, or pixels_YXC
    length: int  # sources of like length make a batch; of none there is nothing to write


_NOTHING = Hypothesis([], 0.0, is_complete=True)  # of an empty source
Made = TypeVar("Made")  # what is returned of a target


@dataclass(frozen=True, repr=False)
class TargetWriter(Generic[Made]):
    """Makes targets by one network, or by several whose probabilities are averaged."""

    members: tuple[Member, ...]
    target: Side

    @abstractmethod
    def read(self, given: Any, number: int = 0) -> Source:
        """Read a source. Raises `UsageError` for one that cannot be read."""

    @abstractmethod
    def start(self, sources: Sequence[Source], *, num_targets: int = 1) -> EnsembleDecoder:
        """Return a decoder at the beginning of so many targets of each source."""

    @abstractmethod
    def limit(self, source: Source) -> int:
        """Return how many symbols the target of a source may have."""

    @abstractmethod
    def made(
        self, source: Source, target: Hypothesis, alignment_TS: FloatArray | None = None
    ) -> Made:
        """Return what is known of a target."""

    def write_many(
        self,
        given: Iterable[Any],
        settings: Mapping[str, Any],
        *,
        with_alignment: bool,
        first_number: int,
        progress: ProgressCallback = ignore_progress,
    ) -> Iterator[list[Made]]:
        """Yield the targets of each source, in order, computed in batches.

        Up to 1,024 sources are read ahead. Draws are a function of the seed and the number of the
        source, which begins at `first_number`. `progress` is called by one thread at a time with
        the number of steps of all batches so far, and how many there are at most.
        """
        config, steps = _checked(settings), _Steps(progress)

        def answer(batch: Sequence[Source]) -> list[list[Made]]:
            return self._written(batch, config, steps, with_alignment=with_alignment)

        return batching.in_order(
            (self.read(one, number) for number, one in enumerate(given, first_number)),
            lambda source: source.length,
            answer,
            num_targets=config.beam_size if config.temperature == 0 else config.num,
        )

    def write_one(
        self, given: Any, settings: Mapping[str, Any], *, number: int
    ) -> "TargetStream[Made]":
        """Return an iterator over the characters of the target that `write_many` makes of a source
        with that number, each given as soon as it is known.

        Raises `SettingError` for a beam, whose best target is known only at its end.
        """
        config = _checked(settings)
        if config.beam_size > 1:
            raise SettingError("a beam cannot be streamed", "leave out beam and num", "beam", "num")
        source = self.read(given, number)
        steps: Iterator[tuple[int, float]] = iter([(BOUNDARY, 0.0)])
        if source.length:
            limit = config.max_length or self.limit(source)
            steps = symbols_of_one(self.start([source]), limit, _choice(config, [source]))
        return TargetStream(steps, self.target, partial(self.made, source))

    def losses(self, sources: Iterable[Any], targets: Iterable[str]) -> Iterator[PairLoss]:
        """Yield how badly the model predicts each target, in order, computed in batches.

        Raises `UsageError` for a source that cannot be read.
        """
        return batching.in_order(
            map(self.pair, sources, targets),
            lambda pair: max(pair[0].length, len(pair[1])),
            self._losses,
        )

    def pair(self, given: Any, target: str) -> tuple[Source, Ids]:
        """Return a source and the ids of its target."""
        return self.read(given), self.target.encode(target)

    def _written(
        self,
        batch: Sequence[Source],
        config: TranslateConfig,
        steps: "_Steps",
        *,
        with_alignment: bool,
    ) -> list[list[Made]]:
        """Return the targets of some sources; the empty ones need no model."""
        made = {source.number: [self.made(source, _NOTHING)] for source in batch}
        sources = [source for source in batch if source.length]
        if not sources:
            return [made[source.number] for source in batch]
        hypotheses = self._search(sources, config, steps)
        alignments: Sequence[Sequence[FloatArray | None]]
        alignments = [[None] * len(each) for each in hypotheses]
        if with_alignment:
            alignments = self._align(sources, hypotheses)
        for source, *both in zip(sources, hypotheses, alignments, strict=True):
            made[source.number] = [self.made(source, *one) for one in zip(*both, strict=True)]
        return [made[source.number] for source in batch]

    def _search(
        self, sources: Sequence[Source], config: TranslateConfig, steps: "_Steps"
    ) -> list[list[Hypothesis]]:
        limits_B = np.array([config.max_length or self.limit(source) for source in sources])
        on_step = steps.of_batch(int(limits_B.max()) + 1)
        if config.temperature == 0 and config.beam_size > 1:
            decoder = self.start(sources, num_targets=config.beam_size)
            found = beam(decoder, limits_B, config.beam_size, on_step=on_step)
            return [best[: config.num] for best in found]
        decoder = self.start(sources, num_targets=config.num)
        choose = _choice(config, sources)
        return single_paths(decoder, limits_B, choose, num_targets=config.num, on_step=on_step)

    def _align(
        self, sources: Sequence[Source], hypotheses: Sequence[Sequence[Hypothesis]]
    ) -> Sequence[Sequence[FloatArray | None]]:
        """Return the alignment of each target, by source, the padding of the source included; None
        without attention, and for a source whose alignments would be too large.
        """
        alignments: list[list[FloatArray | None]] = [[None] * len(made) for made in hypotheses]
        both = zip(sources, hypotheses, strict=True)
        fit = [b for b, pair in enumerate(both) if _num_numbers(*pair) <= MAX_ALIGNMENT]
        if not fit:
            return alignments
        num = max(len(hypotheses[b]) for b in fit)
        targets = [
            np.array(one.ids, np.int64)
            for b in fit
            for one in (*hypotheses[b], *[_NOTHING] * (num - len(hypotheses[b])))
        ]
        decoder = self.start([sources[b] for b in fit], num_targets=num)
        aligned = teacher_forcing.alignments(decoder, targets)
        if aligned is not None:
            for place, b in enumerate(fit):
                alignments[b] = [*aligned[place * num :][: len(hypotheses[b])]]
        return alignments

    def _losses(self, pairs: Sequence[tuple[Source, Ids]]) -> list[PairLoss]:
        targets = [ids_T for _, ids_T in pairs]
        decoder = self.start([source for source, _ in pairs])
        log_prob_TN = teacher_forcing.log_probabilities(decoder, targets)
        losses = []
        for n, ids_T in enumerate(targets):
            is_known_T = np.append(ids_T != RESERVED, True)
            nats = -float(log_prob_TN[: len(is_known_T), n][is_known_T].sum())
            num_known = int(is_known_T.sum())
            losses.append(PairLoss(nats, num_known, len(is_known_T) - num_known))
        return losses


class _Steps:
    """Counts the steps of batches that are computed side by side."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress, self._lock = progress, threading.Lock()
        self._done = self._most = 0

    def of_batch(self, most: int) -> OnStep:
        """Return what a batch calls after each of its steps, which are so many at most."""
        with self._lock:
            self._most += most
        return self._advance

    def _advance(self) -> None:
        with self._lock:
            self._done += 1
            self._progress(self._done, self._most)


class TargetStream(Iterator[str], Generic[Made]):
    """The characters of a target as they come."""

    def __init__(
        self,
        steps: Iterator[tuple[int, float]],
        target: Side,
        made: Callable[[Hypothesis], Made],
    ) -> None:
        self._steps, self._made = steps, made
        self._ids: list[int] = []
        self._log_probability, self._is_complete = 0.0, False
        self._characters = text_of(target, self._symbols())

    def __next__(self) -> str:
        return next(self._characters)

    @property
    def result(self) -> Made:
        """What is made so far, without alignment: whole when the characters have ended."""
        return self._made(Hypothesis(self._ids, self._log_probability, self._is_complete))

    def _symbols(self) -> Iterator[int]:
        for i, log_probability in self._steps:
            self._log_probability += log_probability
            if i == BOUNDARY:
                self._is_complete = True
                return
            self._ids.append(i)
            yield i


def _num_numbers(source: Source, made: Sequence[Hypothesis]) -> int:
    """Return how many numbers the alignments of the targets of a source have."""
    return source.length * sum(len(one.ids) for one in made)


def _checked(settings: Mapping[str, Any]) -> TranslateConfig:
    """Return a `TranslateConfig` of the keywords of a call; without a seed, one at random."""
    return TranslateConfig(**fields_of(settings, TranslateSettings))


def _choice(config: TranslateConfig, sources: Sequence[Source]) -> Choose:
    """Return how symbols are chosen: the likeliest, or drawn for each target by itself."""
    if config.temperature == 0:
        return likeliest
    keys = [(source.number, k) for source in sources for k in range(config.num)]
    return Draw(
        config.temperature,
        [np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=key)) for key in keys],
    )
