"""What holds for every task whose examples are independent: its training is exact."""

import dataclasses

import pytest
import torch
from small_tasks import CONFIG, SMALL_TASKS

from charrnn.config import PRECISIONS, RuntimeConfig
from charrnn.models.dropout import Draws
from charrnn.training.loop import train

SPLITS = (0, 1, 6, 10, 11)  # steps after which a run is stopped
every_task = pytest.mark.parametrize("small", SMALL_TASKS.values(), ids=list(SMALL_TASKS))
every_network = pytest.mark.parametrize(
    ("small", "sizes"),
    [
        pytest.param(small, sizes, id=f"{name} {sizes}")
        for name, small in SMALL_TASKS.items()
        for sizes in ({}, *small.others)
    ],
)


def copied(state):
    return {name: array.copy() for name, array in state.arrays().items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


@pytest.mark.parametrize("optimizer", ["soap", pytest.param("adamw", marks=pytest.mark.slow)])
@every_network
def test_a_resumed_run_equals_an_uninterrupted_one(small, sizes, cell, optimizer):
    """All arrays and all losses are equal to the bit."""
    config = dataclasses.replace(CONFIG, optimizer=optimizer)
    whole, batches = small.state_of(cell, config, **sizes), small.batches_of(config)
    saved, losses = [copied(whole)], []
    for report in train(whole, batches, config):
        losses.append(float(report.loss))
        saved.append(copied(whole))
    assert len(set(losses)) == config.steps
    for split in SPLITS:
        resumed = small.state_of(cell, dataclasses.replace(config, seed=99), **sizes)
        resumed.restore(saved[split], step=split)
        assert [float(report.loss) for report in train(resumed, batches, config)] == losses[split:]
        same(resumed.arrays(), saved[-1])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", PRECISIONS)
@every_network
def test_a_resumed_run_equals_an_uninterrupted_one_on_a_gpu(small, sizes, cell, precision):
    from charrnn.models import device

    device.prepare("cuda", 1, precision=precision)
    runtime = RuntimeConfig(device="cuda", precision=precision)
    batches = small.batches_of(device="cuda")
    whole, first, second = (small.state_of(cell, runtime=runtime, **sizes) for _ in range(3))
    list(train(whole, batches, CONFIG))
    steps = train(first, batches, CONFIG)
    for _ in range(7):
        next(steps)
    second.restore(first.arrays(), step=7)
    list(train(second, batches, CONFIG))
    same(second.arrays(), whole.arrays())
    assert tuple(small.task.metrics(whole.module, small.examples(), "val")) == (
        small.task.schema.metrics
    )


@every_task
def test_validating_sampling_and_saving_between_steps_change_nothing(small, cell):
    undisturbed, disturbed, dataset = small.state_of(cell), small.state_of(cell), small.examples()
    for _ in train(undisturbed, small.batches_of(), CONFIG):
        pass
    for report in train(disturbed, small.batches_of(), CONFIG):
        torch.rand(report.step)
        if report.step in SPLITS:
            small.task.metrics(disturbed.module, dataset, "val")
            small.task.sample(small.checkpoint_of(disturbed), dataset, seed=report.step)
    same(undisturbed.arrays(), disturbed.arrays())


@pytest.mark.parametrize("shares", [(slice(0, 2), slice(2, 4)), (slice(0, 1), slice(1, 4))])
@every_network
def test_processes_that_share_a_batch_have_the_gradient_of_one(small, sizes, cell, shares):
    """With dropout: what is drawn is drawn for the whole batch, and then cut."""
    gradients = []
    for parts in ((slice(0, 4),), shares):
        state = small.state_of(cell, **sizes)
        for share in parts:
            batch = small.batches_of(share=share).batch(7)
            total, count, _ = small.task.loss(state.module, batch, None, Draws(CONFIG, 7, share))
            (total / count).backward()
        weights = state.module.parameters()
        gradients.append([weight.grad.to_dense() for weight in weights if weight.grad is not None])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


@every_task
def test_a_batch_counts_examples(small):
    batches = small.batches_of(dataclasses.replace(CONFIG, batch_size=10))
    assert (batches.steps_per_epoch, batches.units_per_step) == (5, 9.6)
