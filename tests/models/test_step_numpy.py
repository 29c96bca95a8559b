"""The fast step against the reference, for every cell and shape."""

import dataclasses
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest
from conftest import random_weights

from charrnn.cells import cell_spec
from charrnn.config import ModelConfig
from charrnn.models import step_numpy
from charrnn.models.reference import State, initial_state, step
from charrnn.models.step_numpy import NumpyBackend

VOCAB_SIZE = 7
SHAPES = [
    {},
    {"num_layers": 3},
    {"ngrams": 1, "skip": False},
    {"ngrams": 2, "num_layers": 2},
    {"ngrams": 6, "skip": False},
]
SHAPES = [{"hidden_size": 12, "embedding_size": 5, **shape} for shape in SHAPES]


def textbook(config, weights, ids_TB):
    """logits_TBV by reference.py, and the state after them."""
    state = initial_state(config, ids_TB.shape[1])
    logits = []
    for ids_B in ids_TB:
        logits_BV, state = step(config, weights, ids_B, state)
        logits.append(logits_BV)
    return np.array(logits), state


def random_ids(*shape):
    return np.random.default_rng(4).integers(VOCAB_SIZE, size=shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_stream_steps_as_the_textbook_does(cell, shape):
    config = ModelConfig(cell=cell, **shape)
    weights = random_weights(config, VOCAB_SIZE)[1]
    ids_T = random_ids(80)
    expected, _ = textbook(config, weights, ids_T[:, None])
    stepper = NumpyBackend(config, weights).stepper()
    stepped = np.array([stepper.step(i).copy() for i in ids_T.tolist()])
    np.testing.assert_allclose(stepped, expected[:, 0], atol=1e-5)


def test_contexts_that_were_forgotten_are_computed_anew(monkeypatch):
    config = ModelConfig(**SHAPES[0])
    weights = random_weights(config, VOCAB_SIZE)[1]
    ids_T = np.tile([1, 2, 3], 20)
    expected, _ = textbook(config, weights, ids_T[:, None])
    for kept_bytes, num_computed in ((1, 60), (1 << 20, 3 + config.ngrams - 1)):
        monkeypatch.setattr("charrnn.models.step_numpy.KEPT_BYTES", kept_bytes)
        backend = NumpyBackend(config, weights)
        stepper = backend.stepper()
        with mock.patch.object(backend, "products", side_effect=backend.products) as products:
            stepped = np.array([stepper.step(i).copy() for i in ids_T.tolist()])
        np.testing.assert_allclose(stepped, expected[:, 0], atol=1e-5)
        assert products.call_count == num_computed


def test_a_stream_finds_the_contexts_that_another_one_met():
    config = ModelConfig(**SHAPES[0])
    backend = NumpyBackend(config, random_weights(config, VOCAB_SIZE)[1])
    ids = random_ids(40).tolist()
    first = backend.stepper()
    met = [first.step(i).copy() for i in ids]
    with mock.patch.object(backend, "products", side_effect=AssertionError):
        second = backend.stepper()
        np.testing.assert_array_equal([second.step(i).copy() for i in ids], met)


@pytest.mark.parametrize("num_kept", [1, 5, 1000])
def test_streams_in_many_threads_are_those_of_one(monkeypatch, num_kept):
    config = ModelConfig(**SHAPES[0])
    weights = random_weights(config, VOCAB_SIZE)[1]
    num_bytes = NumpyBackend(config, weights).bias_X1.nbytes
    monkeypatch.setattr("charrnn.models.step_numpy.KEPT_BYTES", num_kept * num_bytes)
    shared = NumpyBackend(config, weights)
    ids_TN = random_ids(300, 8)

    def stepped(n, backend):
        stepper = backend.stepper()
        return np.array([stepper.step(i).copy() for i in ids_TN[:, n].tolist()])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda n: stepped(n, shared), range(8)))
    finally:
        sys.setswitchinterval(interval)
    for n, found in enumerate(together):
        np.testing.assert_array_equal(found, stepped(n, NumpyBackend(config, weights)))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_read_at_once_is_a_text_read_step_by_step(cell, shape, monkeypatch):
    monkeypatch.setattr("charrnn.models.step_numpy.CHUNK_CHARS", 32)
    config = ModelConfig(cell=cell, **shape)
    weights = random_weights(config, VOCAB_SIZE)[1]
    ids_T = random_ids(70)
    expected, state = textbook(config, weights, ids_T[:, None])
    stepper = NumpyBackend(config, weights).stepper()
    np.testing.assert_allclose(stepper.read_all(ids_T), expected[:, 0].T, atol=1e-5)
    in_chunks = NumpyBackend(config, weights).stepper()
    np.testing.assert_allclose(in_chunks.read(ids_T), expected[-1, 0], atol=1e-5)
    for found in (stepper.state(), in_chunks.state()):
        assert found.before_KB.tolist() == state.before_KB.tolist()
        for layer, expected_layer in zip(found.layers, state.layers, strict=True):
            np.testing.assert_allclose(layer, expected_layer, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_streams_side_by_side_step_as_the_textbook_does(cell, shape):
    config = ModelConfig(cell=cell, **shape)
    weights = random_weights(config, VOCAB_SIZE)[1]
    prompt, ids_TB = random_ids(9), random_ids(30, 5)
    backend = NumpyBackend(config, weights)
    stepper = backend.stepper()
    stepper.read(prompt)
    batch = backend.batch(stepper.state(), 5)
    stepped = np.array([batch.step(ids_B) for ids_B in ids_TB])
    whole_TB = np.concatenate([np.repeat(prompt[:, None], 5, 1), ids_TB])
    expected, state = textbook(config, weights, whole_TB)
    np.testing.assert_allclose(stepped.transpose(0, 2, 1), expected[9:], atol=1e-5)
    np.testing.assert_array_equal(batch.state().before_KB, state.before_KB)
    for layer, expected_layer in zip(batch.state().layers, state.layers, strict=True):
        np.testing.assert_allclose(layer, expected_layer, atol=1e-5)


def test_streams_start_again_and_leave(cell):
    config = ModelConfig(cell=cell, **SHAPES[1])
    weights = random_weights(config, VOCAB_SIZE)[1]
    backend = NumpyBackend(config, weights)
    stepper = backend.stepper()
    stepper.read(np.array([3]))
    batch = backend.batch(stepper.state(), 4)
    for ids_B in random_ids(6, 4):
        batch.step(ids_B)
    batch.restart([1, 3])
    batch.keep([0, 3])
    logits = batch.step(np.array([2, 5]))
    on_stream_0 = np.append(3, np.append(random_ids(6, 4)[:, 0], 2))
    for stream, ids in ((0, on_stream_0), (1, np.array([3, 5]))):
        expected, _ = textbook(config, weights, ids[:, None])
        np.testing.assert_allclose(logits[:, stream], expected[-1, 0], atol=1e-5)


def test_streams_go_on_each_from_its_own_state(cell):
    config = ModelConfig(cell=cell, **SHAPES[1])
    backend = NumpyBackend(config, random_weights(config, VOCAB_SIZE)[1])
    earlier = backend.batch(initial_state(config, 1), 3)
    for ids_B in random_ids(6, 3):
        earlier.step(ids_B)
    states = earlier.state()
    batch = backend.batch(states, 3)
    expected_VB = earlier.step(np.array([2, 5, 2]))
    batch.step(np.array([1, 1, 1]))
    batch.keep([1, 2])
    batch.restart([0, 1])
    np.testing.assert_allclose(batch.step(np.array([5, 2])), expected_VB[:, 1:], atol=1e-6)
    of_last = State(
        tuple(tuple(part_BH[2:] for part_BH in layer) for layer in states.layers),
        states.before_KB[:, 2:],
    )
    np.testing.assert_allclose(backend.stepper(of_last).step(2), expected_VB[:, 2], atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_cell_without_a_fast_step_steps_as_the_textbook_does(cell, shape, monkeypatch):
    slow = dataclasses.replace(cell_spec(cell), advance=None)
    monkeypatch.setattr(step_numpy, "cell_spec", lambda name: slow)
    config = ModelConfig(cell=cell, **shape)
    weights = random_weights(config, VOCAB_SIZE)[1]
    ids_TB = random_ids(20, 3)
    expected, state = textbook(config, weights, ids_TB)
    backend = NumpyBackend(config, weights)
    stepper = backend.stepper()
    np.testing.assert_allclose(stepper.read_all(ids_TB[:, 0]), expected[:, 0].T, atol=1e-5)
    for layer, expected_layer in zip(stepper.state().layers, state.layers, strict=True):
        np.testing.assert_allclose(layer, [part[:1] for part in expected_layer], atol=1e-5)
    batch = backend.batch(initial_state(config, 1), 3)
    stepped = np.array([batch.step(ids_B) for ids_B in ids_TB])
    np.testing.assert_allclose(stepped.transpose(0, 2, 1), expected, atol=1e-5)
