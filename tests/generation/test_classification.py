"""A classifier as a library: probabilities of labels, one text or many, one network or several."""

import numpy as np
import pytest
from test_classifier_equations import config_of, keys_of, random_weights

from charrnn.config import CPU, LabelsConfig, TrainConfig
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.errors import UsageError
from charrnn.generation import classification
from charrnn.generation.classification import Classifier
from charrnn.models.classifier.classifier_equations import logits
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position

LABELS = ("Czech", "Old English", "Dutch", "Greek")
TEXTS = ["ab", "abcdef", "", "fa", "a" * 40, "e"]


def checkpoint_of(seed=1, *, vocab=None, labels=LABELS, cell="lstm", **data):
    config = config_of(cell)
    arrays, weights = random_weights(config, seed=seed)
    header = CheckpointHeader(
        task="classify", model=config, data=LabelsConfig(**data), train=TrainConfig(), runtime=CPU,
        vocabs={
            "source": vocab or Vocab(tuple(map(ord, "abcdef"))),
            "target": SymbolVocab(labels, are_whole=True),
        },
        corpora={"pairs": PairFacts(("x.tsv",), "0" * 64, 60)}, position=Position(),
    )  # fmt: skip
    named = {f"weights.{name}": array for name, array in arrays.items()}
    ngrams = {f"ngrams.{n}": keys for n, keys in enumerate(keys_of(config), 2)}
    return Checkpoint.of(header, named | ngrams), weights


def expected(weights, text, cell="lstm"):
    ids_S = np.array(["abcdef".find(letter) + 1 for letter in text], int)
    logits_C = logits(config_of(cell), weights, ids_S[:, None], np.array([len(ids_S)]))[0]
    exponentials_C = np.exp(logits_C - logits_C.max())
    return exponentials_C / exponentials_C.sum()


def test_probabilities_are_those_of_the_equations_the_likeliest_first(cell):
    checkpoint, weights = checkpoint_of(cell=cell)
    classifier = Classifier.of([checkpoint])
    for text in TEXTS:
        made = classifier.classify(text)
        assert list(made.values()) == sorted(made.values(), reverse=True)
        by_label = [made[label] for label in LABELS]
        np.testing.assert_allclose(by_label, expected(weights, text, cell), atol=1e-5)


def test_many_texts_are_answered_in_order_as_one_at_a_time(cell):
    classifier = Classifier.of([checkpoint_of(cell=cell)[0]])
    together = list(classifier.classify_many(TEXTS * 9))
    for text, made in zip(TEXTS * 9, together, strict=True):
        alone = classifier.classify(text)
        assert made == pytest.approx(alone, abs=1e-6)


def test_several_networks_average_their_probabilities():
    made = [checkpoint_of(seed) for seed in (1, 2)]
    both = Classifier.of([checkpoint for checkpoint, _ in made])
    mean_C = np.mean([expected(weights, "abc") for _, weights in made], 0)
    probabilities = both.classify("abc")
    np.testing.assert_allclose([probabilities[label] for label in LABELS], mean_C, atol=1e-5)
    with pytest.raises(UsageError, match="cannot be averaged: only .* knows 'Greek', in the targ"):
        Classifier.of([made[0][0], checkpoint_of(2, labels=(*LABELS[:3], "Irish"))[0]])


def test_beliefs_are_the_decisions_on_every_beginning():
    classifier = Classifier.of([checkpoint_of()[0]])
    beliefs = classifier.beliefs("abcd")
    assert "".join(belief.symbol for belief in beliefs) == "abcd"
    for length, belief in enumerate(beliefs, 1):
        assert belief.probabilities == pytest.approx(classifier.classify("abcd"[:length]))
    assert classifier.beliefs("") == []


def test_beliefs_of_a_model_of_bytes_come_after_whole_characters():
    vocab = Vocab(tuple(b"ab") + tuple("é한".encode()[:4]), is_bytes=True)
    classifier = Classifier.of([checkpoint_of(vocab=vocab, is_bytes=True)[0]])
    beliefs = classifier.beliefs("aéb")
    assert [belief.symbol for belief in beliefs] == list("aéb")
    for length, belief in enumerate(beliefs, 1):
        assert belief.probabilities == pytest.approx(classifier.classify("aéb"[:length]))


def test_what_is_unknown_is_named_and_what_is_too_long_refused(monkeypatch):
    classifier = Classifier.of([checkpoint_of()[0]], "x")
    assert classifier.unknown_in("axbxy") == ["x", "y"]
    assert classifier.classify("xb") == pytest.approx(classifier.classify("yb"))
    monkeypatch.setattr(classification, "MAX_TEXT", 9)
    monkeypatch.setattr(classification, "MAX_STEPS", 4)
    with pytest.raises(UsageError, match="a text of 10 symbols is too long to classify; at most 9"):
        classifier.classify("a" * 10)
    with pytest.raises(UsageError, match="a text of 5 symbols has too many steps; at most 4"):
        classifier.beliefs("abcde")
    with pytest.raises(UsageError, match="not UTF-8: character 2"):
        Classifier.of(
            [checkpoint_of(vocab=Vocab(tuple(b"abcdef"), is_bytes=True), is_bytes=True)[0]]
        ).classify("a\ud800")
    assert repr(classifier) == "Classifier('x', lstm 1×5, 4 labels)"


def test_a_label_is_named_as_it_is_learned():
    classifier = Classifier.of([checkpoint_of(target_normalise="nfd")[0]])
    assert classifier.label_of(" Old  English ") == "Old English"
    assert classifier.label_of(" quite  new") == "quite new"
    likeliest = next(iter(classifier.classify("ab")))
    assert classifier.compared("ab", likeliest).startswith(f"ab → {likeliest} (")
    assert classifier.compared("ab", "new").endswith(" %); it is new")
