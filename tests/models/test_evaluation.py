import math

import numpy as np
import pytest
import torch
from test_loop import IDS, state_of
from torch.nn import functional

from charrnn.models.evaluation import carried_losses, evaluate_carried, evaluate_reset


@pytest.mark.parametrize("num_scored", [1, 255, 5000])
def test_the_validation_loss_is_that_of_one_reader_of_the_whole_text(cell, num_scored):
    network = state_of(cell).module
    first = len(IDS) - num_scored
    before = max(0, first - 1 - 256)
    ids = torch.from_numpy(IDS[before:].astype(np.int64))[:, None]
    with torch.no_grad():
        logits, _ = network(ids[:-1], network.initial_state(1))
        losses = functional.cross_entropy(logits[:, 0], ids[1:, 0], reduction="none")
    assert evaluate_carried(network, IDS, first=first) == pytest.approx(
        float(losses[-num_scored:].mean()), abs=2e-4
    )


@pytest.mark.parametrize("num_scored", [1, 3000])
def test_the_losses_of_characters_have_the_mean_of_the_whole(num_scored):
    networks = [state_of(cell).module for cell in ("lstm", "gru")]
    first = len(IDS) - num_scored
    nats_T = carried_losses(networks, IDS, first=first)
    assert nats_T.shape == (num_scored,)
    assert nats_T.mean() == pytest.approx(evaluate_carried(networks, IDS, first=first), abs=1e-6)
    for end in range(first + 1, len(IDS) + 1, 977):  # each is in its place
        last = evaluate_carried(networks, IDS[:end], first=end - 1)
        assert nats_T[end - 1 - first] == pytest.approx(last, abs=2e-3)


@pytest.mark.parametrize("num_scored", [1, 200, 700])
def test_the_reset_loss_sees_blocks_without_context(cell, num_scored):
    network = state_of(cell).module
    first = len(IDS) - num_scored
    total = 0.0
    for start in range(first, len(IDS), 256):
        block = torch.from_numpy(IDS[start - 1 : start + 256].astype(np.int64))[:, None]
        with torch.no_grad():
            logits, _ = network(block[:-1], network.initial_state(1))
            total += float(functional.cross_entropy(logits[:, 0], block[1:, 0], reduction="sum"))
    assert evaluate_reset(network, IDS, first=first) == pytest.approx(total / num_scored, abs=1e-5)


@pytest.mark.parametrize("loss", [evaluate_carried, evaluate_reset])
def test_several_networks_have_the_loss_of_their_mean_probability(loss):
    networks = [state_of(cell).module for cell in ("lstm", "gru")]
    first = len(IDS) - 40
    alone = [loss(network, IDS, first=first) for network in networks]
    together = loss(networks, IDS, first=first)
    before = first - 1 if loss is evaluate_reset else first - 257
    ids = torch.from_numpy(IDS[before:].astype(np.int64))[:, None]
    with torch.no_grad():
        prob_MTV = [
            network(ids[:-1], network.initial_state(1))[0][-40:, 0].double().softmax(-1)
            for network in networks
        ]
    prob_TV = torch.stack(prob_MTV).mean(0)
    expected = -float(prob_TV[torch.arange(40), ids[-40:, 0]].log().mean())
    assert together == pytest.approx(expected, abs=1e-5)
    assert together < np.mean(alone)  # Jensen's inequality
    assert loss([networks[0]] * 2, IDS, first=first) == pytest.approx(alone[0], abs=1e-6)
    assert loss(networks[:1], IDS, first=first) == alone[0]


def test_the_whole_of_a_short_corpus_can_be_scored():
    network = state_of("gru").module
    assert math.isfinite(evaluate_carried(network, IDS[:5], first=1))
