"""The texts with labels that a new classifier learns from: tell what is in them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from charrnn._text import Reporter, number_of, percent, some
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.errors import CorpusError
from charrnn.tasks.pairs.learned_pairs import LearnedPairs, PairTexts

_NUM_SHOWN = 6  # labels: the most frequent ones
_MAX_SHARE_OF_LABELS = 0.5  # of the number of texts: with more, what is learned are no labels

Counts = npt.NDArray[np.int64]


def counts_of(dataset: PairTexts, *, side: str = "target") -> Counts:
    """Return how many texts to learn have each label, in the order of the vocabulary. Labels are
    the targets, or the sources.
    """
    labels = dataset.pairs.targets if side == "target" else dataset.pairs.sources
    ids = labels.ids[labels.starts[dataset.pairs.numbers["train"]]].astype(np.int64)
    return np.bincount(ids - 1, minlength=len(_vocab(dataset, side)))


def _vocab(dataset: PairTexts, side: str) -> SymbolVocab:
    vocab = (dataset.target if side == "target" else dataset.source).vocab
    assert isinstance(vocab, SymbolVocab)
    return vocab


def require_labels(dataset: PairTexts, *, allows_few: bool, side: str = "target") -> None:
    """Raise `CorpusError` where there is nothing to tell apart in the training split, or where
    labels do not come again (unless that is allowed).
    """
    counts = counts_of(dataset, side=side)
    num_labels, num_texts = int((counts > 0).sum()), int(counts.sum())
    if num_labels < 2:
        label = _vocab(dataset, side).symbols[int(counts.argmax())]
        raise CorpusError(
            f"all texts to learn from have the label {label!r}: there is nothing to tell apart",
            "give texts of two labels or more",
        )
    if num_labels > num_texts * _MAX_SHARE_OF_LABELS and not allows_few:
        raise CorpusError(
            f"there are {num_labels:,} labels for {number_of(num_texts, 'text')}: a label should"
            " have several texts",
            "put the label second in each line (targets that are texts are pairs), or learn them"
            " all the same with allow_short",
            "pairs",
            "allow_short",
        )


def summary(learned: LearnedPairs, *, side: str = "target") -> str:
    """Return how many texts and labels there are, without those of validation files."""
    facts, vocabs = learned.corpus.facts, learned.vocabs
    texts = number_of(facts.num_pairs - facts.num_val, "text")
    return f"{learned.sources.title}: {texts} with {number_of(len(vocabs[side]), 'label')}"


def show_counts(dataset: PairTexts, reporter: Reporter, *, side: str = "target") -> None:
    """Tell how many texts have each label, and which labels can hardly be learned."""
    counts = counts_of(dataset, side=side)
    order = np.argsort(-counts, kind="stable").tolist()
    names = [_vocab(dataset, side).symbols[i] for i in order]
    share = counts[order[0]] / counts.sum()
    guess = f"; to guess {names[0]!r} always would be right for {percent(share)}"
    counted = "; ".join(_counted(names, counts[order].tolist()))
    reporter.show(counted + (guess if side == "target" else ""))
    rare = [name for name, i in zip(names, order, strict=True) if counts[i] == 1]
    never = [name for name, i in zip(names, order, strict=True) if counts[i] == 0]
    if rare:
        reporter.warn(f"{number_of(len(rare), 'label')} with a single text to learn: {some(rare)}")
    if never:
        reporter.warn(f"{number_of(len(never), 'label')} without a text to learn: {some(never)}")


def _counted(names: list[str], counts: list[int]) -> Iterator[str]:
    """Yield the labels with their counts; of many the first ones and the last one."""
    pairs = [f"{name} {count:,}" for name, count in zip(names, counts, strict=True)]
    if len(pairs) <= _NUM_SHOWN + 1:
        yield from pairs
    else:
        yield from pairs[: _NUM_SHOWN - 1]
        yield "…"
        yield pairs[-1]
