"""Which characters pass the filters; with temperature and draws they are in test_sampler.py."""

import numpy as np
import pytest

from charrnn.config import SampleConfig
from charrnn.generation.top_k_top_p import passes_filters

LOGITS = np.log([0.25, 0.5, 0.125, 0.125]) - np.log(0.5)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "1111"),
        ({"top_k": 1}, "0100"),
        ({"top_k": 3}, "1110"),  # of equals the first
        ({"top_p": 0.5}, "0100"),
        ({"top_p": 0.51}, "1100"),
        ({"min_p": 0.5}, "1100"),
        ({"top_k": 2, "top_p": 0.6}, "0100"),  # of the two kept the likelier alone has 2/3
    ],
)
def test_the_likeliest_pass(settings, expected):
    is_kept = passes_filters(LOGITS, SampleConfig(**settings))
    assert is_kept.tolist() == [kept == "1" for kept in expected]


def test_streams_side_by_side_are_filtered_each_for_itself():
    config = SampleConfig(top_k=2, top_p=0.6)
    other = LOGITS[::-1]
    both = passes_filters(np.stack([LOGITS, other], 1), config)
    assert (both[:, 0] == passes_filters(LOGITS, config)).all()
    assert (both[:, 1] == passes_filters(other, config)).all()
