import threading

import pytest
from test_model import model_of

from charrnn.config import SampleConfig
from charrnn.generation.prompted import PromptedSampler, num_at_once


@pytest.mark.parametrize("num", [1, 7, 64, 65, 200])
def test_samples_do_not_depend_on_the_number_of_cores(monkeypatch, num):
    monkeypatch.setattr("charrnn.generation.prompted.MIN_SHARE", 1)
    monkeypatch.setattr("charrnn.generation.batch.TAKEN_AT_ONCE", 32)
    sampler = PromptedSampler(model_of(), "ab", SampleConfig(length=12, seed=5, stop=("d",)))
    for num_cores in (1, 3):
        monkeypatch.setattr("charrnn._cores.num_cores", lambda n=num_cores: n)
        drawn = list(sampler.samples(num, num_at_once=9))
        assert [sample.stream for sample in drawn] == list(range(num))
        assert [sample.text for sample in drawn] == [
            "".join(sampler.characters(k)) for k in range(num)
        ]


def test_a_caller_that_leaves_early_ends_all_threads(monkeypatch):
    monkeypatch.setattr("charrnn.generation.prompted.MIN_SHARE", 1)
    monkeypatch.setattr("charrnn._cores.num_cores", lambda: 2)
    before = threading.active_count()
    sampler = PromptedSampler(model_of(), "", SampleConfig(length=9, seed=5))
    endless = sampler.samples(None, num_at_once=4)
    assert [next(endless).stream for _ in range(70)] == list(range(70))
    del endless
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("num", "is_picky", "expected"),
    [(1, False, 1), (9999, False, 512), (1, True, 512), (None, True, 64), (0, False, 1)],
)
def test_more_streams_than_asked_for_run_where_some_may_be_rejected(num, is_picky, expected):
    assert num_at_once(num, is_picky=is_picky) == expected
