"""A network learns from a text and from other networks that have learned it."""

import dataclasses

import numpy as np
import pytest
import torch
from test_ensemble import TEXT, VOCAB, checkpoint_of

from charrnn.config import ModelConfig, RuntimeConfig, TrainConfig
from charrnn.data.batches import NOT_SCORED, Text
from charrnn.data.vocab import code_points
from charrnn.models import ngrams
from charrnn.models.dropout import Draws
from charrnn.models.network import Network
from charrnn.tasks.distillation import Distillation, teacher_of
from charrnn.tasks.language_model import LANGUAGE_MODEL
from charrnn.training.loop import TrainingState, train

CONFIG = TrainConfig(
    steps=11, batch_size=4, seq_length=6, dropout=0.3, weight_dropout=0.2, state_reset=0.3, seed=5
)
STILL = dataclasses.replace(CONFIG, dropout=0.0, weight_dropout=0.0, state_reset=0.0)
IDS = VOCAB.ids_of(code_points(TEXT))
WHOLE = Text(IDS, len(IDS), len(IDS))  # all of it is learned
TEACHERS = [checkpoint_of(number) for number in (0, 1)]  # an LSTM of two layers, a GRU
WEIGHT = 0.3


def task_of():
    return Distillation([teacher_of(each, "cpu") for each in TEACHERS], WEIGHT)


def student(cell, seed=5):
    model = ModelConfig(cell=cell, hidden_size=7, embedding_size=4, ngrams=3)
    return Network(model, len(VOCAB), ngrams.learn(IDS, longest=3, min_count=2), seed=seed)


def state_of(cell, config=CONFIG, **settings):
    runtime = RuntimeConfig(**settings)
    return TrainingState.new(task_of(), student(cell, config.seed), config, runtime=runtime)


def batches_of(config=CONFIG, share=slice(None)):
    return task_of().batches(WHOLE, config, share, device="cpu")


def test_loss_and_gradient_are_those_of_the_formula(cell):
    """Of the logits: p - (1 - w) · (the text, one-hot) - w · (the teachers' mean), where scored; p
    times a number close to 1, for the mean is rounded.
    """
    batch, module, task = batches_of().batch(2), student(cell), task_of()
    targets = batch.text.targets_TB.clone()
    targets[4:, 1] = NOT_SCORED
    text = batch.text._replace(targets_TB=targets)
    batch = batch._replace(text=text)
    loss, count, _ = task.loss(module, batch, task.initial_state(module, 4), Draws(STILL, 0))
    loss.backward()
    found = [weight.grad.to_dense().clone() for weight in module.parameters()]

    module.zero_grad()
    logits_TBV, _ = module(text.inputs_TB, module.initial_state(4))
    log_p = logits_TBV.detach().double().log_softmax(-1).numpy()
    is_scored = (targets != NOT_SCORED).numpy()[..., None]
    of_text = np.eye(len(VOCAB))[np.maximum(targets.numpy(), 0)]
    of_teachers = batch.expected_TBV.double().numpy()
    aim = is_scored * ((1 - WEIGHT) * of_text + WEIGHT * of_teachers)
    gradient = aim.sum(-1, keepdims=True) * np.exp(log_p) - aim
    logits_TBV.backward(torch.from_numpy(gradient.astype(np.float32)))
    assert count == text.num_scored
    assert loss.item() == pytest.approx(-(aim * log_p).sum(), rel=1e-5)
    for one, weight in zip(found, module.parameters(), strict=True):
        torch.testing.assert_close(one, weight.grad.to_dense(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_resumed_run_equals_an_uninterrupted_one(cell, precision):
    """At every step of several epochs, with dropout: all arrays and all losses."""
    whole = state_of(cell, precision=precision)
    saved, losses = [whole.arrays()], []
    for report in train(whole, batches_of(), CONFIG):
        losses.append(float(report.loss))
        saved.append(whole.arrays())
    assert batches_of().steps_per_epoch < CONFIG.steps / 3
    plain = TrainingState.new(LANGUAGE_MODEL, student(cell), CONFIG).arrays()
    assert saved[-1].keys() == plain.keys()  # nothing of the teachers is in a checkpoint
    for step, arrays in enumerate(saved):
        resumed = state_of(cell, dataclasses.replace(CONFIG, seed=99), precision=precision)
        resumed.restore(arrays, step=step)
        assert [float(one.loss) for one in train(resumed, batches_of(), CONFIG)] == losses[step:]
        for name, array in resumed.arrays().items():
            assert array.tobytes() == saved[-1][name].tobytes(), name


def test_only_the_network_itself_learns():
    teachers = [teacher_of(each, "cpu") for each in TEACHERS]
    networks = [student("gru"), *teachers]
    before = [network.arrays() for network in networks]
    state = TrainingState.new(Distillation(teachers, WEIGHT), networks[0], CONFIG)
    list(train(state, batches_of(), CONFIG))
    has_changed = [
        any(arrays[name].tobytes() != array.tobytes() for name, array in network.arrays().items())
        for network, arrays in zip(networks, before, strict=True)
    ]
    assert has_changed == [True, False, False]


@pytest.mark.parametrize("shares", [(slice(0, 2), slice(2, 4)), (slice(0, 1), slice(1, 4))])
def test_processes_that_share_a_batch_have_the_gradient_of_one(shares):
    task, gradients = task_of(), []
    for parts in ((slice(0, 4),), shares):
        module = student("lstm")
        for share in parts:
            carried = task.initial_state(module, share.stop - share.start)
            batch = batches_of(share=share).batch(7)
            total, count, _ = task.loss(module, batch, carried, Draws(CONFIG, 7, share))
            (total / count).backward()
        gradients.append([weight.grad.to_dense() for weight in module.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


def test_it_is_validated_on_the_text_alone():
    text, module = Text(IDS, 40, len(IDS)), student("lstm")
    for measure in ("metrics", "final_metrics"):
        taught, plain = (getattr(task, measure) for task in (task_of(), LANGUAGE_MODEL))
        assert taught(module, text, "val") == plain(module, text, "val")
