"""The encoder–decoder in torch: equal to the equations written out, whatever the padding."""

import numpy as np
import pytest
import torch
from test_picture_encoder_numpy import random_pictures

from charrnn.config import ATTENTIONS, CaptionerConfig, EncoderDecoderConfig
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.encoders.picture_encoder import PictureEncoder
from charrnn.models.encoders.picture_encoder_numpy import NumpyPictureEncoder, PictureWeights
from charrnn.models.seq2seq import equations
from charrnn.models.seq2seq.encoder_decoder import EncoderDecoder, Memory, SourceEncoder
from charrnn.models.seq2seq.encoder_decoder_numpy import NumpyEncoderDecoder
from charrnn.models.tags import tag_of

SOURCE_SIZE, TARGET_SIZE = 7, 6


def network(cell="lstm", attention="dot", *, seed=3, target_size=TARGET_SIZE, **sizes):
    sizes = {"hidden_size": 6, "embedding_size": 4, **sizes}
    config = EncoderDecoderConfig(cell=cell, attention=attention, **sizes)
    made = EncoderDecoder(config, SourceEncoder(config, SOURCE_SIZE), target_size, seed=seed)
    with torch.no_grad():  # biases and a head that matter
        for name, weight in made.named_weights().items():
            if "bias" in name or "head" in name:
                weight.normal_(generator=torch.Generator().manual_seed(len(name)))
    return made


def examples(lengths, num_steps=5, *, seed=0):
    """Sources with rubbish in their padding, and targets."""
    random = np.random.default_rng(seed)
    sources_SB = torch.from_numpy(random.integers(0, SOURCE_SIZE, (max(lengths), len(lengths))))
    targets_TB = torch.from_numpy(random.integers(0, TARGET_SIZE, (num_steps, len(lengths))))
    targets_TB[0] = equations.BOUNDARY
    return sources_SB, torch.tensor(lengths), targets_TB


def step_by_step(made, sources_SB, lengths_B, targets_TB):
    weights = equations.Weights.from_arrays(made.config, made.arrays())
    memory, state = equations.encode(made.config, weights, sources_SB.numpy(), lengths_B.numpy())
    logits_TBV, alignments = [], []
    for ids_B in targets_TB.numpy():
        logits_BV, state, alignment = equations.step(made.config, weights, memory, ids_B, state)
        logits_TBV.append(logits_BV)
        alignments.append(alignment)
    return np.stack(logits_TBV), alignments


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize(("encoder_layers", "decoder_layers"), [(1, 1), (2, 2), (1, 3)])
def test_torch_equals_the_equations_step_by_step(cell, attention, encoder_layers, decoder_layers):
    made = network(cell, attention, encoder_layers=encoder_layers, decoder_layers=decoder_layers)
    batch = examples([4, 1, 3])
    logits_TBV, _ = step_by_step(made, *batch)
    np.testing.assert_allclose(made(*batch).detach(), logits_TBV, atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("encoder_layers", [1, 3])
def test_the_memory_and_the_first_states_are_those_of_the_equations(
    cell, attention, encoder_layers
):
    made = network(cell, attention, encoder_layers=encoder_layers)
    sources_SB, lengths_B, _ = examples([4, 1, 3])
    made_memory, states = made.encode(sources_SB, lengths_B, Dropouts())
    weights = equations.Weights.from_arrays(made.config, made.arrays())
    memory, expected = equations.encode(made.config, weights, sources_SB.numpy(), lengths_B.numpy())
    np.testing.assert_allclose(made_memory.vectors_SBM.detach(), memory.vectors_SBM, atol=1e-5)
    for layer, expected_layer in zip(states, expected, strict=True):
        for part_BH, expected_BH in zip(layer, expected_layer, strict=True):
            np.testing.assert_allclose(part_BH.detach(), expected_BH, atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_padding_changes_nothing(cell, attention):
    made = network(cell, attention)
    sources_SB, lengths_B, targets_TB = examples([5, 1, 3])
    together = made(sources_SB, lengths_B, targets_TB)
    for b, length in enumerate(lengths_B):
        alone = made(sources_SB[:length, b : b + 1], lengths_B[b : b + 1], targets_TB[:, b : b + 1])
        torch.testing.assert_close(together[:, b : b + 1], alone, atol=1e-5, rtol=1e-5)


def test_padding_gets_no_gradient_and_no_attention(cell):
    made = network(cell)
    sources_SB, lengths_B, targets_TB = examples([4, 2])
    sources_SB[:, 0], sources_SB[2:, 1] = 1, 2  # the symbol 2 is in the padding alone
    sources_SB[:2, 1] = 3
    made(sources_SB, lengths_B, targets_TB).square().sum().backward()
    gradient = made.encoder.embedding.weight.grad
    assert gradient[2].abs().max() == 0 < gradient[3].abs().max()
    _, alignments = step_by_step(made, sources_SB, lengths_B, targets_TB)
    for alignment_BS in alignments:
        np.testing.assert_allclose(alignment_BS.sum(1), 1, rtol=1e-6)
        assert (alignment_BS[1, 2:] == 0).all()


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_gradient_is_that_of_finite_differences(cell, attention):
    made = network(cell, attention, hidden_size=2, embedding_size=2).double()
    batch = examples([2, 1], 2)
    made(*batch).square().sum().backward()
    for weight in made.named_weights().values():
        flat, gradient = weight.data.view(-1), weight.grad.view(-1)
        for i in range(0, len(flat), max(1, len(flat) // 3)):
            sums = []
            for change in (1e-6, -1e-6):
                flat[i] += change
                sums.append(float(made(*batch).detach().square().sum()))
                flat[i] -= change
            assert gradient[i].item() == pytest.approx(
                (sums[0] - sums[1]) / 2e-6, rel=1e-4, abs=1e-6
            )


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_low_precision_gives_nearly_the_same(cell, attention):
    """bfloat16 has 8 bits of a number; weights and gradients stay float32."""
    found = {}
    for dtype in (None, torch.bfloat16):
        made = network(cell, attention)
        logits_TBV = made(*examples([4, 2, 3]), dtype=dtype)
        logits_TBV.square().mean().backward()
        found[dtype] = [logits_TBV.detach(), *(weight.grad for weight in made.parameters())]
    for full, brief in zip(*found.values(), strict=True):
        assert brief.dtype == torch.float32
        assert float((full - brief).norm()) < 0.05 * float(full.norm()) + 1e-3
    assert not torch.equal(*(tensors[0] for tensors in found.values()))


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_its_weights_have_the_declared_names_and_shapes(cell, attention):
    made = network(cell, attention, hidden_size=5, decoder_layers=3)
    declared = made.config.weight_shapes(SOURCE_SIZE, TARGET_SIZE)
    assert {name: array.shape for name, array in made.arrays().items()} == declared


def test_loaded_weights_give_the_same_logits(cell):
    batch, one, other = examples([3, 2]), network(cell), network(cell, seed=9)
    assert not torch.equal(one(*batch), other(*batch))
    other.load(one.arrays())
    assert torch.equal(one(*batch), other(*batch))


def test_the_weights_of_a_smaller_vocabulary_fill_the_first_rows():
    small, large = network(), network(seed=9, target_size=TARGET_SIZE + 2)
    large.load(small.arrays())
    assert torch.equal(large.head.weight[:TARGET_SIZE], small.head.weight)
    assert large.head.weight[TARGET_SIZE:].abs().min() > 0
    batch = examples([3, 2])
    torch.testing.assert_close(large(*batch)[..., :TARGET_SIZE], small(*batch))


def test_without_attention_the_target_depends_on_the_source_by_the_first_states_alone(cell):
    made = network(cell, "none")
    assert made.attention is None
    sources_SB, lengths_B, targets_TB = examples([3])
    memory, states = made.encode(sources_SB, lengths_B, Dropouts())
    logits, _ = made.decode(memory, states, targets_TB, Dropouts())
    nothing = Memory(0 * memory.vectors_SBM, lengths_B)
    other, _ = made.decode(nothing, states, targets_TB, Dropouts())
    assert torch.equal(logits, other)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_target_read_in_two_halves_gives_the_same_logits(cell, attention):
    made = network(cell, attention)
    sources_SB, lengths_B, targets_TB = examples([4, 2])
    memory, states = made.encode(sources_SB, lengths_B, Dropouts())
    halves = []
    for part_TB in (targets_TB[:2], targets_TB[2:]):
        logits_TBV, states = made.decode(memory, states, part_TB, Dropouts())
        halves.append(logits_TBV)
    torch.testing.assert_close(torch.cat(halves), made(sources_SB, lengths_B, targets_TB))


def test_what_multiplies_activations_is_tagged_a_matrix():
    tags = {name: tag_of(weight) for name, weight in network().named_weights().items()}
    assert {name for name, tag in tags.items() if tag == "matrix"} == {
        name
        for name in tags
        if name.endswith(("weight_ih", "weight_hh", "bridge.weight", "attention.weight"))
    }


def captioner(cell="lstm", *, seed=3, **sizes):
    """A network that describes pictures, and its weights written out."""
    sizes = {"hidden_size": 6, "embedding_size": 4, "encoder_layers": 2, **sizes}
    config = CaptionerConfig(cell=cell, **sizes)
    made = EncoderDecoder(config, PictureEncoder(config, seed=seed), TARGET_SIZE, seed=seed)
    with torch.no_grad():
        for name, weight in made.named_weights().items():
            if "bias" in name or "head" in name:
                weight.normal_(generator=torch.Generator().manual_seed(len(name)))
    return made, equations.Weights.from_arrays(config, made.arrays(), PictureWeights)


@pytest.mark.parametrize("decoder_layers", [1, 2])
def test_pictures_are_decoded_as_texts_are(cell, decoder_layers):
    made, weights = captioner(cell, decoder_layers=decoder_layers)
    pictures = random_pictures(3, 7)
    _, _, targets_TB = examples([1, 1, 1])
    logits_TBV = made(torch.from_numpy(pictures), torch.ones(3, dtype=torch.long), targets_TB)
    encoder = NumpyPictureEncoder(made.config, weights.encoder)
    vectors_SMB, lengths_B = encoder.read(pictures, np.ones(3, np.int64))
    memory, state = equations.hand_over(
        made.config, weights, vectors_SMB.transpose(0, 2, 1), lengths_B
    )
    decoder = NumpyEncoderDecoder(made.config, weights, encoder).start(
        pictures, np.ones(3, np.int64)
    )
    for t, ids_B in enumerate(targets_TB.numpy()):
        expected_BV, state, alignment_BS = equations.step(
            made.config, weights, memory, ids_B, state
        )
        np.testing.assert_allclose(logits_TBV[t].detach(), expected_BV, atol=1e-5)
        fast_VB, alignment_BKS = decoder.step(ids_B)
        np.testing.assert_allclose(fast_VB.T, expected_BV, atol=1e-5)
        np.testing.assert_allclose(alignment_BKS[:, 0], alignment_BS, atol=1e-5)


def test_the_weights_of_a_captioner_have_the_declared_names_and_shapes(cell):
    made, _ = captioner(cell, hidden_size=5, decoder_layers=3)
    declared = made.config.weight_shapes(TARGET_SIZE)
    assert {name: array.shape for name, array in made.arrays().items()} == declared
    other, _ = captioner(cell, hidden_size=5, decoder_layers=3, seed=9)
    other.load(made.arrays())
    for name, array in made.arrays().items():
        assert (other.arrays()[name] == array).all()
