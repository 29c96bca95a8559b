"""The encoder–decoder written out: small cases by hand, and what padding may not change."""

import numpy as np
import pytest
from test_encoder_decoder import examples, network, step_by_step

from charrnn.config import ATTENTIONS
from charrnn.models.seq2seq.equations import Memory, attend


class Query:
    """Weights of which only the attention matters."""

    def __init__(self, matrix):
        self.attention_MH = np.array(matrix)


def test_attention_is_a_mean_of_the_memory_weighted_by_likeness():
    memory = Memory(np.array([[[2.0]], [[0.0]], [[5.0]]]), np.array([[True], [True], [False]]))
    context, alignment = attend(Query([[0.5]]), np.array([[np.log(3)]]), memory)
    # scores log(3)·0.5·2 and 0, so weights 3 : 1; what is padding has none
    np.testing.assert_allclose(alignment, [[0.75, 0.25, 0]])
    np.testing.assert_allclose(context, [[1.5]])


def test_attention_is_scaled_by_the_root_of_the_memory_size():
    memory = Memory(np.ones((2, 1, 4)) * [[[1]], [[0]]], np.ones((2, 1), bool))
    _, alignment = attend(Query(np.eye(4)), np.full((1, 4), np.log(3) / 2), memory)
    np.testing.assert_allclose(alignment, [[0.75, 0.25]])


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_examples_side_by_side_are_as_if_each_were_alone(cell, attention):
    made = network(cell, attention)
    sources_SB, lengths_B, targets_TB = examples([5, 1, 3])
    together, _ = step_by_step(made, sources_SB, lengths_B, targets_TB)
    for b, length in enumerate(lengths_B):
        one = slice(b, b + 1)
        alone, _ = step_by_step(made, sources_SB[:length, one], lengths_B[one], targets_TB[:, one])
        np.testing.assert_allclose(together[:, one], alone, atol=1e-5)


def test_the_plain_encoder_reads_from_the_end_to_the_beginning(cell):
    """What it reads last, the first symbol, is what it remembers best: no later one can hide it."""
    made = network(cell, "none", encoder_layers=1)
    sources_SB, lengths_B, targets_TB = examples([6])
    before, _ = step_by_step(made, sources_SB, lengths_B, targets_TB)
    changed = sources_SB.clone()
    changed[0] = (changed[0] + 1) % 7
    after, _ = step_by_step(made, changed, lengths_B, targets_TB)
    assert not np.allclose(before, after, atol=1e-4)
