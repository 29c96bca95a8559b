"""What is true of every cell; each cell by hand is in a file of its own."""

import numpy as np

from charrnn.cells import CELLS, Layer, cell_spec, sigmoid
from charrnn.config import OPTIMIZERS


def layer_of_ones(cell):
    """A layer of one unit: all weights 1, all biases 0."""
    num_gates = len(cell_spec(cell).gates)
    return Layer(*np.ones((2, num_gates, 1)), *np.zeros((2, num_gates)))


def test_the_four_cells_are_found_in_the_order_of_the_alphabet():
    assert [cell for cell in CELLS if cell in ("cifg", "gru", "lstm", "rnn")] == [
        "cifg", "gru", "lstm", "rnn",
    ]  # fmt: skip
    assert list(CELLS) == sorted(CELLS)


def test_a_spec_fits_together(cell):
    spec = cell_spec(cell)
    assert len(set(spec.gates)) == len(spec.gates)
    assert spec.sigmoid_gates == tuple(gate for gate in spec.gates if gate in spec.sigmoid_gates)
    assert spec.forget_gate is None or spec.forget_gate in spec.sigmoid_gates
    assert spec.state[0] == "h"
    assert set(spec.learning_rates) == set(OPTIMIZERS)


def test_a_step_gives_the_arrays_that_it_was_given(cell):
    spec = cell_spec(cell)
    state = tuple(np.full((3, 1), 0.5) for _ in spec.state)
    new_state = spec.step(layer_of_ones(cell), np.ones((3, 1)), state, np)
    assert [part.shape for part in new_state] == [part.shape for part in state]
    assert all((part == 0.5).all() for part in state)


def test_sigmoid_does_not_overflow():
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e6, 0.0, 1e6]), np).tolist() == [0.0, 0.5, 1.0]
