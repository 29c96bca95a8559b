import numpy as np
import pytest
from test_cells import layer_of_ones

from charrnn.cells.lstm import step


def test_one_unit_by_hand():
    """All weights 1 and biases 0, from h = 0.5 and c = 2, reading 1."""
    state = np.array([[0.5]]), np.array([[2.0]])
    h, c = step(layer_of_ones("lstm"), np.array([[1.0]]), state, np)
    s = 1 / (1 + np.exp(-1.5))
    assert c.item() == pytest.approx(s * 2 + s * np.tanh(1.5))
    assert h.item() == pytest.approx(s * np.tanh(c.item()))
