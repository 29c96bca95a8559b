"""What `score` measures of a run of pairs: how well its translations agree with given targets."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from charrnn._text import Reporter, bits, number_of
from charrnn.cli.console.streams import note, print_json
from charrnn.errors import CorpusError, UsageError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.analysis.pair_scores import Pair, PairScore, ScoredPair
    from charrnn.config import PairsConfig
    from charrnn.generation.translation.captioner import Captioner
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator
    from charrnn.runs.checkpoint import Checkpoint
    from charrnn.tasks.pairs.learned_pairs import PairTexts

_NUM_WORST = 20
_UNKNOWN = "read as unknown"


@dataclass(frozen=True)
class PairFiles:
    """Files of pairs to score, or a split of the run's own pairs if there are none."""

    names: Sequence[str]
    target_names: Sequence[str] = ()
    are_parallel: bool = False  # sources and targets are in files of their own
    split: str = "val"
    encoding: str | None = None  # None: that of the run's own files

    def __post_init__(self) -> None:
        if self.are_parallel != bool(self.target_names):
            raise UsageError("--source and --target belong together", "give both, or one FILE")

    def as_read(self, config: "PairsConfig") -> Any:
        """Return how the files are read: as those of a run were, but for what was asked for."""
        if self.encoding is not None:
            config = replace(config, encoding=self.encoding)
        if self.are_parallel:
            config = replace(config, source_column=None, target_column=None)
        return config


def score(
    checkpoints: Sequence["Checkpoint"],
    files: PairFiles,
    *,
    beam: int,
    per_line: bool,
    as_json: bool,
) -> None:
    """Score files of pairs, or a split; print the sum, or (`per_line`) the worst pairs."""
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator

    in_step = checkpoints[0].task == task_names.TAG
    translator = (Tagger if in_step else Translator).of(checkpoints)
    pairs = pairs_to_score(checkpoints, files, translator.encode)
    from charrnn.analysis.pair_scores import PairScore, worst_first

    if isinstance(translator, Translator) and checkpoints[0].task == task_names.GIVEN:
        _print_loss(translator, pairs, as_json=as_json)
        return
    every = scored(translator, pairs, beam=beam)
    if per_line:
        print_worst(worst_first(every), as_json=as_json)
        return
    total = PairScore.of(every, in_step=in_step)
    if as_json:
        print_json(total.figures() | ({} if in_step else {"beam": beam}))
        return
    leaves_unknown = isinstance(translator, Tagger) and translator.leaves_unknown
    became = "left as they are" if leaves_unknown else _UNKNOWN
    note_unknown(translator.unknown_in, pairs, became=became)
    note_unknown_of_targets(sum(one.num_unknown for one in every))
    print_score(total, translator, None if in_step else beam)
    if not in_step:
        note_sacrebleu(every)


def pairs_to_score(
    checkpoints: Sequence["Checkpoint"], files: PairFiles, encode: Callable[[str], object]
) -> "list[Pair]":
    """Read the pairs. Raises `CorpusError` where there are none; `UsageError` with its line for a
    source that `encode` does not take, such as one that is too long.
    """
    from charrnn.analysis.pair_scores import Pair

    checkpoint = checkpoints[0]
    if not files.names:
        require_same_split(checkpoints, files.split)
        pairs = own_pairs(checkpoint, files.split)
        for pair in pairs:
            _require_readable(pair.source, encode, f"pair {pair.number:,}")
        return pairs
    from charrnn.data.corpus import temporary_folder
    from charrnn.data.pairs.reading.table import read_table

    config = files.as_read(checkpoint.data)
    with temporary_folder() as folder, errors_without_flags_of_train():
        pairs = []
        for row in read_table(
            files.names,
            config,
            target_names=files.target_names,
            spool_folder=folder,
            reporter=Notes(),
        ):
            _require_readable(row.source, encode, f"{row.label}, line {row.line}")
            pairs.append(Pair(row.line, row.source, row.target))
    if not pairs:
        raise CorpusError("there is no pair to score", "give a file with pairs")
    return pairs


def _require_readable(source: str, encode: Callable[[str], object], place: str) -> None:
    """Raise the `UsageError` of `encode` with the place of the source."""
    try:
        encode(source)
    except UsageError as error:
        raise UsageError(f"{place}: {error.message}", error.hint) from error


@contextlib.contextmanager
def errors_without_flags_of_train() -> Iterator[None]:
    """Replace a hint that names settings which only a new run can have."""
    try:
        yield
    except CorpusError as error:
        if {"errors", "source_column"}.isdisjoint(error.fields):
            raise
        raise CorpusError(
            error.message, "mend it: a file is read as those of the run were"
        ) from error


def require_same_split(checkpoints: Sequence["Checkpoint"], split: str) -> None:
    """Raise `UsageError` where one may have learned what another keeps apart."""
    first, *others = checkpoints
    for other in others:
        if _what_splits(first, split) != _what_splits(other, split):
            raise UsageError(
                f"runs {first.run_name} and {other.run_name} do not have the same {split} split",
                "give a file to score",
            )


def _what_splits(checkpoint: "Checkpoint", split: str) -> tuple[object, ...]:
    """Return what decides which pairs are in a split; validation files are, whatever the seed."""
    facts, config = checkpoint.corpora["pairs"], checkpoint.data
    has_files = split == "val" and bool(facts.val_names)
    fractions = config.val_fraction, config.test_fraction, config.max_val_pairs
    seed = None if has_files else checkpoint.train.seed
    return facts.sha256, len(facts.val_names), *fractions, seed


def own_pairs(checkpoint: "Checkpoint", split: str) -> "list[Pair]":
    """Return the pairs of a split of the run's own, numbered as they were read.

    Raises `CorpusError` where they are gone, or where there is no such split.
    """
    from charrnn.tasks.pairs import learned_pairs

    dataset = learned_pairs.reload(checkpoint, keep_corpus=True, reporter=Reporter())
    return pairs_of_split(dataset, split)


def pairs_of_split(dataset: "PairTexts", split: str) -> "list[Pair]":
    """Return the pairs of a split. Raises `CorpusError` where there is no such split."""
    from charrnn.analysis.pair_scores import Pair

    numbers = dataset.pairs.numbers[split].tolist()
    if not numbers:
        is_missing = split in dataset.pairs.missing
        why = ": too many of its pairs have the same source" if is_missing else ""
        raise CorpusError(
            f"the run has no {split} split{why}",
            f"give it a file instead, or train with {split}_fraction",
            f"{split}_fraction",
        )
    return [Pair(number + 1, *dataset.texts(number)) for number in numbers]


class Notes(Reporter):
    """Shows on stderr what is told about files."""

    def show(self, sentence: str) -> None:
        """Show a sentence."""
        note(sentence)

    def warn(self, sentence: str) -> None:
        """Show a warning."""
        note(sentence)


def scored(
    translator: "Translator | Tagger | Captioner",
    pairs: "Sequence[Pair]",
    *,
    beam: int = 1,
    what: str = "translating",
    pictures: Iterable[Any] | None = None,
) -> "list[ScoredPair]":
    """Score pairs, with a bar. Of captions, `pictures` are their pixels."""
    from charrnn.analysis.pair_scores import scored_pairs
    from charrnn.cli.console.progress import ProgressBar

    every = []
    with contextlib.closing(ProgressBar(len(pairs), what=what, at_once=True)) as bar:
        for one in scored_pairs(translator, pairs, beam=beam, pictures=pictures):
            every.append(one)
            bar.advance()
    return every


def _print_loss(translator: "Translator", pairs: "Sequence[Pair]", *, as_json: bool) -> None:
    """Print the loss of texts of given labels: there is no one right text to compare with."""
    from charrnn.cli.console.tables import print_table

    losses = translator.losses((pair.source for pair in pairs), (pair.reference for pair in pairs))
    nats, num_symbols, num_unknown = map(sum, zip(*losses, strict=True))
    mean = nats / num_symbols
    if as_json:
        print_json({"num_pairs": len(pairs), "num_symbols": num_symbols, "nats_per_symbol": mean})
    else:
        note_unknown(translator.unknown_in, pairs)
        note_unknown_of_targets(num_unknown)
        loss = f"{mean:.4f} nats ({bits(mean):.3f} bits) per symbol, the label given"
        print_table(["", ""], [["texts", f"{len(pairs):,}"], ["loss", loss]])


def print_score(
    total: "PairScore",
    translator: "Translator | Tagger | Captioner",
    beam: int | None,
    *,
    words: tuple[str, str] = ("pairs", "translated"),
) -> None:
    """Print a score as a table. In step there is no beam, and a share of symbols that are right.
    `words` say what is counted, and what was done with each.
    """
    from charrnn.cli.console.tables import print_table
    from charrnn.data.pairs.symbols import SymbolVocab

    symbol = "symbol" if isinstance(translator.target.vocab, SymbolVocab) else "character"
    how, of_symbols = [], [f"{symbol} error rate", f"{100 * total.symbol_error_rate:.2f} %"]
    if beam is None:
        of_symbols = [f"{symbol} accuracy", f"{100 * (1 - total.symbol_error_rate):.2f} %"]
    else:
        how = [[words[1], "greedily" if beam == 1 else f"with a beam of {beam}"]]
    rows = [
        [words[0], f"{total.num_pairs:,}"],
        *how,
        ["loss", f"{total.nats_per_symbol:.4f} nats per {symbol}"],
        ["exact match", f"{100 * total.exact_match:.2f} %"],
        ["word error rate", f"{100 * total.word_error_rate:.2f} %"],
        of_symbols,
    ]
    if (scores := total.sentences) is not None:
        rows += [
            ["BLEU", f"{scores.bleu:.2f}  {scores.bleu_signature}"],
            ["chrF", f"{scores.chrf:.2f}  {scores.chrf_signature}"],
        ]
    print_table(["", ""], rows)


def note_sacrebleu(every: "Sequence[ScoredPair]") -> None:
    """Tell how to have BLEU and chrF, where they would say something and are missing."""
    from charrnn.analysis.pair_scores import are_sentences, has_sacrebleu

    if are_sentences(every) and not has_sacrebleu():
        note("for BLEU and chrF install sacrebleu: pip install 'charrnn[translate]'")


def note_unknown(
    unknown_in: Callable[[str], Sequence[str]], pairs: "Sequence[Pair]", *, became: str = _UNKNOWN
) -> None:
    """Count the sources with symbols that a model does not know; `unknown_in` returns those,
    `became` says what is done with them.
    """
    num = sum(bool(unknown_in(pair.source)) for pair in pairs)
    if num:
        sources = number_of(num, "source")
        note(f"{sources} with symbols that the model never saw: {became}")


def note_unknown_of_targets(num: int) -> None:
    """Tell that symbols of targets are not in the loss, for the model does not know them."""
    if num:
        symbols = number_of(num, "symbol")
        note(f"{symbols} of the targets that the model never saw: left out of the loss")


def print_worst(every: "Sequence[ScoredPair]", *, as_json: bool) -> None:
    """Print the worst pairs, or all of them as lines of JSON, the worst first."""
    from charrnn.analysis.pair_scores import are_sentences

    if as_json:
        for scored in every:
            print_json(scored.figures())
        return
    (_print_texts if are_sentences(every) else _print_words)(every[:_NUM_WORST])
    if len(every) > _NUM_WORST:
        note(f"{_NUM_WORST} of {len(every):,} pairs shown; --json prints all of them")


def _print_words(every: "Sequence[ScoredPair]") -> None:
    """Print pairs as rows of a table."""
    from charrnn.cli.console.tables import print_table

    rows = [
        [
            f"{scored.pair.number:,}",
            scored.pair.source,
            scored.translation,
            scored.pair.reference,
            f"{scored.edits.symbol_edits:,}",
            f"{scored.nats_per_symbol:.3f}",
        ]
        for scored in every
    ]
    columns = ["number", "source", "translation", "reference", "edits", "nats"]
    print_table(columns, rows, optional=["nats", "number"])


def _print_texts(every: "Sequence[ScoredPair]") -> None:
    """Print sentences one below the other: source, translation, (reference)."""
    from charrnn.cli.console.tables import print_panels

    print_panels(
        [
            (
                [
                    f"number {scored.pair.number:,}",
                    number_of(scored.edits.symbol_edits, "edit"),
                    f"{scored.nats_per_symbol:.3f} nats",
                ],
                f"{scored.pair.source}\n→ {scored.translation}\n({scored.pair.reference})",
            )
            for scored in every
        ]
    )
