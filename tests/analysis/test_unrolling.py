"""What is drawn of a translation is what the model computed."""

import numpy as np
import pytest
from test_translator import translator

from charrnn.analysis.unrolling import unroll
from charrnn.config import ATTENTIONS
from charrnn.errors import UsageError
from charrnn.models.seq2seq.equations import encode


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_probabilities_are_those_of_the_translation(cell, attention):
    model = translator(cell=cell, attention=attention, encoder_layers=2, decoder_layers=2)
    for text in ("a", "bce", "ddddd"):
        (made,) = model.translate(text, with_alignment=True)
        unrolled = unroll(model, text, made)
        assert len(unrolled.probabilities_T) == len(made.symbols) + made.is_complete
        assert np.log(unrolled.probabilities_T).sum() == pytest.approx(
            made.log_probability, abs=1e-4
        )
        assert (*unrolled.source,) == made.source_symbols
        assert (*unrolled.target,) == made.symbols
        if made.alignment_TS is None:
            assert attention == "none" or not made.symbols
        else:
            num = len(made.symbols)
            np.testing.assert_allclose(unrolled.alignment_TS[:num], made.alignment_TS, atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_states_are_those_of_the_equations(cell, attention):
    model = translator(cell=cell, attention=attention, encoder_layers=2, decoder_layers=1)
    (made,) = model.translate("abcde")
    unrolled = unroll(model, "abcde", made)
    (member,) = model.members
    ids_S1 = model.source.encode("abcde")[:, None]
    memory, _ = encode(member.config, member.weights, ids_S1, np.array([5]))
    ways = list(unrolled.encoder_SU[-1].values())
    assert len(unrolled.encoder_SU) == 2
    assert len(ways) == len(member.config.directions)
    np.testing.assert_array_equal(np.concatenate(ways, 1), memory.vectors_SBM[:, 0])
    (states_TU,) = unrolled.decoder_TU
    assert states_TU.shape == (len(unrolled.probabilities_T), member.config.hidden_size)


def test_several_runs_and_an_empty_text_cannot_be_drawn():
    several = translator(seeds=(0, 1))
    (made,) = several.translate("a")
    with pytest.raises(UsageError, match="name one run"):
        unroll(several, "a", made)
    one = translator()
    (empty,) = one.translate("")
    with pytest.raises(UsageError, match="no symbol to draw"):
        unroll(one, "", empty)
