"""Scores of pairs: sums over pairs, BLEU and chrF with their signatures, the worst pairs first."""

import builtins

import pytest
from test_translator import translator

from charrnn.analysis import pair_scores
from charrnn.analysis.pair_scores import Pair, PairScore, ScoredPair, scored_pairs, worst_first
from charrnn.data.pairs.error_rates import count_edits
from charrnn.data.pairs.symbols import Side
from charrnn.data.vocab import Vocab
from charrnn.errors import UsageError

LETTERS = Side(Vocab(tuple(range(32, 127))))
SENTENCES = [
    ("un chien court", "a dog runs in the snow today", "a dog runs in the snow today", 3.0),
    ("deux chats", "two cats sleep on a red chair", "two cats sit on a red chair", 6.0),
]


def scored(number, source, reference, translation, nats):
    edits = count_edits(translation, reference, LETTERS)
    return ScoredPair(Pair(number, source, reference), translation, nats, len(reference) + 1, edits)


def pairs(rows=SENTENCES):
    return [scored(k, *row) for k, row in enumerate(rows, 1)]


def test_pairs_are_scored_by_what_a_model_makes_of_their_sources():
    made = translator()
    pairs = [Pair(1, "ab", "x yy"), Pair(2, "cab", made.translate("cab")[0].text)]
    for beam in (1, 4):
        first, second = scored_pairs(made, pairs, beam=beam)
        assert first.translation == made.translate("ab", beam=beam)[0].text
        assert first.edits == count_edits(first.translation, "x yy", made.target)
        (loss,) = made.losses(["ab"], ["x yy"])
        assert (first.nats, first.num_scored) == (loss.nats, 3)
        assert first.pair == pairs[0]
        assert beam > 1 or second.edits.symbol_edits == 0


def test_a_score_sums_over_all_pairs():
    pytest.importorskip("sacrebleu")  # its lock needs fcntl, unless this is Windows indeed
    score = PairScore.of(pairs())
    assert (score.num_pairs, score.num_symbols) == (2, 29 + 30)
    assert score.nats_per_symbol == pytest.approx(9 / 59)
    assert score.exact_match == 0.5
    assert score.word_error_rate == pytest.approx(1 / 14)
    assert score.symbol_error_rate == pytest.approx(4 / 57)


def test_sentences_have_bleu_and_chrf_with_signatures():
    pytest.importorskip("sacrebleu")  # its lock needs fcntl, unless this is Windows indeed
    """BLEU by hand: 13 of 14 words, 10 of 12, 7 of 10 and 5 of 8 groups of 2, 3 and 4."""
    figures = PairScore.of(pairs()).figures()
    by_hand = 100 * (13 / 14 * 10 / 12 * 7 / 10 * 5 / 8) ** (1 / 4)
    assert figures["bleu"] == pytest.approx(by_hand)
    assert by_hand < figures["chrf"] < 100
    assert figures["bleu_signature"].startswith("BLEU|nrefs:1|case:mixed|")
    assert figures["chrf_signature"].startswith("chrF|nrefs:1|")
    assert figures["exact_match"] == 0.5


def test_words_have_no_bleu():
    score = PairScore.of(pairs([("chat", "cat", "cat", 1.0), ("chien", "dog", "log", 2.0)]))
    assert score.sentences is None
    assert "bleu" not in score.figures()


def test_without_sacrebleu_there_is_a_line_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("sacrebleu"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="pip install 'charrnn\\[translate\\]'"):
        pair_scores.sentence_scores(pairs())
    monkeypatch.setattr(pair_scores, "has_sacrebleu", lambda: False)
    assert PairScore.of(pairs()).sentences is None


def test_the_worst_pairs_come_first_and_of_the_right_ones_the_surprising():
    rows = [("1", "ab", "ab", 1.0), ("2", "ab", "ax", 1.0), ("3", "ab", "ab", 2.0)]
    worst = worst_first([*pairs(rows), scored(4, "4", "a", "xyz", 0.1)])
    assert [scored.pair.number for scored in worst] == [4, 2, 3, 1]
    assert worst[0].figures() == {
        "number": 4,
        "source": "4",
        "reference": "a",
        "translation": "xyz",
        "nats_per_symbol": 0.05,
        "symbol_edits": 3,
        "symbol_error_rate": 3,
    }
