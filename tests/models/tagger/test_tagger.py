"""The tagger in torch: equal to the equations written out, whatever the padding."""

import numpy as np
import pytest
import torch
from test_tagger_equations import (
    NUM_SYMBOLS,
    SETTINGS,
    SOURCE_SIZE,
    changed,
    config_of,
    examples,
    keys_of,
    random_weights,
)

from charrnn.models import ngrams
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.tagger.tagger import TaggerNetwork
from charrnn.models.tagger.tagger_equations import logits


def network(cell, *, seed=3, num_symbols=NUM_SYMBOLS, **settings):
    config = config_of(cell, **settings)
    return TaggerNetwork(config, SOURCE_SIZE, num_symbols, keys_of(config), seed=seed)


def tensors(lengths):
    return map(torch.from_numpy, examples(lengths))


def scored(logits_SBC, lengths_B):
    """The logits without those of the padding."""
    return torch.cat([logits_SBC[:length, b] for b, length in enumerate(lengths_B)])


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_torch_equals_the_equations(cell, settings):
    made = network(cell, **settings)
    arrays, weights = random_weights(made.config)
    made.load(arrays)
    ids_SB, lengths_B = examples([4, 1, 3])
    expected = torch.from_numpy(logits(made.config, weights, ids_SB, lengths_B))
    got = made(*tensors([4, 1, 3])).detach()
    torch.testing.assert_close(
        scored(got, lengths_B), scored(expected, lengths_B), atol=1e-4, rtol=1e-5
    )


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_padding_changes_nothing_and_gets_no_gradient(cell, settings):
    made = network(cell, **settings)
    ids_SB, lengths_B = tensors([5, 1, 3])
    ids_SB[:, 1:] = torch.where(torch.arange(5)[:, None] < lengths_B[1:], 3, 2)
    ids_SB[:, 0] = 3
    together = made(ids_SB, lengths_B)
    for b, length in enumerate(lengths_B):
        alone = made(ids_SB[:length, b : b + 1], lengths_B[b : b + 1])
        torch.testing.assert_close(together[:length, b : b + 1], alone, atol=1e-5, rtol=1e-5)
    scored(together, lengths_B).square().sum().backward()
    gradient = made.embedding.weight.grad.to_dense()[-SOURCE_SIZE:]
    assert gradient[2].abs().max() == 0 < gradient[3].abs().max()


@pytest.mark.parametrize("settings", [each for each in SETTINGS if "is_causal" in each], ids=str)
def test_of_a_causal_tagger_no_decision_depends_on_what_comes_later(cell, settings):
    made = network(cell, **settings)
    ids_SB, lengths_B = examples([6, 6])
    before = made(torch.from_numpy(ids_SB), torch.from_numpy(lengths_B))
    for place in range(1, 6):
        after = made(torch.from_numpy(changed(ids_SB, place)), torch.from_numpy(lengths_B))
        assert torch.equal(after[:place], before[:place])
        assert not torch.allclose(after[place], before[place])


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_gradient_is_that_of_finite_differences(cell, settings):
    made = network(cell, **{**settings, "hidden_size": 2, "embedding_size": 2}).double()
    ids_SB, lengths_B = tensors([2, 1])

    def loss():
        return scored(made(ids_SB, lengths_B), lengths_B).square().sum()

    loss().backward()
    for weight in made.named_weights().values():
        gradient = weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
        flat, gradient = weight.data.view(-1), gradient.reshape(-1)
        for i in range(0, len(flat), max(1, len(flat) // 3)):
            sums = []
            for change in (1e-6, -1e-6):
                flat[i] += change
                sums.append(float(loss().detach()))
                flat[i] -= change
            assert gradient[i].item() == pytest.approx(
                (sums[0] - sums[1]) / 2e-6, rel=1e-4, abs=1e-6
            )


def test_low_precision_gives_nearly_the_same(cell):
    made, batch = network(cell), [*tensors([4, 2, 3])]
    full, brief = (made(*batch, dtype=dtype).detach() for dtype in (None, torch.bfloat16))
    assert brief.dtype == torch.float32
    assert 0 < float((full - brief).norm()) < 0.05 * float(full.norm()) + 1e-3


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_its_weights_have_the_declared_names_and_shapes(cell, settings):
    made = network(cell, **settings)
    num_rows = ngrams.num_rows(made.ngram_keys)
    declared = made.config.weight_shapes(SOURCE_SIZE, NUM_SYMBOLS, num_rows)
    assert {name: array.shape for name, array in made.arrays().items()} == declared


def test_a_new_symbol_takes_a_row_of_its_own():
    small, large = network("lstm"), network("lstm", seed=9, num_symbols=NUM_SYMBOLS + 1)
    large.load(small.arrays())
    batch = [*tensors([3, 2])]
    assert torch.equal(large(*batch)[..., :NUM_SYMBOLS], small(*batch))


def test_everything_is_dropped_where_it_is_asked_for():
    made, batch = network("lstm"), [*tensors([3, 2])]
    for dropped in ("inputs", "outputs", "recurrent"):
        changed_there = made(*batch, Dropouts(**{dropped: lambda x: 0.5 * x}))
        assert not torch.equal(changed_there, made(*batch))
    assert np.isfinite(made(*batch).detach().numpy()).all()
