"""The classifier in torch: equal to the equations written out, whatever the padding."""

import numpy as np
import pytest
import torch
from test_classifier_equations import (
    NUM_LABELS,
    SETTINGS,
    SOURCE_SIZE,
    config_of,
    examples,
    keys_of,
    random_weights,
)

from charrnn.models import ngrams
from charrnn.models.classifier.classifier import ClassifierNetwork
from charrnn.models.classifier.classifier_equations import logits
from charrnn.models.encoders.encoder import Dropouts


def network(cell, *, seed=3, num_labels=NUM_LABELS, **settings):
    config = config_of(cell, **settings)
    return ClassifierNetwork(config, SOURCE_SIZE, num_labels, keys_of(config), seed=seed)


def tensors(lengths):
    return map(torch.from_numpy, examples(lengths))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_torch_equals_the_equations(cell, settings):
    made = network(cell, **settings)
    arrays, weights = random_weights(made.config)
    made.load(arrays)
    ids_SB, lengths_B = examples([4, 1, 3])
    expected = logits(made.config, weights, ids_SB, lengths_B)
    np.testing.assert_allclose(made(*tensors([4, 1, 3])).detach(), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_padding_changes_nothing_and_gets_no_gradient(cell, settings):
    made = network(cell, **settings)
    ids_SB, lengths_B = tensors([5, 1, 3])
    ids_SB[:, 1:] = torch.where(torch.arange(5)[:, None] < lengths_B[1:], 3, 2)
    ids_SB[:, 0] = 3
    together = made(ids_SB, lengths_B)
    for b, length in enumerate(lengths_B):
        alone = made(ids_SB[:length, b : b + 1], lengths_B[b : b + 1])
        torch.testing.assert_close(together[b : b + 1], alone, atol=1e-5, rtol=1e-5)
    together.square().sum().backward()
    gradient = made.embedding.weight.grad.to_dense()[-SOURCE_SIZE:]
    assert gradient[2].abs().max() == 0 < gradient[3].abs().max()


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_gradient_is_that_of_finite_differences(cell, settings):
    made = network(cell, **{"hidden_size": 2, "embedding_size": 2, **settings}).double()
    batch = [*tensors([2, 1])]
    made(*batch).square().sum().backward()
    for weight in made.named_weights().values():
        gradient = weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
        flat, gradient = weight.data.view(-1), gradient.reshape(-1)
        for i in range(0, len(flat), max(1, len(flat) // 3)):
            sums = []
            for change in (1e-6, -1e-6):
                flat[i] += change
                sums.append(float(made(*batch).detach().square().sum()))
                flat[i] -= change
            assert gradient[i].item() == pytest.approx(
                (sums[0] - sums[1]) / 2e-6, rel=1e-4, abs=1e-6
            )


def test_low_precision_gives_nearly_the_same(cell):
    found = {}
    for dtype in (None, torch.bfloat16):
        made = network(cell)
        logits_BC = made(*tensors([4, 2, 3]), dtype=dtype)
        logits_BC.square().mean().backward()
        found[dtype] = [logits_BC.detach(), made.head.weight.grad]
    for full, brief in zip(*found.values(), strict=True):
        assert brief.dtype == torch.float32
        assert float((full - brief).norm()) < 0.05 * float(full.norm()) + 1e-3
    assert not torch.equal(*(each[0] for each in found.values()))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_its_weights_have_the_declared_names_and_shapes(cell, settings):
    made = network(cell, **settings)
    num_rows = ngrams.num_rows(made.ngram_keys)
    declared = made.config.weight_shapes(SOURCE_SIZE, NUM_LABELS, num_rows)
    assert {name: array.shape for name, array in made.arrays().items()} == declared


def test_a_new_label_takes_a_row_of_its_own():
    small, large = network("lstm"), network("lstm", seed=9, num_labels=NUM_LABELS + 1)
    large.load(small.arrays())
    batch = [*tensors([3, 2])]
    assert torch.equal(large(*batch)[:, :NUM_LABELS], small(*batch))


def test_everything_is_dropped_where_it_is_asked_for():
    made, batch = network("lstm"), [*tensors([3, 2])]
    for dropped in ("inputs", "outputs", "recurrent"):
        changed = made(*batch, Dropouts(**{dropped: lambda x: 0.5 * x}))
        assert not torch.equal(changed, made(*batch))
