import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.plots.axes import Axis, spread

FINITE = st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: round(x, 6))
POSITIVE = st.floats(1e-30, 1e30)


@given(values=st.lists(FINITE, min_size=1), most=st.integers(4, 12))
def test_every_value_has_a_position_and_ticks_are_on_the_axis(values, most):
    axis = Axis.around(values)
    assert all(0 <= axis.position(value) <= 1 for value in values)
    ticks = axis.ticks(most)
    slack = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in ticks)
    assert 1 <= len(ticks) <= most


@given(values=st.lists(POSITIVE, min_size=1), most=st.integers(4, 12))
def test_a_logarithmic_axis_is_as_good(values, most):
    axis = Axis.around([*values, 0.0, -1.0, math.nan, math.inf], is_log=True)
    assert all(-1e-9 <= axis.position(value) <= 1 + 1e-9 for value in values)
    assert axis.position(0.0) is axis.position(-3.0) is axis.position(math.nan) is None
    assert 1 <= len(axis.ticks(most)) <= most


def test_equal_ratios_are_equally_far_on_a_logarithmic_axis():
    axis = Axis(0.01, 100, is_log=True)
    assert [axis.position(value) for value in (0.1, 1, 10)] == pytest.approx([0.25, 0.5, 0.75])


@pytest.mark.parametrize(
    ("axis", "most", "labels"),
    [
        (Axis(1.3, 4.2), 8, ["1.5", "2.0", "2.5", "3.0", "3.5", "4.0"]),
        (Axis(10, 3000), 5, ["1000", "2000", "3000"]),
        (Axis(0, 100_000), 6, ["0", "20k", "40k", "60k", "80k", "100k"]),
        (Axis(-0.02, 0.02), 5, ["-0.02", "-0.01", "0.00", "0.01", "0.02"]),
        (Axis(1, 300, is_log=True), 9, ["1", "2", "5", "10", "20", "50", "100", "200"]),
        (Axis(1e-9, 1, is_log=True), 4, ["1e-09", "1e-06", "0.001", "1"]),
        (Axis(1.1, 1.9, is_log=True), 5, ["1.2", "1.4", "1.6", "1.8"]),
    ],
)
def test_labels_are_round_and_short(axis, most, labels):
    assert list(axis.ticks(most).values()) == labels


def test_one_value_or_none_makes_an_axis_too():
    assert Axis.around([]).position(5.5) == 0.5
    for value in (0.0, 3.0, -2e9):
        assert Axis.around([value, value]).position(value) == 0.5
    assert Axis.around([7.0], is_log=True).position(7.0) == pytest.approx(0.5)


@given(positions=st.lists(st.floats(0, 1)).map(sorted))
def test_spread_positions_keep_their_order_and_distance(positions):
    moved = spread(positions, 0.01, last=1.0)
    assert all(b - a >= 0.01 - 1e-9 for a, b in itertools.pairwise(moved))
    assert all(position <= 1 for position in moved)
    if all(b - a >= 0.01 for a, b in itertools.pairwise(positions)):
        assert moved == positions
