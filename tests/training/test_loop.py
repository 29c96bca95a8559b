import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from conftest import small_text
from torch.nn import functional

from charrnn.config import CPU, PRECISIONS, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.data.batches import NOT_SCORED, Lanes, Text
from charrnn.data.vocab import code_points
from charrnn.models import ngrams
from charrnn.models.evaluation import evaluate_carried, validation_loss
from charrnn.models.network import Network
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.tasks.prefetch import Prefetcher
from charrnn.training.loop import (
    TrainingState,
    train,
)

IDS = np.unique(code_points(small_text()), return_inverse=True)[1].astype(np.uint8)
VOCAB_SIZE = int(IDS.max()) + 1
CONFIG = TrainConfig(
    steps=24,
    batch_size=4,
    seq_length=8,
    dropout=0.3,
    weight_dropout=0.2,
    state_reset=0.2,
    seed=5,
)


def state_of(cell, config=CONFIG, num_layers=2, runtime=CPU):
    model = ModelConfig(
        cell=cell, hidden_size=12, num_layers=num_layers, embedding_size=6, ngrams=3
    )
    keys = ngrams.learn(IDS, longest=3, min_count=5)
    return TrainingState.new(
        LANGUAGE_MODEL,
        Network(model, VOCAB_SIZE, keys, seed=config.seed),
        config,
        runtime=runtime,
    )


def lanes_of(config=CONFIG):
    return Lanes(IDS, batch_size=config.batch_size, seq_length=config.seq_length)


def run(state, config=CONFIG):
    return [
        float(report.loss)
        for report in train(state, Prefetcher(lanes_of(config), state.runtime.device), config)
    ]


def same(one, other):
    """Two learners' arrays are equal to the last bit."""
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def test_arrays_that_are_missing_or_of_another_shape_are_refused():
    state = state_of("gru")
    arrays = state.arrays()
    with pytest.raises(ValueError, match="state.0.0 has the shape"):
        state.restore({**arrays, "state.0.0": arrays["state.0.0"][:1]}, step=1)
    del arrays["optimizer.embedding.m"]
    with pytest.raises(KeyError):
        state.restore(arrays, step=1)


def test_nothing_a_caller_does_between_steps_changes_the_trajectory(cell):
    undisturbed, disturbed = state_of(cell), state_of(cell)
    run(undisturbed)
    for report in train(disturbed, Prefetcher(lanes_of(), "cpu"), CONFIG):
        disturbed.arrays()
        torch.rand(report.step)
        np.random.default_rng().random()
        evaluate_carried(disturbed.module, IDS[:500], first=200)
    same(undisturbed.arrays(), disturbed.arrays())


def test_a_network_learns(cell):
    config = TrainConfig(steps=150, batch_size=8, seq_length=16, learning_rate=2e-2)
    state = state_of(cell, config, num_layers=1)
    losses = run(state, config)
    assert losses[0] == pytest.approx(math.log(VOCAB_SIZE), abs=0.1)
    assert np.mean(losses[-10:]) < losses[0] - 0.8


def test_the_state_is_carried_from_window_to_window():
    still = {"dropout": 0.0, "weight_dropout": 0.0, "state_reset": 0.0, "learning_rate": 0.0}
    config = dataclasses.replace(CONFIG, steps=2, **still)
    state = state_of("lstm", config)
    losses = run(state, config)
    windows = [lanes_of(config).window(k) for k in range(2)]
    inputs = np.concatenate([window.inputs_TB for window in windows])
    targets = np.concatenate([window.targets_TB for window in windows])
    logits, carried = state.module(torch.from_numpy(inputs), state.module.initial_state(4))
    loss = functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten())
    assert np.mean(losses) == pytest.approx(loss.item(), abs=1e-5)
    assert torch.equal(state.carried.before_KB, carried.before_KB)
    for layer, expected in zip(state.carried.layers, carried.layers, strict=True):
        for part, expected_part in zip(layer, expected, strict=True):
            torch.testing.assert_close(part, expected_part.detach())


def test_the_gradient_is_clipped():
    config = dataclasses.replace(CONFIG, steps=1, grad_clip=1e-3, optimizer="adamw")
    state = state_of("rnn", config)
    (report,) = train(state, Prefetcher(lanes_of(config), "cpu"), config)
    assert float(report.grad_norm) > 1e-3
    moments = [array for name, array in state.arrays().items() if name.endswith(".m")]
    norm = math.sqrt(sum(float(np.square(moment / 0.1).sum()) for moment in moments))
    assert norm == pytest.approx(1e-3, rel=1e-2)


def test_a_window_of_records_is_each_record_read_alone(cell):
    """The loss of a step is the mean over all characters of the records in it, each from nothing;
    what stands after a record in its window changes nothing.
    """
    lengths = np.array([5, 9, 3, 12, 7, 2, 8])
    ids = np.random.default_rng(2).integers(1, VOCAB_SIZE, lengths.sum())
    starts = np.append(0, np.cumsum(lengths))
    ids[starts[1:] - 1] = 0
    text = Text(ids, len(ids), len(ids), starts)
    still = {"dropout": 0.0, "weight_dropout": 0.0, "state_reset": 0.0, "learning_rate": 0.0}
    sizes = {"batch_size": 1, "seq_length": 4, "steps": 14}
    config = dataclasses.replace(CONFIG, **still, **sizes)
    state = state_of(cell, config)
    lanes = text.lanes(config)
    assert lanes.steps_per_epoch == 14
    nats = [
        float(report.loss) * int((lanes.window(k).targets_TB != NOT_SCORED).sum())
        for k, report in enumerate(train(state, Prefetcher(lanes, "cpu"), config))
    ]
    network = state.module
    alone = 0.0
    for start, end in itertools.pairwise(starts.tolist()):
        inputs = torch.from_numpy(np.append(0, ids[start : end - 1]))[:, None]
        logits, _ = network(inputs, network.initial_state(1))
        targets = torch.from_numpy(ids[start:end])
        alone += functional.cross_entropy(logits[:, 0], targets, reduction="sum").item()
    assert validation_loss(network, text, "train") * len(ids) == pytest.approx(alone, rel=1e-5)
    assert sum(nats) == pytest.approx(alone, rel=1e-5)


def test_with_low_precision_a_network_learns_and_resumes_exactly(cell):
    runtime = RuntimeConfig(precision="bf16")
    whole = state_of(cell, runtime=runtime)
    losses = run(whole)
    full = state_of(cell)
    assert losses[-1] == pytest.approx(run(full)[-1], abs=0.05)
    first, second = state_of(cell, runtime=runtime), state_of(cell, runtime=runtime)
    steps = train(first, Prefetcher(lanes_of(), "cpu"), CONFIG)
    before = [float(next(steps).loss) for _ in range(9)]
    second.restore(first.arrays(), step=first.step)
    assert before + run(second) == losses
    same(second.arrays(), whole.arrays())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_resumed_run_equals_an_uninterrupted_one_on_a_gpu(cell, precision):
    from charrnn.models import device

    device.prepare("cuda", 1, precision=precision)
    runtime = RuntimeConfig(device="cuda", precision=precision)
    whole = state_of(cell, runtime=runtime)
    run(whole)
    first = state_of(cell, runtime=runtime)
    steps = train(first, Prefetcher(lanes_of(), "cuda"), CONFIG)
    for _ in range(9):
        next(steps)
    second = state_of(cell, runtime=runtime)
    second.restore(first.arrays(), step=first.step)
    run(second)
    same(second.arrays(), whole.arrays())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_run_moves_between_gpu_and_cpu(cell):
    """What was learned on one goes on from the same loss on the other, within 1e-4 nats."""
    on_gpu = RuntimeConfig(device="cuda")
    gpu = state_of(cell, runtime=on_gpu)
    run(gpu)
    cpu = state_of(cell)
    cpu.restore(gpu.arrays(), step=gpu.step)
    losses = [evaluate_carried(state.module, IDS, first=3000) for state in (cpu, gpu)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    back = state_of(cell, runtime=on_gpu)
    back.restore(cpu.arrays(), step=cpu.step)
    same(back.arrays(), gpu.arrays())
