"""An ensemble of networks predicts the mean of their probabilities, however it is stepped."""

import numpy as np
import pytest
from conftest import random_weights

from charrnn.config import ModelConfig
from charrnn.models.step_backend import step_backend
from charrnn.models.step_ensemble import EnsembleBackend, log_mean_probabilities
from charrnn.models.step_torch import TorchBackend

VOCAB_SIZE = 7
MEMBERS = [
    ModelConfig(cell="lstm", hidden_size=12, embedding_size=5, num_layers=2, ngrams=3),
    ModelConfig(cell="gru", hidden_size=8, embedding_size=4, ngrams=1, skip=False),
    ModelConfig(cell="rnn", hidden_size=9, embedding_size=3, num_layers=3, ngrams=2),
]


def random_ids(*shape):
    return np.random.default_rng(4).integers(VOCAB_SIZE, size=shape)


def softmax(logits_V):
    weights_V = np.exp(logits_V.astype(np.float64))
    return weights_V / weights_V.sum(0)


@pytest.fixture
def members():
    return [
        step_backend(config, random_weights(config, VOCAB_SIZE, seed=seed)[1])
        for seed, config in enumerate(MEMBERS)
    ]


def test_a_stream_has_the_mean_of_the_probabilities(members):
    stepper, alone = EnsembleBackend(members).stepper(), [each.stepper() for each in members]
    for i in random_ids(40).tolist():
        expected_V = np.mean([softmax(each.step(i)) for each in alone], 0)
        np.testing.assert_allclose(np.exp(stepper.step(i)), expected_V, rtol=1e-5)


def test_a_text_read_at_once_is_a_text_read_step_by_step(members):
    backend, ids_T = EnsembleBackend(members), random_ids(40)
    one_by_one = backend.stepper()
    stepped_TV = np.array([one_by_one.step(i) for i in ids_T.tolist()])
    np.testing.assert_allclose(backend.stepper().read_all(ids_T), stepped_TV.T, atol=1e-5)
    whole = backend.stepper()
    np.testing.assert_allclose(whole.read(ids_T), stepped_TV[-1], atol=1e-5)
    np.testing.assert_allclose(whole.step(3), one_by_one.step(3), atol=1e-5)


@pytest.mark.parametrize("prompt", [random_ids(1), random_ids(9)])
def test_streams_side_by_side_give_what_each_gives_alone(members, prompt):
    backend, ids_TB = EnsembleBackend(members), random_ids(8, 4)
    stepper = backend.stepper()
    stepper.read(prompt)
    batch = backend.batch(stepper.state(), 4)
    for ids_B in ids_TB:
        batch.step(ids_B)
    batch.restart([1, 3])
    batch.keep([0, 3])
    logits_VB = batch.step(np.array([2, 5]))
    for stream, read in ((0, [*prompt, *ids_TB[:, 0], 2]), (1, [*prompt, 5])):
        expected_V = backend.stepper().read(np.array(read))
        np.testing.assert_allclose(logits_VB[:, stream], expected_V, atol=1e-5)


def test_streams_go_on_each_from_its_own_state(members):
    backend, ids_TB = EnsembleBackend(members), random_ids(8, 2)
    streams = backend.batch(backend.stepper().state(), 2)
    alone = backend.stepper()
    for ids_B in ids_TB:
        streams.step(ids_B)
    alone.read(ids_TB[:, 1])
    again, copy = backend.batch(streams.state(), 2), backend.stepper(alone.state())
    logits_VB = streams.step(np.array([0, 3]))
    np.testing.assert_allclose(again.step(np.array([0, 3])), logits_VB, atol=1e-6)
    np.testing.assert_allclose(copy.step(3), logits_VB[:, 1], atol=1e-5)


def test_progress_is_that_of_all_members(members):
    told = []
    ids_T = random_ids(600)
    EnsembleBackend(members).stepper().read(ids_T, lambda *done: told.append(done))
    assert told == [(k * 600 + t, 1800) for k in range(3) for t in (256, 512, 600)]


def test_logits_as_far_apart_as_may_be_have_a_finite_mean():
    far_V = np.array([0, -1e8, 1e8], np.float32)
    assert np.isfinite(log_mean_probabilities([far_V, far_V])).all()
    apart_V = log_mean_probabilities([far_V, -far_V])
    np.testing.assert_allclose(apart_V, [-1e8, np.log(0.5), np.log(0.5)], rtol=1e-6)


def test_members_may_compute_on_torch():
    prompt, ids_TB = random_ids(5), random_ids(6, 3)
    drawn = []
    for one_backend in (step_backend, TorchBackend):
        backend = EnsembleBackend(
            [
                one_backend(config, random_weights(config, VOCAB_SIZE)[1], device="cpu")
                for config in MEMBERS
            ]
        )
        stepper = backend.stepper()
        stepper.read(prompt)
        batch = backend.batch(stepper.state(), 3)
        drawn.append([batch.step(ids_B) for ids_B in ids_TB])
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-5)


def test_it_is_parallel_where_all_of_its_members_are(members):
    on_torch = step_backend(MEMBERS[0], random_weights(MEMBERS[0], VOCAB_SIZE)[1], device="meta")
    assert EnsembleBackend(members).is_parallel
    assert not EnsembleBackend([*members, on_torch]).is_parallel
