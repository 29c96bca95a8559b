"""Given targets: their losses are torch's, whatever is beside them."""

import numpy as np
import pytest
import torch
from test_translator import LETTERS, PHONES, random_arrays, translator
from torch.nn.functional import cross_entropy

from charrnn.config import ATTENTIONS
from charrnn.data.pairs.buckets import as_batch
from charrnn.generation.translation.teacher_forcing import padded
from charrnn.models.seq2seq.encoder_decoder import EncoderDecoder, SourceEncoder

PAIRS = [("abc", "x yy"), ("e", ""), ("ddcbaa", "z z z z z"), ("ca", "yy")]


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_loss_of_a_pair_is_that_of_the_torch_model(cell, attention):
    made = translator(cell=cell, attention=attention)
    losses = list(made.losses(*zip(*PAIRS, strict=True)))
    (one,) = made.members
    network = EncoderDecoder(one.config, SourceEncoder(one.config, LETTERS.size), PHONES.size)
    network.load(random_arrays(one.config.weight_shapes(LETTERS.size, PHONES.size)))
    sources = [LETTERS.encode(source) for source, _ in PAIRS]
    targets = [PHONES.encode(target) for _, target in PAIRS]
    lengths = [np.array(list(map(len, side))) for side in (sources, targets)]
    batch = as_batch(padded(sources), lengths[0], padded(targets)[:-1], lengths[1])
    arrays = (batch.sources, batch.lengths_B, batch.inputs_TB)
    logits_TBV = network(*map(torch.from_numpy, arrays)).detach()
    nats_TB = cross_entropy(
        logits_TBV.flatten(0, 1), torch.from_numpy(batch.targets_TB).flatten(), reduction="none"
    ).view(batch.targets_TB.shape)
    np.testing.assert_allclose([loss.nats for loss in losses], nats_TB.sum(0), rtol=1e-5, atol=1e-5)
    assert [loss.num_symbols for loss in losses] == (lengths[1] + 1).tolist()


def test_a_loss_does_not_depend_on_the_other_pairs(cell):
    made = translator(cell=cell)
    together = list(made.losses(*zip(*PAIRS, strict=True)))
    alone = [next(made.losses([source], [target])) for source, target in PAIRS]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_texts_are_padded_with_boundaries():
    assert padded([np.array([1, 2]), np.array([], int)]).T.tolist() == [[1, 2, 0], [0, 0, 0]]
