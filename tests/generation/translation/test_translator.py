"""Translations: what the equations say, whatever the symbols are."""

import numpy as np
import pytest

from charrnn.config import ATTENTIONS, EncoderDecoderConfig
from charrnn.data.pairs.symbols import Side, SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.errors import UsageError
from charrnn.generation.translation.translator import Member, Translation, Translator
from charrnn.models.seq2seq.equations import Weights, encode, step

LETTERS = Side(Vocab(tuple(map(ord, "abcde"))))
PHONES = Side(SymbolVocab(("x", "yy", "z")))


def member(
    source_size=LETTERS.size,
    target_size=PHONES.size,
    *,
    cell="lstm",
    attention="dot",
    seed=0,
    **sizes,
):
    """A network with random weights, large enough that its choices differ."""
    sizes = {"hidden_size": 6, "embedding_size": 4, **sizes}
    config = EncoderDecoderConfig(cell=cell, attention=attention, **sizes)
    random = np.random.default_rng(seed)
    arrays = {
        name: random.normal(0, 0.8, shape).astype(np.float32)
        for name, shape in config.weight_shapes(source_size, target_size).items()
    }
    return Member(config, Weights.from_arrays(config, arrays))


def translator(source=LETTERS, target=PHONES, *, max_length=8, seeds=(0,), **settings):
    members = tuple(member(source.size, target.size, seed=seed, **settings) for seed in seeds)
    return Translator(members, source, target, max_length)


def written_out(made, text, limit):
    """The greedy translation by the equations: ids, log-probability and alignment."""
    ids_S1 = made.source.encode(text)[:, None]
    (one,) = made.members
    memory, state = encode(one.config, one.weights, ids_S1, np.array([len(ids_S1)]))
    ids, total, alignment = [0], 0.0, []
    while len(ids) <= limit + 1:
        logits_BV, state, alignment_BS = step(
            one.config, one.weights, memory, np.array(ids[-1:]), state
        )
        log_prob_V = logits_BV[0] - np.log(np.exp(logits_BV[0]).sum())
        i = int(log_prob_V.argmax())
        if i and len(ids) > limit:
            return ids[1:], total, alignment
        total += log_prob_V[i]
        if i == 0:
            return ids[1:], total, alignment
        ids.append(i)
        alignment.append(alignment_BS)
    raise AssertionError


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_translation_takes_the_likeliest_symbol_at_each_step(cell, attention, layers):
    made = translator(cell=cell, attention=attention, encoder_layers=layers, decoder_layers=layers)
    for text in ("a", "bce", "ddddd"):
        ids, log_probability, alignment = written_out(made, text, 8)
        (one,) = made.translate(text, with_alignment=True)
        assert one.text == str(one) == PHONES.decode(ids)
        assert one.symbols == tuple(one.text.split())
        assert one.source_symbols == tuple(text)
        assert one.log_probability == pytest.approx(log_probability, abs=1e-5)
        if attention == "none" or not ids:
            assert one.alignment_TS is None
        else:
            np.testing.assert_allclose(one.alignment_TS, np.concatenate(alignment), atol=1e-5)


def test_a_translation_without_end_is_cut_off_and_says_so():
    endless = [translator(seeds=(seed,)).translate("abc", max_length=3)[0] for seed in range(20)]
    cut = [one for one in endless if not one.is_complete]
    assert 0 < len(cut) < 20
    assert all(len(one.symbols) == 3 for one in cut)


def test_nothing_is_translated_to_nothing():
    assert translator().translate("") == [Translation("", (), (), 0.0)]


def test_unknown_symbols_are_named_once():
    made = translator()
    assert made.unknown_in("abc") == []
    assert made.unknown_in("azbyz") == ["z", "y"]
    assert len(made.translate("azb")[0].source_symbols) == 3


def test_a_source_that_is_too_long_is_refused():
    with pytest.raises(UsageError, match=r"10,001 symbols.* in parts"):
        translator().translate("a" * 10_001)


def test_many_texts_are_translated_in_order():
    made = translator()
    texts = ["abc", "a", "", "eedcba"]
    assert list(made.translate_many(texts)) == [made.translate(text) for text in texts]


def test_it_describes_itself():
    assert repr(translator()) == "Translator(lstm 2+2×6, 5 characters)"
