"""Error rates of translations: edit distances to their references, counted in symbols and words.

Shared by validation while a model learns and by `charrnn score` (analysis/pair_scores.py).

A word of a target is what stands between white space. Where the symbols of a target stand between
spaces themselves (phones, tokens), the whole target is one word, so that the word error rate is the
share of targets that are not exactly right.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charrnn.data.pairs.symbols import Side, SymbolVocab, normalised


@dataclass(frozen=True)
class EditCounts:
    """The edits that turn translations into their references. The sum of two counts both."""

    num_targets: int = 0
    num_wrong: int = 0  # targets that are not exactly right
    num_words: int = 0
    word_edits: int = 0
    num_symbols: int = 0
    symbol_edits: int = 0

    def __add__(self, other: "EditCounts") -> "EditCounts":
        return EditCounts(*(vars(self)[name] + count for name, count in vars(other).items()))

    @property
    def exact_match(self) -> float:
        """Share of targets that are exactly right."""
        return 1 - self.num_wrong / max(self.num_targets, 1)

    @property
    def word_error_rate(self) -> float:
        """Edits for each word of the references; there may be more than one."""
        return self.word_edits / max(self.num_words, 1)

    @property
    def symbol_error_rate(self) -> float:
        """Edits for each symbol of the references: the character error rate, of characters."""
        return self.symbol_edits / max(self.num_symbols, 1)


def count_edits(translation: str, reference: str, side: Side) -> EditCounts:
    """Count the edits between a translation and its reference, two texts of the target side."""
    made, expected = side.symbols(translation), side.symbols(reference)
    edits = edit_distance(made, expected)
    return edit_counts(edits, len(expected), translation, reference, side)


def edit_counts(
    symbol_edits: int, num_symbols: int, translation: str, reference: str, side: Side
) -> EditCounts:
    """Count the edits between the words of two texts, beside those that their symbols need."""
    is_wrong = int(symbol_edits > 0)
    num_words, word_edits = 1, is_wrong
    if not isinstance(side.vocab, SymbolVocab):
        words_made, words = (
            normalised(text, side.normalisation).split() for text in (translation, reference)
        )
        num_words, word_edits = len(words), edit_distance(words_made, words)
    return EditCounts(1, is_wrong, num_words, word_edits, num_symbols, symbol_edits)


def total_edits(pairs: Iterable[tuple[str, str]], side: Side) -> EditCounts:
    """Count the edits over pairs of a translation and its reference."""
    return sum((count_edits(*pair, side) for pair in pairs), EditCounts())


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and substitutions between two sequences.

    Each column of the table of distances is a few operations on whole numbers with a bit for each
    symbol of `one` (Myers, 1999, "A fast bit-vector algorithm"; in the form of Hyyrö, 2003). The
    bits of `increases` and `decreases` say where the column goes up or down by one.
    """
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for k, symbol in enumerate(one):
        places[symbol] = places.get(symbol, 0) | 1 << k
    all_rows, last_row = (1 << len(one)) - 1, 1 << (len(one) - 1)
    increases, decreases, distance = all_rows, 0, len(one)
    for symbol in other:
        equal = places.get(symbol, 0)
        diagonal = (((equal & increases) + increases) ^ increases) | equal | decreases
        right_up = decreases | ~(diagonal | increases)  # along a row, from the column before
        right_down = increases & diagonal
        distance += bool(right_up & last_row) - bool(right_down & last_row)
        right_up, right_down = right_up << 1 | 1, right_down << 1
        increases = (right_down | ~(diagonal | right_up)) & all_rows
        decreases = right_up & diagonal & all_rows
    return distance
