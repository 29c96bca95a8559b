import numpy as np
import pytest
from test_cells import layer_of_ones

from charrnn.cells.gru import step


def test_one_unit_by_hand():
    """All weights 1 and biases 0, from state 0.5, reading 1."""
    (h,) = step(layer_of_ones("gru"), np.array([[1.0]]), (np.array([[0.5]]),), np)
    s = 1 / (1 + np.exp(-1.5))
    assert h.item() == pytest.approx((1 - s) * np.tanh(1 + s * 0.5) + s * 0.5)
