"""What validation measures: side by side as one at a time, greedy as step by step."""

import numpy as np
import pytest
import torch
from test_encoder_decoder import SOURCE_SIZE, TARGET_SIZE, network, step_by_step

from charrnn.config import ATTENTIONS
from charrnn.data.pairs import buckets
from charrnn.data.pairs.buckets import Texts
from charrnn.models.seq2seq import validation
from charrnn.models.seq2seq.equations import BOUNDARY


def texts(lengths, size, *, seed):
    random = np.random.default_rng(seed)
    ids = random.integers(1, size, sum(lengths)).astype(np.uint8)
    return Texts(ids, np.append(0, np.cumsum(lengths)))


SOURCES = texts([3, 1, 7, 2, 2, 5, 4], SOURCE_SIZE, seed=0)
TARGETS = texts([2, 4, 1, 1, 3, 6, 2], TARGET_SIZE, seed=1)
NUMBERS = np.array([6, 0, 3, 2, 5])


def lively(*arguments):
    """A network whose translations differ from source to source."""
    made = network(*arguments)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in made.named_weights().values():
            weight.normal_(0, 1.5, generator=generator)
        made.head.bias[BOUNDARY] = -2
    return made


def text(texts_, number):
    return texts_.ids[texts_.starts[number] : texts_.starts[number + 1]].astype(np.int64)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_loss_of_pairs_side_by_side_is_that_of_one_at_a_time(attention, monkeypatch):
    made = network(attention=attention)
    nats, count = 0.0, 0
    for number in NUMBERS:
        inputs = np.append(BOUNDARY, text(TARGETS, number))
        expected = np.append(text(TARGETS, number), BOUNDARY)
        source = torch.from_numpy(text(SOURCES, number))[:, None]
        logits_TBV, _ = step_by_step(
            made, source, torch.tensor([len(source)]), torch.from_numpy(inputs)[:, None]
        )
        logits_TV = logits_TBV[:, 0] - logits_TBV[:, 0].max(-1, keepdims=True)
        log_probs_TV = logits_TV - np.log(np.exp(logits_TV).sum(-1, keepdims=True))
        nats -= log_probs_TV[np.arange(len(expected)), expected].sum()
        count += len(expected)
    for most in (256, 2, 1):
        monkeypatch.setattr(buckets, "MAX_EXAMPLES", most)
        loss = validation.mean_loss(made, SOURCES, TARGETS, NUMBERS)
        assert loss == pytest.approx(nats / count, rel=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_greedy_takes_the_likeliest_symbol_of_the_equations(cell, attention):
    made = lively(cell, attention)
    for number in range(len(SOURCES)):
        source = torch.from_numpy(text(SOURCES, number))[:, None]
        lengths_B, ids = torch.tensor([len(source)]), [BOUNDARY]
        for _ in range(9):
            logits_TBV, _ = step_by_step(made, source, lengths_B, torch.tensor(ids)[:, None])
            ids.append(int(logits_TBV[-1, 0].argmax()))
            if ids[-1] == BOUNDARY:
                break
        expected = [symbol for symbol in ids if symbol != BOUNDARY]
        assert validation.greedy(made, source, lengths_B, max_length=9) == [expected]


def test_translations_come_in_the_order_asked_for_whatever_their_batches(monkeypatch):
    made = lively()
    limits = np.full(len(NUMBERS), 9)
    alone = [
        validation.translations(made, SOURCES, np.array([number]), max_lengths=limits[:1])[0]
        for number in NUMBERS
    ]
    assert len({tuple(ids) for ids in alone}) > 2
    for most_examples, most_numbers in ((256, 1 << 24), (2, 1 << 24), (256, 100), (256, 1)):
        monkeypatch.setattr(buckets, "MAX_EXAMPLES", most_examples)
        monkeypatch.setattr(buckets, "MAX_NUMBERS", most_numbers)
        assert validation.translations(made, SOURCES, NUMBERS, max_lengths=limits) == alone


def test_a_translation_without_an_end_is_cut():
    made = network()
    with torch.no_grad():
        made.head.bias[BOUNDARY] = -1e9
    every = validation.translations(made, SOURCES, NUMBERS, max_lengths=np.full(5, 4))
    assert [len(ids) for ids in every] == [4] * 5
    with torch.no_grad():
        made.head.bias[BOUNDARY] = 1e9
    assert validation.translations(made, SOURCES, NUMBERS, max_lengths=np.full(5, 4)) == [[]] * 5
