import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data import suffix_array
from charrnn.data.suffix_array import DEPTH, in_order

IDS = st.one_of(
    st.lists(st.integers(0, 1), min_size=1, max_size=300),
    st.lists(st.sampled_from([0, 1, 255]), min_size=1, max_size=80),
    st.integers(1, 300).map(lambda n: [0] * n),
)


def order_of(ids):
    pieces = list(in_order(ids, lambda done, total: None))
    return np.concatenate(pieces)


def what_follows(ids, place):
    return ids[place:].tobytes()[:DEPTH].ljust(DEPTH, b"\0")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("bucket", [4, 1 << 21])
@settings(deadline=None, max_examples=40)
@given(values=IDS)
def test_all_places_once_by_what_follows(values, kind, bucket):
    ids = np.array(values, kind) * (1 if kind is np.uint8 else 257)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(suffix_array, "_BUCKET", bucket)
        patched.setattr(suffix_array, "_CHUNK", 2 * bucket)
        order = order_of(ids)
    assert sorted(order.tolist()) == list(range(len(ids)))
    following = [what_follows(ids, place) for place in order]
    assert following == sorted(following)


def test_progress_ends_at_the_whole_and_places_fit():
    seen = []
    list(in_order(np.arange(100, dtype=np.uint8), lambda done, total: seen.append((done, total))))
    assert seen[-1] == (100, 100)
    assert suffix_array.place_type(1 << 32) == np.uint32
    assert suffix_array.place_type((1 << 32) + 1) == np.uint64
