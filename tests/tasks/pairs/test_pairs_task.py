"""What tasks of pairs share: nothing is carried, and checkpoints have the weights."""

import pytest
from small_tasks import PAIRS

from charrnn.tasks.pairs.pairs_task import PairsTask
from charrnn.tasks.registry import TASKS


@pytest.mark.parametrize("name", [name for name in TASKS if name != "language_model"])
def test_every_task_but_the_language_model_learns_pairs(name):
    assert isinstance(TASKS[name], PairsTask)


def test_nothing_is_carried_and_all_weights_are_kept():
    state, task = PAIRS.state_of(), PairsTask()
    assert task.initial_state(state.module, 4) is None
    assert task.state_tensors(None) == {}
    assert set(task.arrays(state.module)) == {
        f"weights.{name}" for name in state.module.named_weights()
    }
    assert task.loss_metrics(1.5) == {"loss": 1.5}


def test_every_pair_of_an_epoch_is_counted():
    batches = PAIRS.batches_of()
    counts = [batches.batches.batch(step).num_pairs for step in range(int(batches.steps_per_epoch))]
    assert sum(counts) == batches.units_per_step * batches.steps_per_epoch
