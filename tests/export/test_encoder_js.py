"""The page reads a text as charrnn does, and makes of it what charrnn makes: a translation, a text
of a label, a label, a decision on each symbol.
"""

import dataclasses
import unicodedata

import numpy as np
import pytest
import test_classification
import test_in_step
import test_translator
from in_node import all_spoken, exported, in_node, spoken, text_of

from charrnn.cells import CELLS
from charrnn.config import ATTENTIONS, GivenConfig
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.generation.classification import Classifier
from charrnn.generation.translation.in_step import Tagger
from charrnn.generation.translation.translator import Translator
from charrnn.models.seq2seq.equations import Weights, encode, step

SOURCES = ["a", "abc", "ecbad", "aXb", "abcde" * 4]
LETTERS = Vocab(
    tuple(map(ord, "\u1100\u1161\u11a8e\u0301x"))
)  # parts of a Korean syllable, an accent
LOGITS = """
return data.map(({facts, arrays, ids}) => {
  const network = new EncoderDecoder(facts.model, facts.directions, arrays);
  let {memory, state} = network.start([1, 2, 3, 0, 2]);
  return ids.map((id) => {
    const read = network.step(id, memory, state);
    state = read.state;
    return [Array.from(read.logits), read.alignment];
  });
});
"""


def test_logits_and_alignments_are_those_of_the_equations_for_every_cell():
    shapes = [(cell, attention) for cell in CELLS for attention in ATTENTIONS]
    checkpoints = [test_translator.checkpoint_of(cell=c, attention=a) for c, a in shapes]
    ids = [0, 1, 3, 2, 2, 1, 0]
    every = in_node(LOGITS, [exported(each) | {"ids": ids} for each in checkpoints])
    for checkpoint, answers in zip(checkpoints, every, strict=True):
        config, arrays = checkpoint.model, checkpoint.group("weights")
        weights = Weights.from_arrays(config, arrays)
        memory, state = encode(config, weights, np.array([[1, 2, 3, 0, 2]]).T, np.array([5]))
        for i, (logits_V, alignment_S) in zip(ids, answers, strict=True):
            read = step(config, weights, memory, np.array([i]), state)
            expected_BV, state, alignment_BS = read
            np.testing.assert_allclose(logits_V, expected_BV[0], atol=1e-4)
            assert (alignment_S is None) == (alignment_BS is None)
            if alignment_BS is not None:
                np.testing.assert_allclose(alignment_S, alignment_BS[0], atol=1e-5)


@pytest.mark.parametrize(
    ("vocab", "form"),
    [
        (test_translator.PHONES.vocab, "none"),
        (LETTERS, "nfd"),
        (Vocab((65, 195, 169), True), "none"),
    ],
    ids=["spaces", "composed", "bytes"],
)
def test_translations_are_those_of_charrnn_translate(vocab, form):
    checkpoint = test_translator.checkpoint_of(vocab=vocab, form=form)
    if isinstance(vocab, Vocab):
        data = dataclasses.replace(checkpoint.data, target_symbols="characters")
        checkpoint = dataclasses.replace(checkpoint, data=data)
    translator = Translator.of([checkpoint])
    asked = [(source, t, seed) for source in SOURCES for t, seed in ((0, 1), (1, 5), (1, 2**40))]
    made = spoken(
        checkpoint,
        *({"prompt": text, "temperature": t, "seed": str(seed)} for text, t, seed in asked),
    )
    for (text, temperature, seed), pieces in zip(asked, made, strict=True):
        (expected,) = translator.translate(
            text, temperature=temperature, seed=seed, with_alignment=True
        )
        assert text_of(pieces) == expected.text
        looked = [draw["alignment"] for piece in pieces for draw in piece["draws"]]
        if expected.text:
            np.testing.assert_allclose(looked, expected.alignment_TS, atol=1e-4)
    if form == "nfd":
        assert any(len(piece["draws"]) > 1 for pieces in made for piece in pieces)
        assert all(unicodedata.is_normalized("NFC", text_of(pieces)) for pieces in made)


def test_texts_of_a_label_are_those_of_charrnn_sample():
    checkpoint = test_translator.checkpoint_of(vocab=Vocab(tuple(map(ord, "abc"))))
    checkpoint = dataclasses.replace(
        checkpoint,
        task="given",
        data=GivenConfig(),
        vocabs={
            **checkpoint.vocabs,
            "source": SymbolVocab(("Old English", "x", "y", "z", "w"), are_whole=True),
        },
    )
    request = {"prompt": "Old English", "temperature": 0.8, "seed": "3", "length": 4}
    (pieces,) = spoken(checkpoint, request, more=[{"temperature": 0.8, "length": 2}])
    translator = Translator.of([checkpoint])
    many = translator.translate_many(["Old English"] * 40, temperature=0.8, seed=3)
    whole = [made.text for (made,) in many if made.is_complete]
    assert text_of(pieces).splitlines() == whole[:6]
    assert sum(piece.get("endsRecord", False) for piece in pieces) == 6


def test_labels_and_their_probabilities_are_those_of_charrnn_classify():
    checkpoints = [test_classification.checkpoint_of(cell=cell)[0] for cell in CELLS]
    texts = ["ab", "abcdef", "fa", "a" * 40, "aXb"]
    made = all_spoken(checkpoints, *({"prompt": text} for text in texts))
    both = zip(map(Classifier.of, zip(checkpoints, strict=True)), made, strict=True)
    for labels, text, (piece,) in (
        (labels, *each) for labels, pieces in both for each in zip(texts, pieces, strict=True)
    ):
        expected = labels.classify(text)
        assert piece["text"] == next(iter(expected))
        shown = {labels.labels[i - 1]: probability for i, probability in piece["draws"][0]["top"]}
        assert shown == pytest.approx(expected, abs=1e-5)


def test_decisions_in_step_are_those_of_charrnn_translate():
    checkpoints = [
        test_in_step.checkpoint_of(model={"is_causal": is_causal})[0] for is_causal in (False, True)
    ]
    texts = ["ab", "abcdef", "a" * 40, "aXb"]
    made = all_spoken(checkpoints, *({"prompt": text} for text in texts))
    both = zip(map(Tagger.of, zip(checkpoints, strict=True)), made, strict=True)
    for tagger, text, pieces in (
        (tagger, *each) for tagger, of_each in both for each in zip(texts, of_each, strict=True)
    ):
        [expected] = tagger.translate(text)
        assert text_of(pieces) == expected.text
        draws = [piece["draws"] for piece in pieces]
        found = [dict(draw[0]["top"])[draw[0]["id"]] if draw else 0 for draw in draws]
        np.testing.assert_allclose(found, expected.probabilities, atol=1e-5)


def test_a_text_of_nothing_is_refused_and_the_page_goes_on():
    checkpoint = test_translator.checkpoint_of()
    with pytest.raises(AssertionError, match="there is nothing to read"):
        spoken(checkpoint, {"prompt": "", "temperature": 0, "seed": "1"})
