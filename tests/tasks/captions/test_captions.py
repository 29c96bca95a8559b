"""Captions as a task: measured as they are written."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from small_tasks import CAPTIONS as SMALL
from small_tasks import CONFIG

from charrnn.config import CaptionerConfig, TrainConfig
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.error_rates import total_edits
from charrnn.generation.translation.captioner import Captioner
from charrnn.models.dropout import Draws
from charrnn.models.seq2seq import validation
from charrnn.tasks.captions.captions import CAPTIONS
from charrnn.tasks.task import Resources
from charrnn.training.loop import TrainingState, train

captions, state_of, checkpoint_of = SMALL.examples, SMALL.state_of, SMALL.checkpoint_of
VOCABS = SMALL.vocabs


def test_the_loss_is_that_of_every_caption_by_itself(cell):
    state, dataset = state_of(cell), captions(9, num_val=0)
    config = dataclasses.replace(CONFIG, batch_size=16, dropout=0.0, weight_dropout=0.0)
    batch = CAPTIONS.batches(dataset, config, device="cpu").batch(0)
    assert (batch.targets_TB[0] == NOT_SCORED).sum() == 7
    assert (batch.sources.shape, batch.sources.dtype) == ((16, 8, 8, 3), torch.uint8)
    total, count, carried = CAPTIONS.loss(state.module, batch, None, Draws(config, 0))
    assert carried is None
    pairs, alone = dataset.pairs, 0.0
    for number in range(9):
        one = np.array([number])
        length = int(pairs.targets.lengths(one)[0]) + 1
        alone += length * validation.mean_loss(state.module, pairs.sources, pairs.targets, one)
        count -= length
    assert count == 0
    assert total.item() == pytest.approx(alone, rel=1e-5)


@pytest.fixture(scope="module")
def learned():
    """A network that has learned what a spot is called."""
    config = TrainConfig(steps=220, batch_size=16, learning_rate=1e-2, seed=1)
    dataset = captions(160, num_val=24)
    model = CaptionerConfig(hidden_size=24, embedding_size=8, encoder_layers=2, decoder_layers=1)
    state = TrainingState.new(CAPTIONS, CAPTIONS.build(model, VOCABS, {}, seed=1), config)
    batches = CAPTIONS.batches(dataset, config, device="cpu")
    losses = [float(report.loss) for report in train(state, batches, config)]
    assert losses[0] == pytest.approx(math.log(len(VOCABS["target"]) + 1), abs=0.2)
    return state, dataset


def test_it_learns_colours_and_places(learned):
    state, dataset = learned
    found = CAPTIONS.metrics(state.module, dataset, "val")
    assert tuple(found) == CAPTIONS.schema.metrics
    assert found["word_error_rate"] < 0.2
    untrained = CAPTIONS.metrics(state_of().module, dataset, "val")
    assert untrained["word_error_rate"] > 0.9


def test_the_metrics_are_those_of_the_captioner(learned):
    """What validation finds with torch, a captioner finds without."""
    state, dataset = learned
    found = CAPTIONS.metrics(state.module, dataset, "val")
    captioner = Captioner.of((checkpoint_of(state),))
    numbers = dataset.pairs.numbers["val"]
    pixels = dataset.pairs.sources.padded(numbers)[0]
    references = [dataset.texts(number)[1] for number in numbers.tolist()]
    made = [best.text for (best,) in captioner.caption_many(pixels, max_length=30)]
    edits = total_edits(zip(made, references, strict=True), dataset.target)
    assert found["word_error_rate"] == edits.word_error_rate
    assert found["symbol_error_rate"] == edits.symbol_error_rate
    losses = list(captioner.losses(pixels, references))
    nats = sum(loss.nats for loss in losses) / sum(loss.num_symbols for loss in losses)
    assert found["loss"] == pytest.approx(nats, rel=1e-4)


def test_a_sample_names_pictures_with_what_is_made_of_them(learned):
    state, dataset = learned
    lines = CAPTIONS.sample(checkpoint_of(state), dataset, seed=0).splitlines()
    assert len(lines) == 3
    for line, (path, caption) in zip(lines, dataset.examples(3), strict=True):
        assert line.startswith(f"{path} → ") and caption in line


def test_the_plan_counts_captions_and_pixels():
    plan = CAPTIONS.plan(
        {"cell": "gru"}, captions(40, num_val=8), VOCABS, {}, resources=Resources("cpu")
    )
    assert (plan.model.cell, plan.train.batch_size) == ("gru", 32)
    assert "32 captions on cpu" in plan.why and "a grid of 1 × 1 cells" in plan.why
