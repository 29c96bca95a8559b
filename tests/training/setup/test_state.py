"""A training state from a checkpoint: with its weights alone, or with all that it holds."""

import numpy as np
import pytest
from conftest import SMALL, run_of

from charrnn.errors import CheckpointError
from charrnn.runs import checkpoint
from charrnn.training.setup.state import state_at_start, state_of


@pytest.fixture
def start(charrnn, corpus, tmp_path):
    assert charrnn("train", corpus, *SMALL, "--steps", 3, "--run", "a").code == 0
    return checkpoint.read(run_of(tmp_path).last)


def test_a_state_holds_all_that_its_checkpoint_does(start):
    state = state_of(start)
    assert state.step == 3
    for name, array in state.arrays().items():
        np.testing.assert_array_equal(array, start.arrays[name])


def test_a_new_run_with_the_weights_of_a_checkpoint_begins_at_step_0(start):
    state = state_at_start(start)
    assert state.step == 0
    for name, array in state.task.arrays(state.module).items():
        np.testing.assert_array_equal(array, start.arrays[name])
    assert not state.arrays()["state.0.0"].any()


def test_weights_alone_are_not_enough_to_continue(start):
    with pytest.raises(CheckpointError, match="lacks what resuming needs.*init_from") as refused:
        state_of(start.without_training_state())
    assert refused.value.fields == ("init_from",)
