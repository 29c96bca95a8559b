import numpy as np
import pytest
from test_cells import layer_of_ones

from charrnn.cells.rnn import step


def test_one_unit_by_hand():
    """All weights 1 and biases 0, from state 0.5, reading 1."""
    (h,) = step(layer_of_ones("rnn"), np.array([[1.0]]), (np.array([[0.5]]),), np)
    assert h.item() == pytest.approx(np.tanh(1.5))
