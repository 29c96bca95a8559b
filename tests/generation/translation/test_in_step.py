"""A tagger as a library: a text of equal length, one text or many, whole or as it comes."""

import numpy as np
import pytest
from test_tagger_equations import config_of, keys_of, random_weights

from charrnn.config import CPU, InStepConfig, TrainConfig
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.errors import SettingError, UsageError
from charrnn.generation.translation import in_step
from charrnn.generation.translation.in_step import Tagger
from charrnn.models.tagger.tagger_equations import logits
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position

LETTERS, MARKS = "abcdef", "äbçd"
TEXTS = ["ab", "abcdef", "", "fa", "a" * 40, "e"]


def checkpoint_of(seed=1, *, source=None, target=None, cell="lstm", model=None, **data):
    config = config_of(cell, **(model or {}))
    arrays, weights = random_weights(config, seed=seed)
    header = CheckpointHeader(
        task="tag", model=config, data=InStepConfig(**data), train=TrainConfig(), runtime=CPU,
        vocabs={
            "source": source or Vocab(tuple(map(ord, LETTERS))),
            "target": target or Vocab(tuple(map(ord, MARKS))),
        },
        corpora={"pairs": PairFacts(("x.tsv",), "0" * 64, 60)}, position=Position(),
    )  # fmt: skip
    named = {f"weights.{name}": array for name, array in arrays.items()}
    ngrams = {f"ngrams.{n}": keys for n, keys in enumerate(keys_of(config), 2)}
    return Checkpoint.of(header, named | ngrams), weights


def tagger_of(*args, **details):
    return Tagger.of([checkpoint_of(*args, **details)[0]])


def probabilities(weights, text, cell="lstm", **model):
    """Of each symbol, (S, C)."""
    ids_S = np.array([LETTERS.find(letter) + 1 for letter in text], int)
    batch = ids_S[:, None], np.array([len(ids_S)])
    logits_SC = logits(config_of(cell, **model), weights, *batch)[:, 0]
    exponentials_SC = np.exp(logits_SC - logits_SC.max(1, keepdims=True))
    return exponentials_SC / exponentials_SC.sum(1, keepdims=True)


def test_the_likeliest_symbols_of_the_equations_are_chosen(cell):
    checkpoint, weights = checkpoint_of(cell=cell)
    tagger = Tagger.of([checkpoint])
    for text in TEXTS:
        [made] = tagger.translate(text)
        assert len(made.text) == len(made.source_symbols) == len(text)
        if text:
            prob_SC = probabilities(weights, text, cell)
            assert str(made) == "".join(MARKS[c] for c in prob_SC.argmax(1))
            np.testing.assert_allclose(made.probabilities, prob_SC.max(1), atol=1e-5)


@pytest.mark.parametrize("model", [{}, {"is_causal": True}], ids=str)
def test_many_texts_are_answered_in_order_as_one_at_a_time(cell, model, monkeypatch):
    tagger = tagger_of(cell=cell, model=model)
    alone = [tagger.translate(text)[0] for text in TEXTS * 9]
    for numbers in (in_step.MAX_NUMBERS, 30):  # in one part, and in many
        monkeypatch.setattr(in_step, "MAX_NUMBERS", numbers)
        together = tagger.translate_many(TEXTS * 9)
        for one, [made] in zip(alone, together, strict=True):
            assert made.text == one.text
            np.testing.assert_allclose(made.probabilities, one.probabilities, atol=1e-6)


def test_losses_are_those_of_the_equations(cell):
    checkpoint, weights = checkpoint_of(cell=cell)
    sources, targets = ["ab", "abcdef", "fa"], ["äd", "çxbbdä", "bb"]
    every = list(Tagger.of([checkpoint]).losses(sources, targets))
    for source, target, loss in zip(sources, targets, every, strict=True):
        prob_SC = probabilities(weights, source, cell)
        known = [(s, MARKS.index(mark)) for s, mark in enumerate(target) if mark in MARKS]
        assert loss.nats == pytest.approx(-sum(np.log(prob_SC[s, c]) for s, c in known), rel=1e-4)
        assert (loss.num_symbols, loss.num_unknown) == (len(known), len(target) - len(known))


def test_several_networks_average_their_probabilities():
    made = [checkpoint_of(seed) for seed in (1, 2)]
    both = Tagger.of([checkpoint for checkpoint, _ in made])
    mean_SC = np.mean([probabilities(weights, "abcde") for _, weights in made], 0)
    [tagged] = both.translate("abcde")
    np.testing.assert_allclose(tagged.probabilities, mean_SC.max(1), atol=1e-5)
    [loss] = both.losses(["abcde"], ["äbçdä"])
    right = [mean_SC[s, MARKS.index(mark)] for s, mark in enumerate("äbçdä")]
    assert loss.nats == pytest.approx(-np.log(right).sum(), rel=1e-4)
    with pytest.raises(UsageError, match="cannot be averaged: only .* knows 'd', in the targets"):
        Tagger.of([made[0][0], checkpoint_of(2, target=Vocab(tuple(map(ord, "äbçe"))))[0]])


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_a_causal_model_decides_on_each_symbol_as_it_comes(cell, seeds):
    tagger = Tagger.of(
        [checkpoint_of(seed, cell=cell, model={"is_causal": True})[0] for seed in seeds]
    )
    text, stream = "abcxfedcba" * 3, tagger.stream()
    for number, symbol in enumerate(text, 1):
        assert stream.read(symbol) == tagger.translate(text[:number])[0].text[-1]
    for size in (2, 7, 40):
        parts, stream = [text[s : s + size] for s in range(0, len(text), size)], tagger.stream()
        assert "".join(map(stream.read, parts)) == tagger.translate(text)[0].text
    assert stream.read("") == ""


def test_a_model_that_looks_ahead_cannot_decide_as_symbols_come():
    with pytest.raises(SettingError, match="reads a whole text before it decides"):
        tagger_of().stream()


def test_what_is_unknown_is_named_and_left_as_it_is():
    tagger = tagger_of()
    assert tagger.unknown_in("axbxy") == ["x", "y"]
    [made] = tagger.translate("axby")
    assert (made.text[1], made.text[3]) == ("x", "y")
    assert (made.probabilities[1], made.probabilities[3]) == (0, 0)
    assert made.text[0] in MARKS and made.probabilities[0] > 0.25


@pytest.mark.parametrize(
    ("max_vocab", "leaves_unknown"),
    [(7, True), (6, False), (5, False), (4, True)],  # six symbols in sources, four in targets
)
def test_unknown_symbols_are_decided_on_where_they_were_learned(max_vocab, leaves_unknown):
    tagger = tagger_of(max_vocab=max_vocab, model={"is_causal": True})
    [made] = tagger.translate("axb")
    assert (made.text[1] == "x") == (made.probabilities[1] == 0) == leaves_unknown
    assert tagger.stream().read("axb") == made.text


def test_symbols_between_spaces_and_decomposed_ones():
    phones = SymbolVocab(("t͡ɕ", "a", "k", "o", "i", "u"))
    [made] = tagger_of(source=phones, source_symbols="spaces").translate(" a  t͡ɕ x")
    assert made.source_symbols == ("a", "t͡ɕ", "x")
    assert len(made.text) == 3 and made.text[2] == "x"
    tags = SymbolVocab(("B", "I", "O", "-"))
    [made] = tagger_of(target=tags, target_symbols="spaces").translate("ab")
    assert made.text == " ".join(made.symbols)
    assert set(made.symbols) <= set(tags.symbols)
    source = Vocab((*map(ord, "abcde"), 0x308))
    tagger = tagger_of(source=source, source_normalise="nfd")
    assert tagger.translate("ä")[0].source_symbols == ("a", "\u0308")


def test_what_cannot_be_read_is_refused(monkeypatch):
    tagger = tagger_of()
    monkeypatch.setattr(in_step, "MAX_SOURCE", 9)
    with pytest.raises(UsageError, match="a text of 10 symbols is too long to translate; at most"):
        tagger.translate("a" * 10)
    with pytest.raises(UsageError, match=r"differ in length \(3 and 2 symbols\)"):
        list(tagger.losses(["abc"], ["äb"]))
    with pytest.raises(UsageError, match="a source is empty"):
        list(tagger.losses([""], [""]))
    with pytest.raises(UsageError, match="not UTF-8: character 2"):
        tagger_of(source=Vocab(tuple(b"abcdef"), is_bytes=True), is_bytes=True).translate("a\ud800")
    assert repr(tagger) == "Tagger(lstm 1×5, 6 characters)"
