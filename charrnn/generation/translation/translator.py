"""A trained encoder–decoder as a library: it makes the targets of sources. Numpy only.

    translator = charrnn.load("en-fr")
    print(translator.translate("a dog jumps", beam=5, num=3))
    for character in translator.stream("a dog jumps"):
        print(character, end="", flush=True)

A *translation* is what the model makes of a source, whatever the two languages are: a text in
another language, a pronunciation, a corrected spelling.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from charrnn.config import SampleConfig, with_keywords
from charrnn.data.pairs.symbols import Ids, Side, sides
from charrnn.errors import UsageError
from charrnn.generation.ensemble import require_alike
from charrnn.generation.predict import Chance, Expectation, Prediction, expectations
from charrnn.generation.sampler import FloatArray, probabilities
from charrnn.generation.translation import teacher_forcing
from charrnn.generation.translation.members import EnsembleDecoder, Member, start
from charrnn.generation.translation.search import Hypothesis
from charrnn.generation.translation.source_ids import source_ids
from charrnn.generation.translation.target_writer import (
    SLACK,
    Source,
    TargetStream,
    TargetWriter,
    TranslateSettings,
)
from charrnn.models.seq2seq.equations import BOUNDARY, Weights
from charrnn.runs.checkpoint import Checkpoint

if TYPE_CHECKING:
    from charrnn.plots.alignment import Alignment

MAX_SOURCE = 10_000  # symbols; attention takes time by source × target


@dataclass(frozen=True)
class Translation:
    """What a model makes of a source. `str(translation)` is the text."""

    text: str
    symbols: tuple[str, ...]  # of the target as the model gives them: decomposed, bytes as C3
    source_symbols: tuple[str, ...]
    log_probability: float  # in nats; the end is included if it is complete
    score: float  # the log probability, normalised by length (`Hypothesis.score`)
    is_complete: bool = True  # ended by itself; False: cut off at the longest length
    # How much each symbol of the target looks at each of the source; None unless asked for, without
    # attention, and where it would have more than `target_writer.MAX_ALIGNMENT` numbers.
    alignment_TS: FloatArray | None = None

    def __str__(self) -> str:
        return self.text

    def picture(self) -> "Alignment":
        """Return a picture of the alignment: a notebook shows it, `save("a.svg")` writes it.

        Raises `UsageError` if there is none.
        """
        from charrnn.plots.alignment import Alignment
        from charrnn.plots.share_matrix import MOST_NAMES

        if self.alignment_TS is None:
            raise UsageError(
                "this translation has no alignment",
                "translate a text that is not too long with_alignment=True, by a model with"
                " attention",
            )
        drawn_TS = self.alignment_TS[:MOST_NAMES, :MOST_NAMES]
        return Alignment(self.source_symbols, self.symbols, drawn_TS.tolist())


@dataclass(frozen=True, repr=False)
class Translator(TargetWriter[Translation]):
    """An encoder–decoder, or an ensemble of several whose probabilities are averaged.

    Symbols of a source that the model does not know are read as one unknown symbol.
    """

    source: Side
    longest_learned: tuple[int, int]  # symbols of the longest source and target it learned from
    name: str = ""  # of its run

    @classmethod
    def of(cls, checkpoints: Sequence[Checkpoint], name: str = "") -> "Translator":
        """Return the translator of one checkpoint, or of several as an ensemble.

        Raises `UsageError` if their symbols differ.
        """
        require_alike(checkpoints)
        members = tuple(
            Member(one.model, Weights.from_arrays(one.model, one.group("weights")))
            for one in checkpoints
        )
        facts = [one.corpora["pairs"] for one in checkpoints]
        longest = (
            max(each.longest_source for each in facts),
            max(each.longest_target for each in facts),
        )
        source, target = sides(checkpoints[0].data, checkpoints[0].vocabs)
        return cls(members, target, source, longest, name)

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
        return self.write_many(
            texts, settings, with_alignment=with_alignment, first_number=first_number
        )

    @with_keywords(TranslateSettings)
    def stream(
        self, text: str, *, number: int = 0, **settings: Unpack[TranslateSettings]
    ) -> TargetStream[Translation]:
        """Return an iterator over the characters of a translation, each given as soon as it is
        known. It is the one that `translate_many` makes of a text with that number.

        Raises `SettingError` for a beam, whose best translation is known only at its end.
        """
        return self.write_one(text, settings, number=number)

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
        return SLACK + min(max(longest_target, in_proportion), MAX_SOURCE)

    def read(self, given: str, number: int = 0) -> Source:
        """Read a text. Raises the errors of `encode`."""
        ids_S = self.encode(given)
        return Source(number, given, ids_S, len(ids_S))

    def pair(self, given: str, target: str) -> tuple[Source, Ids]:
        """Return a source and the ids of its target. Raises `UsageError` for an empty source."""
        source, ids_T = super().pair(given, target)
        if not source.length:
            raise UsageError("a source is empty", "give it at least one symbol")
        return source, ids_T

    def _written_pair(self, text: str, target: str) -> tuple[Source, Ids]:
        """Return a pair whose target the model can write."""
        source, ids_T = self.pair(text, target)
        if unknown := self.target.unknown_in(target):
            raise UsageError(
                f"the model cannot write {unknown[0]!r}", "give a target in symbols that it learned"
            )
        return source, ids_T

    def _followed(self, source: Source, ids_T: Ids) -> Iterator[FloatArray]:
        """Yield the log_prob_V1 of the first symbol, and of the one after each of a target."""
        decoder = self.start([source])
        for i in (BOUNDARY, *ids_T.tolist()):
            log_prob_V1, _ = decoder.step(np.array([i]))
            yield log_prob_V1

    def _name(self, i: int) -> str:
        return "" if i == BOUNDARY else self.target.symbol(i)

    def start(self, sources: Sequence[Source], *, num_targets: int = 1) -> EnsembleDecoder:
        """Return a decoder at the beginning of so many targets of each text."""
        lengths_B = np.array([source.length for source in sources])
        sources_SB = teacher_forcing.padded([source.read for source in sources])[:-1]
        return start(self.members, sources_SB, lengths_B, num_targets=num_targets)

    def limit(self, source: Source) -> int:
        """Return how many symbols the target of a source may have."""
        return self.longest_target(source.length)

    def made(
        self, source: Source, target: Hypothesis, alignment_TS: FloatArray | None = None
    ) -> Translation:
        """Return what is known of a translation."""
        return Translation(
            self.target.decode(target.ids),
            tuple(self.target.labels(map(self.target.symbol, target.ids))),
            tuple(self.source.labels(self.source.symbols(source.given))),
            target.log_probability,
            target.score,
            target.is_complete,
            None if alignment_TS is None else alignment_TS[:, : source.length].copy(),
        )
