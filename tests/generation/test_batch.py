"""Many streams in a batch: each is what it would be alone."""

from functools import partial
from itertools import count, islice
from threading import Event

import numpy as np
import pytest
from conftest import random_weights
from threadpoolctl import ThreadpoolController

from charrnn.config import ModelConfig, SampleConfig
from charrnn.generation.batch import (
    StopSequences,
    StreamSettings,
    in_parallel,
    sample_streams,
)
from charrnn.generation.sampler import generate, log_probabilities
from charrnn.models.step_numpy import NumpyBackend

VOCAB_SIZE = 6
CONTROLS = [
    {},
    {"temperature": 0.4, "top_k": 3},
    {"top_p": 0.7, "min_p": 0.05},
    {"temperature": 0.2, "final_temperature": 2.0},
]


def prompted(cell="lstm"):
    config = ModelConfig(cell=cell, hidden_size=10, embedding_size=4, ngrams=3)
    backend = NumpyBackend(config, random_weights(config, VOCAB_SIZE)[1])
    stepper = backend.stepper()
    logits_V = stepper.read(np.array([0, 2]))
    return partial(backend.batch, stepper.state()), stepper, logits_V


def together(
    streams, num_at_once, *, cell="lstm", stops=(), untils=(), unknown_id=None, **settings
):
    make_batch, _, logits_V = prompted(cell)
    sample = SampleConfig(**{"length": 40, "temperature": 1.0, **settings})
    settings = StreamSettings(
        sample, StopSequences(stops, untils), unknown_id, with_log_probabilities=True
    )
    return sample_streams(make_batch, logits_V, iter(streams), settings, num_at_once=num_at_once)


def alone(stream, *, cell="lstm", unknown_id=None, **settings):
    _, stepper, logits_V = prompted(cell)
    sample = SampleConfig(**{"length": 40, "temperature": 1.0, **settings})
    return list(generate(stepper, logits_V, sample=sample, stream=stream, unknown_id=unknown_id))


@pytest.mark.parametrize("settings", CONTROLS)
@pytest.mark.parametrize("num_at_once", [1, 2, 7, 64])
def test_a_stream_draws_the_same_alone_and_in_any_batch(cell, settings, num_at_once):
    drawn = list(together(range(12), num_at_once, cell=cell, **settings))
    assert [stream.number for stream in drawn] == list(range(12))
    assert [stream.ids for stream in drawn] == [
        alone(number, cell=cell, **settings) for number in range(12)
    ]
    assert not any(stream.is_whole for stream in drawn)


def cut(ids, stops):
    """The ids before the first stop; of several that end there, the longest."""
    for end in range(1, len(ids) + 1):
        found = [stop for stop in stops if ids[:end][-len(stop) :] == list(stop)]
        if found:
            return ids[: end - max(map(len, found))], True
    return ids, False


@pytest.mark.parametrize("stops", [[(3,)], [(1, 4), (2,)], [(4,), (1, 4), (5, 5)]])
@pytest.mark.parametrize("num_at_once", [1, 5])
def test_finished_streams_make_room_and_all_come_in_order(stops, num_at_once):
    drawn = list(together(range(60), num_at_once, stops=stops, length=3))
    assert [stream.number for stream in drawn] == list(range(60))
    assert [(stream.ids, stream.is_whole) for stream in drawn] == [
        cut(alone(number, length=3), stops) for number in range(60)
    ]
    assert {stream.is_whole for stream in drawn} == {True, False}


def test_a_stream_may_end_after_a_text_and_keep_it():
    for stream, whole in zip(
        together(range(20), 6, untils=[(1, 4), (2,)], length=30),
        (alone(number, length=30) for number in range(20)),
        strict=True,
    ):
        ends = [k + 2 for k in range(29) if whole[k : k + 2] == [1, 4]]
        ends += [k + 1 for k in range(30) if whole[k] == 2]
        assert stream.ids == whole[: min(ends, default=30)]
        assert stream.is_whole == bool(ends)
        assert len(stream.log_probabilities) == len(stream.ids)


def test_streams_without_end_are_computed_as_they_are_taken():
    drawn = list(islice(together(count(), 4, stops=[(3,)]), 30))
    assert [stream.ids for stream in drawn] == [
        stream.ids for stream in together(range(30), 9, stops=[(3,)])
    ]


def test_excluded_characters_are_never_drawn():
    assert any(1 in stream.ids for stream in together(range(4), 4))
    drawn = list(together(range(4), 3, unknown_id=1))
    assert not any(1 in stream.ids for stream in drawn)
    assert [stream.ids for stream in drawn] == [alone(number, unknown_id=1) for number in range(4)]


def test_each_character_comes_with_the_models_own_log_probability():
    (stream,) = together([5], 3, stops=[(4, 4)], temperature=0.5, top_k=4)
    _, stepper, logits_V = prompted()
    for i, nats in zip(stream.ids, stream.log_probabilities, strict=True):
        assert nats == pytest.approx(log_probabilities(logits_V)[i], abs=1e-5)
        logits_V = stepper.step(i)


def test_a_text_of_no_length_is_empty():
    assert [stream.ids for stream in together(range(3), 2, length=0)] == [[], [], []]


def blas_threads():
    return {each["num_threads"] for each in ThreadpoolController().select(user_api="blas").info()}


def test_between_two_samples_blas_has_the_threads_that_the_caller_set():
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        before = blas_threads()
        shares = [together(count(first, 2), 3, stops=[(3,)]) for first in range(2)]
        samples = in_parallel(shares, Event())
        for _ in range(70):  # more than are computed at once
            next(samples)
            assert blas_threads() == before
        samples.close()
