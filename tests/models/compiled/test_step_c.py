"""The compiled step is numpy's, but for rounding; where it was not compiled, numpy does it."""

import _ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from conftest import random_weights

from charrnn.cells import CELLS
from charrnn.config import ModelConfig, SampleConfig
from charrnn.generation.batch import StopSequences, StreamSettings, sample_streams
from charrnn.generation.sampler import generate
from charrnn.models.compiled import step_c
from charrnn.models.compiled.step_c import CBackend, CBatch, CStepper
from charrnn.models.step_backend import step_backend
from charrnn.models.step_numpy import NumpyBackend, NumpyBatch, NumpyStepper

VOCAB_SIZE = 70  # of more than one block of rows
SIZES = [
    {"ngrams": 3},
    {"ngrams": 1, "skip": False, "num_layers": 3},
    {"ngrams": 4, "hidden_size": 65, "embedding_size": 5, "num_layers": 2},
]
compiled = pytest.mark.skipif(step_c.library() is None, reason="step.c was not compiled")


def backends(cell, sizes, scale=0.3):
    """Both backends of one network; small weights, so that rounding does not grow."""
    config = ModelConfig(cell=cell, **{"hidden_size": 9, "embedding_size": 4, **sizes})
    _, weights = random_weights(config, VOCAB_SIZE)
    layers = tuple(layer._replace(weight_hh_GH=scale * layer.weight_hh_GH) for layer in weights[1])
    weights = weights._replace(layers=layers)
    return CBackend(config, weights), NumpyBackend(config, weights)


def text(num_chars, seed=1):
    """Random ids, and n-grams that are known beside those that are not."""
    return np.random.default_rng(seed).integers(VOCAB_SIZE, size=num_chars)


def ids_drawn(backend, sample, **settings):
    stepper = backend.stepper()
    logits_V = stepper.read(text(5))
    return list(generate(stepper, logits_V.copy(), sample=sample, **settings))


@compiled
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_logits_and_states_are_those_of_numpy(cell, sizes):
    """Read in chunks and character by character, in turns."""
    one, other = (backend.stepper() for backend in backends(cell, sizes))
    for ids_T in np.split(text(90), [20, 40, 45]):
        np.testing.assert_allclose(one.read(ids_T), other.read(ids_T), atol=1e-5)
        for i in ids_T[:15].tolist():
            np.testing.assert_allclose(one.step(i), other.step(i), atol=1e-5)
    found, expected = one.state(), other.state()
    np.testing.assert_array_equal(found.before_KB, expected.before_KB)
    for layer, its in zip(found.layers, expected.layers, strict=True):
        for part, of in zip(layer, its, strict=True):
            np.testing.assert_allclose(part, of, atol=1e-5)


@compiled
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize(
    "settings",
    [{}, {"temperature": 0.5, "final_temperature": 1.5}, {"temperature": 0.1}, {"top_k": 3}],
    ids=str,
)
def test_the_same_characters_are_drawn(cell, sizes, settings):
    sample = SampleConfig(length=150, seed=3, **settings)
    one, other = (ids_drawn(backend, sample) for backend in backends(cell, sizes))
    assert one == other


@compiled
@pytest.mark.parametrize("length", [0, 1, 2, 33])
def test_as_many_are_drawn_as_asked_for(length):
    backend, _ = backends("lstm", {})
    assert len(ids_drawn(backend, SampleConfig(length=length))) == length


@compiled
def test_a_stream_without_end_goes_on_where_it_was(cell):
    backend, _ = backends(cell, {"ngrams": 2})
    whole = ids_drawn(backend, SampleConfig(length=100, seed=8))
    stepper = backend.stepper()
    endless = generate(stepper, stepper.read(text(5)), sample=SampleConfig(length=-1, seed=8))
    assert [next(endless) for _ in range(100)] == whole


@compiled
def test_an_unknown_character_is_never_drawn():
    backend, other = backends("gru", {"ngrams": 2})
    sample = SampleConfig(length=400, temperature=5.0)
    drawn = ids_drawn(backend, sample, unknown_id=7)
    assert 7 in ids_drawn(backend, sample)
    assert 7 not in drawn
    assert drawn == ids_drawn(other, sample, unknown_id=7)


@compiled
def test_the_first_and_the_last_uniform_number_draw_a_character_that_can_be_drawn():
    backend, _ = backends("rnn", {})
    logits_V = np.full(VOCAB_SIZE, -np.inf, np.float32)
    logits_V[[3, 9]] = 0
    for uniform, expected in ((0.0, 3), (0.4999, 3), (0.5, 9), (1 - 1e-16, 9)):
        ids_T, _ = backend.stepper().draw(logits_V, np.ones(1), np.array([uniform]))
        assert ids_T.tolist() == [expected]


@compiled
def test_embeddings_for_which_there_is_no_room_are_multiplied_each_time(monkeypatch, cell):
    monkeypatch.setattr(step_c, "KEPT_BYTES", 4 * 1000)
    small, other = (backend.stepper() for backend in backends(cell, {"ngrams": 3}))
    for i in text(60).tolist():
        np.testing.assert_allclose(small.step(i), other.step(i), atol=1e-5)


@compiled
def test_streams_of_one_model_do_not_disturb_each_other():
    backend, _ = backends("lstm", {"ngrams": 2})
    one, other, alone = backend.stepper(), backend.stepper(), backend.stepper()
    for i, j in zip(text(30), text(30, seed=2), strict=True):
        both = one.step(int(i)), other.step(int(j))
        np.testing.assert_array_equal(both[0], alone.step(int(i)))


@compiled
def test_streams_in_several_threads_give_what_they_give_one_after_another():
    """They share what is kept of embeddings, and meet the same ones first at the same time."""
    sizes = {"ngrams": 4, "hidden_size": 128, "embedding_size": 64}
    num_threads, uniforms_T = 4, np.random.default_rng(1).random(400)
    together = Barrier(num_threads)

    def drawn(stepper):
        together.wait(timeout=60)
        return [array.tolist() for array in stepper.draw(np.zeros(VOCAB_SIZE), 5.0, uniforms_T)]

    alone, _ = backends("lstm", sizes)[0].stepper().draw(np.zeros(VOCAB_SIZE), 5.0, uniforms_T)
    with ThreadPoolExecutor(num_threads) as pool:
        for _ in range(10):
            backend, _ = backends("lstm", sizes)
            found = list(pool.map(drawn, [backend.stepper() for _ in range(num_threads)]))
            assert found == num_threads * found[:1]
            assert found[0][0] == alone.tolist()


@compiled
def test_a_stream_goes_on_from_the_state_of_another(cell):
    """It may be one of numpy, and the other way round."""
    one, other = backends(cell, {"ngrams": 3, "num_layers": 2})
    read = one.stepper()
    for i in text(20).tolist():
        read.step(i)
    copies = one.stepper(read.state()), other.stepper(read.state())
    for i in text(9, seed=2).tolist():
        logits_V = read.step(i)
        np.testing.assert_array_equal(copies[0].step(i), logits_V)
        np.testing.assert_allclose(copies[1].step(i), logits_V, atol=1e-5)


@compiled
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("num_streams", [1, 7, step_c.GROUP + 2])
def test_a_stream_in_a_batch_is_to_the_last_bit_what_it_is_alone(cell, sizes, num_streams):
    backend, _ = backends(cell, sizes)
    alone = [backend.stepper() for _ in range(num_streams)]
    batch = backend.batch(alone[0].state(), num_streams)
    for t in range(12):
        ids_B = text(num_streams, seed=t)
        logits_VB = batch.step(ids_B)
        expected = [stepper.step(i) for stepper, i in zip(alone, ids_B.tolist(), strict=True)]
        np.testing.assert_array_equal(logits_VB, np.transpose(expected))
    assert_same_state(batch.state(), [stepper.state() for stepper in alone])


def assert_same_state(joint, states):
    """The rows of one state are those of others, one row each."""
    before = np.concatenate([state.before_KB for state in states], 1)
    np.testing.assert_array_equal(joint.before_KB, before)
    for k, layer in enumerate(joint.layers):
        for j, part_BH in enumerate(layer):
            rows = [state.layers[k][j] for state in states]
            np.testing.assert_array_equal(part_BH, np.concatenate(rows))


@compiled
def test_a_batch_is_numpys(cell):
    """Streams that go on from states of their own; some begin again, some are dropped."""
    one, other = backends(cell, {"ngrams": 3, "num_layers": 2})
    begun = other.batch(other.stepper().state(), 9)
    begun.step(text(9))
    batches = one.batch(begun.state(), 9), other.batch(begun.state(), 9)

    def assert_equal_steps(num_streams, seed):
        for t in range(5):
            found, expected = (batch.step(text(num_streams, seed + t)) for batch in batches)
            np.testing.assert_allclose(found, expected, atol=1e-5)

    assert_equal_steps(9, 10)
    for batch in batches:
        batch.restart([0, 8])
    assert_equal_steps(9, 20)
    for batch in batches:
        batch.keep([1, 2, 8])
    assert_equal_steps(3, 30)
    for batch in batches:
        batch.restart([2])
    assert_equal_steps(3, 40)


@compiled
@pytest.mark.parametrize(
    "settings",
    [{}, {"temperature": 0.5, "final_temperature": 1.5}, {"top_k": 3}],
    ids=str,
)
def test_samples_side_by_side_are_those_drawn_alone(cell, settings):
    """Some end early, and the next ones take their place."""
    backend, _ = backends(cell, {"ngrams": 2})
    sample = SampleConfig(length=40, seed=3, **settings)
    stops, unknown = StopSequences(stop=[[5]]), 7
    stepper = backend.stepper()
    logits_V, start = stepper.read(text(5)), stepper.state()
    batched = sample_streams(
        lambda num: backend.batch(start, num),
        logits_V,
        iter(range(30)),
        StreamSettings(sample, stops, unknown),
        num_at_once=8,
    )
    for stream in batched:
        ids = generate(
            backend.stepper(start), logits_V.copy(), sample=sample, stream=stream.number,
            unknown_id=unknown,
        )  # fmt: skip
        assert stream.ids == up_to(list(ids), 5)


def up_to(ids, stop):
    return ids[: ids.index(stop)] if stop in ids else ids


def test_without_a_compiler_numpy_takes_the_steps(monkeypatch, cell):
    monkeypatch.setattr(step_c, "library", lambda: None)
    config = ModelConfig(cell=cell, hidden_size=5)
    made = step_backend(config, random_weights(config, VOCAB_SIZE)[1])
    assert type(made.stepper()) is NumpyStepper
    assert type(made.batch(made.stepper().state(), 3)) is NumpyBatch
    assert len(ids_drawn(made, SampleConfig(length=9))) == 9


@compiled
def test_what_was_compiled_is_used_for_every_cell_that_it_knows(cell):
    config = ModelConfig(cell=cell, hidden_size=5)
    made = step_backend(config, random_weights(config, VOCAB_SIZE)[1])
    assert type(made.stepper()) is CStepper
    assert type(made.batch(made.stepper().state(), 3)) is CBatch
    assert set(step_c.CELLS) <= set(CELLS)


def test_wide_networks_are_numpys():
    config = ModelConfig(hidden_size=step_c.WIDEST + 1, embedding_size=2, ngrams=1)
    made = step_backend(config, random_weights(config, VOCAB_SIZE)[1])
    assert type(made.stepper()) is NumpyStepper


@pytest.mark.parametrize(
    "content",
    [None, b"", b"not a library", Path(_ctypes.__file__).read_bytes()],  # or one of something else
    ids=["none", "empty", "text", "another"],
)
def test_a_library_that_cannot_be_loaded_is_none(monkeypatch, tmp_path, content):
    suffix = step_c.EXTENSION_SUFFIXES[0]
    if content is not None:
        (tmp_path / f"_step{suffix}").write_bytes(content)
    monkeypatch.setattr(step_c, "__file__", str(tmp_path / "step_c.py"))
    assert step_c.library.__wrapped__() is None
