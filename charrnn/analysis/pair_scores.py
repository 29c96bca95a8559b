"""How well a model translates pairs: loss, exact match, error rates, BLEU, chrF."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, NamedTuple

from charrnn.data.pairs.error_rates import EditCounts, count_edits, edit_counts
from charrnn.data.pairs.symbols import Side
from charrnn.errors import UsageError
from charrnn.generation.translation.captioner import Caption, Captioner
from charrnn.generation.translation.in_step import Tagged, Tagger
from charrnn.generation.translation.translator import Translation, Translator
from charrnn.sources.pictures import Pixels


class Pair(NamedTuple):
    """A source and its target, to be compared with a translation."""

    number: int  # of its line in a file, or among the pairs of a run; from 1
    source: str
    reference: str  # the target


@dataclass(frozen=True)
class ScoredPair:
    """A pair, and what a model makes of its source."""

    pair: Pair
    translation: str
    nats: float  # the loss of the reference, summed over its symbols and its end
    num_scored: int  # those symbols, and the end
    edits: EditCounts  # from the translation to the reference
    num_unknown: int = 0  # symbols of the reference that the model does not know: not in the loss

    @property
    def nats_per_symbol(self) -> float:
        """The mean loss of the reference."""
        return self.nats / max(self.num_scored, 1)  # in step all may be unknown

    def figures(self) -> dict[str, Any]:
        """Return what is known of the pair, by names that scripts can rely on."""
        return {
            **self.pair._asdict(),
            "translation": self.translation,
            "nats_per_symbol": self.nats_per_symbol,
            "symbol_edits": self.edits.symbol_edits,
            "symbol_error_rate": self.edits.symbol_error_rate,
        }


@dataclass(frozen=True)
class SentenceScores:
    """Scores from 0 to 100, and signatures: how they were computed (Post, 2018)."""

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str


@dataclass(frozen=True)
class PairScore:
    """How well a model translates pairs."""

    num_pairs: int
    num_symbols: int  # of the references, with the end of each
    nats_per_symbol: float
    exact_match: float  # a share, as are the error rates
    word_error_rate: float
    symbol_error_rate: float
    sentences: SentenceScores | None = None  # None where targets are words, or without sacrebleu

    @classmethod
    def of(cls, pairs: Sequence[ScoredPair], *, in_step: bool = False) -> "PairScore":
        """Sum up pairs, of which there is at least one. Texts in step are no sentences of one's
        own words, so BLEU and chrF are for others.
        """
        is_of_sentences = not in_step and are_sentences(pairs) and has_sacrebleu()
        edits = sum((pair.edits for pair in pairs), EditCounts())
        num_symbols = sum(pair.num_scored for pair in pairs)
        return cls(
            num_pairs=len(pairs),
            num_symbols=num_symbols,
            nats_per_symbol=sum(pair.nats for pair in pairs) / max(num_symbols, 1),
            exact_match=edits.exact_match,
            word_error_rate=edits.word_error_rate,
            symbol_error_rate=edits.symbol_error_rate,
            sentences=sentence_scores(pairs) if is_of_sentences else None,
        )

    def figures(self) -> dict[str, Any]:
        """Return all figures by name; BLEU and chrF only where they were computed."""
        sentences = {} if self.sentences is None else vars(self.sentences)
        return {name: vars(self)[name] for name in vars(self) if name != "sentences"} | sentences


def scored_pairs(
    translator: Translator | Tagger | Captioner,
    pairs: Sequence[Pair],
    *,
    beam: int = 1,
    pictures: Iterable[Pixels] | None = None,
) -> Iterator[ScoredPair]:
    """Translate the source of each pair, and compare with its target: in step symbol by symbol. A
    captioner describes the picture of each; they are iterated over twice.

    Raises `UsageError` for a source that is too long.
    """
    sources: Iterable[Any] = [pair.source for pair in pairs] if pictures is None else pictures
    references = [pair.reference for pair in pairs]
    losses = translator.losses(sources, references)
    made = _best(translator, sources, beam)
    for pair, loss, best in zip(pairs, losses, made, strict=True):
        edits = _edits(best, pair.reference, translator.target)
        yield ScoredPair(
            pair, best.text, loss.nats, loss.num_symbols, edits, num_unknown=loss.num_unknown
        )


def _best(
    translator: Translator | Tagger | Captioner, sources: Iterable[Any], beam: int
) -> Iterator[Translation | Tagged | Caption]:
    """Yield what a model makes of each source; the best one of a beam."""
    if isinstance(translator, Captioner):
        yield from (best for (best, *_) in translator.caption_many(sources, beam=beam))
    elif isinstance(translator, Tagger):
        yield from (made for (made,) in translator.translate_many(sources))
    else:
        yield from (best for (best, *_) in translator.translate_many(sources, beam=beam))


def _edits(made: Translation | Tagged | Caption, reference: str, side: Side) -> EditCounts:
    """Count what is wrong: the least number of edits, or the places that differ, in step."""
    if not isinstance(made, Tagged):
        return count_edits(made.text, reference, side)
    expected = side.labels(side.symbols(reference))
    num_wrong = sum(one != other for one, other in zip(made.symbols, expected, strict=True))
    return edit_counts(num_wrong, len(expected), made.text, reference, side)


def are_sentences(pairs: Iterable[ScoredPair]) -> bool:
    """Whether the references have two words or more on average: BLEU compares groups of words."""
    counts = [pair.edits.num_words for pair in pairs]
    return sum(counts) >= 2 * len(counts)


def has_sacrebleu() -> bool:
    """Whether the library for BLEU and chrF is installed."""
    return find_spec("sacrebleu") is not None


def sentence_scores(pairs: Sequence[ScoredPair]) -> SentenceScores:
    """Compute BLEU (Papineni et al., 2002) and chrF (Popović, 2015) over all pairs by sacrebleu.

    Raises `UsageError` where that is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise UsageError(
            "BLEU and chrF need sacrebleu", "install it: pip install 'charrnn[translate]'"
        ) from error
    translations = [pair.translation for pair in pairs]
    references = [[scored.pair.reference for scored in pairs]]
    bleu, chrf = BLEU(force=True), CHRF()  # force: no warning where a text looks tokenised
    return SentenceScores(
        bleu.corpus_score(translations, references).score,
        chrf.corpus_score(translations, references).score,
        f"BLEU|{bleu.get_signature()}",
        f"chrF|{chrf.get_signature()}",
    )


def worst_first(pairs: Iterable[ScoredPair]) -> list[ScoredPair]:
    """Sort pairs by their symbol error rate, and those that are equal by their loss."""
    return sorted(
        pairs, key=lambda pair: (pair.edits.symbol_error_rate, pair.nats_per_symbol), reverse=True
    )
