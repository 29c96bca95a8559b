"""The fast encoder–decoder against the equations, for every cell and shape."""

import dataclasses

import numpy as np
import pytest

from charrnn.cells import cell_spec
from charrnn.config import ATTENTIONS, EncoderDecoderConfig
from charrnn.models.encoders import encoder_numpy
from charrnn.models.seq2seq import encoder_decoder_numpy, equations
from charrnn.models.seq2seq.encoder_decoder_numpy import NumpyEncoderDecoder, NumpySourceEncoder

SOURCE_SIZE, TARGET_SIZE = 7, 6
SHAPES = [(1, 1), (2, 2), (1, 3)]  # layers of the encoder, of the decoder
LENGTHS = [[5], [4, 4], [5, 1, 3]]


def random_weights(config, *, seed=0):
    random = np.random.default_rng(seed)
    shapes = config.weight_shapes(SOURCE_SIZE, TARGET_SIZE)
    arrays = {
        name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()
    }
    return equations.Weights.from_arrays(config, arrays)


def laid_out(config, weights):
    return NumpyEncoderDecoder(config, weights, NumpySourceEncoder(config, weights.encoder))


def examples(lengths, num_steps=6):
    """Sources with rubbish in their padding, and what a decoder reads."""
    random = np.random.default_rng(len(lengths))
    sources_SB = random.integers(0, SOURCE_SIZE, (max(lengths), len(lengths)))
    targets_TB = random.integers(0, TARGET_SIZE, (num_steps, len(lengths)))
    return sources_SB, np.array(lengths), targets_TB


def textbook(config, weights, sources_SB, lengths_B, targets_TB):
    """The logits, (T, V, B), and the alignments, (T, B, S)."""
    memory, state = equations.encode(config, weights, sources_SB, lengths_B)
    logits, alignments = [], []
    for ids_B in targets_TB:
        logits_BV, state, alignment_BS = equations.step(config, weights, memory, ids_B, state)
        logits.append(logits_BV.T)
        alignments.append(alignment_BS)
    return np.array(logits), alignments


def config_of(cell, attention="dot", layers=(2, 2)):
    encoder_layers, decoder_layers = layers
    return EncoderDecoderConfig(
        cell=cell, attention=attention, hidden_size=7, embedding_size=4,
        encoder_layers=encoder_layers, decoder_layers=decoder_layers,
    )  # fmt: skip


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("layers", SHAPES)
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_its_steps_are_those_of_the_textbook(cell, attention, layers, lengths):
    config = config_of(cell, attention, layers)
    weights = random_weights(config)
    sources_SB, lengths_B, targets_TB = examples(lengths)
    expected, alignments = textbook(config, weights, sources_SB, lengths_B, targets_TB)
    decoder = laid_out(config, weights).start(sources_SB, lengths_B)
    for t, ids_B in enumerate(targets_TB):
        logits_VB, alignment_BKS = decoder.step(ids_B)
        np.testing.assert_allclose(logits_VB, expected[t], atol=1e-5)
        if attention == "none":
            assert alignment_BKS is None is alignments[t]
        else:
            np.testing.assert_allclose(alignment_BKS[:, 0], alignments[t], atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_several_targets_of_a_source_share_its_memory(cell, attention):
    config = config_of(cell, attention)
    weights = random_weights(config)
    sources_SB, lengths_B, _ = examples([5, 1, 3])
    targets_TN = np.random.default_rng(7).integers(0, TARGET_SIZE, (6, 6))
    every = np.repeat(np.arange(3), 2)
    expected, _ = textbook(config, weights, sources_SB[:, every], lengths_B[every], targets_TN)
    decoder = laid_out(config, weights).start(sources_SB, lengths_B, num_targets=2)
    for t, ids_N in enumerate(targets_TN):
        logits_VN, _ = decoder.step(ids_N)
        np.testing.assert_allclose(logits_VN, expected[t], atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_targets_go_on_from_another_and_sources_are_dropped(cell, attention):
    config = config_of(cell, attention)
    weights = random_weights(config)
    sources_SB, lengths_B, _ = examples([5, 1, 3])
    decoder = laid_out(config, weights).start(sources_SB, lengths_B, num_targets=2)
    decoder.step(np.array([0, 1, 2, 3, 4, 5]))
    decoder.rearrange(np.array([1, 1, 3, 2, 4, 5]))
    decoder.step(np.array([1, 2, 3, 4, 5, 0]))
    decoder.keep(np.array([1, 2]))
    logits_VN, alignment_BKS = decoder.step(np.array([2, 2, 2, 2]))
    read = [[3, 3, 2], [2, 4, 2], [4, 5, 2], [5, 0, 2]]
    kept = np.array([1, 1, 2, 2])
    expected, alignments = textbook(
        config, weights, sources_SB[:, kept], lengths_B[kept], np.array(read).T
    )
    np.testing.assert_allclose(logits_VN, expected[-1], atol=1e-5)
    if attention == "dot":
        assert alignment_BKS.shape == (2, 2, 3)  # as long as the longest that is left
        np.testing.assert_allclose(alignment_BKS.reshape(4, 3), alignments[-1][:, :3], atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_cell_without_a_fast_step_steps_as_the_textbook_does(cell, attention, monkeypatch):
    slow = dataclasses.replace(cell_spec(cell), advance=None)
    for module in (encoder_decoder_numpy, encoder_numpy):
        monkeypatch.setattr(module, "cell_spec", lambda name: slow)
    config = config_of(cell, attention)
    weights = random_weights(config)
    batch = examples([5, 1, 3])
    expected, _ = textbook(config, weights, *batch)
    decoder = laid_out(config, weights).start(*batch[:2])
    stepped = np.array([decoder.step(ids_B)[0] for ids_B in batch[2]])
    np.testing.assert_allclose(stepped, expected, atol=1e-5)


def test_large_scores_and_gates_stay_finite(cell):
    config = config_of(cell)
    weights = random_weights(config)
    weights = weights._replace(attention_MH=weights.attention_MH * np.float32(1e6))
    batch = examples([5, 1, 3])
    decoder = laid_out(config, weights).start(*batch[:2])
    logits_VB, alignment_BKS = decoder.step(batch[2][0])
    assert np.isfinite(logits_VB).all()
    np.testing.assert_allclose(alignment_BKS.sum(-1), 1, rtol=1e-6)
