"""Batches of like length, answered in order."""

import pytest
from hypothesis import given, strategies
from threadpoolctl import ThreadpoolController

from charrnn import _cores
from charrnn.errors import UsageError
from charrnn.generation.translation import batching


def test_answers_come_in_order(monkeypatch):
    for num_cores in (1, 3):
        monkeypatch.setattr(_cores, "num_cores", lambda num_cores=num_cores: num_cores)
        lengths = [(7 * n) % 50 + 1 for n in range(3000)]
        batches = []

        def answer(batch, batches=batches):
            batches.append(batch)
            return [-length for length in batch]

        answers = batching.in_order(lengths, lambda length: length, answer)
        wrong = [n for n, made in enumerate(answers) if made != -lengths[n]]
        assert wrong[:3] == []  # a difference of lists of thousands would take pytest minutes
        assert sum(map(len, batches)) == 3000
        assert len(batches) < 60


def test_only_a_window_is_read_ahead_and_the_first_one_is_small():
    read = []

    def texts():
        for n in range(10_000):
            read.append(n)
            yield n

    answers = batching.in_order(texts(), lambda n: 1, list)
    for n in range(5000):
        assert next(answers) == n
        assert len(read) <= 2 * n + 1
        assert len(read) - n <= batching.MAX_WINDOW


def test_fewer_long_texts_are_read_ahead():
    read = []

    def texts():
        for n in range(3000):
            read.append(n)
            yield n

    answers = batching.in_order(texts(), lambda n: 1 << 10, list, num_targets=2)
    for n in range(3000):
        assert next(answers) == n
        assert len(read) - n <= batching.MAX_NUMBERS // (2 << 20)


def test_what_comes_before_an_error_is_answered():
    def texts():
        yield from range(12)
        raise UsageError("no")

    answers = batching.in_order(texts(), lambda n: 1, list)
    assert [next(answers) for _ in range(12)] == list(range(12))
    with pytest.raises(UsageError):
        next(answers)


def test_every_core_has_enough_to_do():
    for num_texts, num_cores, sizes in [
        (20, 2, [16, 4]),
        (60, 2, [30, 30]),
        (300, 2, [128, 128, 44]),
    ]:
        batches = batching.by_length([5] * num_texts, num_cores=num_cores)
        assert [len(batch) for batch in batches] == sizes
    assert len(batching.by_length([5] * 10, num_targets=4, num_cores=2)) == 2


def test_blas_has_one_thread_while_it_computes_and_no_limit_while_the_caller_has_control():
    blas = ThreadpoolController()

    def num_threads():
        return [each["num_threads"] for each in blas.select(user_api="blas").info()]

    with blas.limit(limits=2, user_api="blas"):
        before, computing = num_threads(), []
        answers = batching.in_order(
            range(40), lambda n: 1, lambda batch: [computing.append(num_threads()), *batch][1:]
        )
        assert [num_threads() for _ in answers] == [before] * 40
    assert computing[0] == before  # a single text
    assert all(set(threads) == {1} for threads in computing[1:])


@given(
    strategies.lists(strategies.integers(0, 10_000), max_size=300),
    strategies.integers(1, 200),
    strategies.integers(1, 4),
)
def test_a_batch_is_bounded(lengths, num_targets, num_cores):
    batches = batching.by_length(lengths, num_targets=num_targets, num_cores=num_cores)
    assert sorted(n for batch in batches for n in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[n] for n in batch)
        assert len(batch) == 1 or len(batch) * longest <= batching.MAX_SYMBOLS
        assert len(batch) == 1 or len(batch) * num_targets <= batching.MAX_COLUMNS
