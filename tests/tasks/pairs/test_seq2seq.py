"""Pairs as a task: measured as translated."""

import dataclasses
import math

import pytest
import torch
from small_tasks import CONFIG, PAIRS, spoken

from charrnn.config import TrainConfig
from charrnn.data.pairs.error_rates import total_edits
from charrnn.generation.translation.translator import Translator
from charrnn.models.dropout import Draws
from charrnn.models.seq2seq import validation
from charrnn.tasks.pairs.seq2seq import SEQ2SEQ
from charrnn.tasks.task import Resources
from charrnn.training.loop import train

pair_texts, state_of, checkpoint_of = PAIRS.examples, PAIRS.state_of, PAIRS.checkpoint_of
batches_of, VOCABS = PAIRS.batches_of, PAIRS.vocabs


def test_the_loss_is_that_of_every_pair_by_itself(cell):
    state, dataset = state_of(cell), pair_texts(9, num_val=0)
    config = dataclasses.replace(CONFIG, batch_size=16, dropout=0.0, weight_dropout=0.0)
    batch = SEQ2SEQ.batches(dataset, config, device="cpu").batch(0)
    total, count, carried = SEQ2SEQ.loss(state.module, batch, None, Draws(config, 0))
    numbers = dataset.pairs.numbers["train"]
    assert carried is None
    assert count == int((dataset.pairs.targets.lengths(numbers) + 1).sum())
    mean = validation.mean_loss(state.module, dataset.pairs.sources, dataset.pairs.targets, numbers)
    assert total.item() == pytest.approx(mean * count, rel=1e-5)


def test_dropout_is_held_over_time_and_differs_from_layer_to_layer():
    config = dataclasses.replace(CONFIG, weight_dropout=0.0)
    state, seen = state_of(config=config), []
    run = state.module.encode

    def watched(ids_SB, lengths_B, dropouts, dtype):
        masks = [dropouts.outputs(torch.ones(3, 4, 6)) for _ in range(2)]
        seen.extend(masks)
        return run(ids_SB, lengths_B, dropouts, dtype)

    state.module.encode = watched
    SEQ2SEQ.loss(state.module, batches_of(config).batch(0), None, Draws(config, 0))
    for mask_SBD in seen:
        assert torch.equal(mask_SBD[0], mask_SBD[2])
        assert mask_SBD.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert not torch.equal(*seen)


@pytest.fixture(scope="module")
def learned():
    """A network that has learned most of the pairs."""
    config = TrainConfig(steps=250, batch_size=16, learning_rate=2e-2, seed=1)
    state, dataset = state_of(config=config, hidden_size=24), pair_texts(400, longest=4)
    losses = [
        float(r.loss) for r in train(state, SEQ2SEQ.batches(dataset, config, device="cpu"), config)
    ]
    assert losses[0] == pytest.approx(math.log(6), abs=0.1)
    assert losses[-1] < 0.2
    return state, dataset


def test_the_error_rates_are_those_of_what_it_translates(learned):
    state, dataset = learned
    found = SEQ2SEQ.metrics(state.module, dataset, "val")
    translator = Translator.of((checkpoint_of(state),))
    pairs = [dataset.texts(number) for number in dataset.pairs.numbers["val"]]
    edits = total_edits(
        [(translator.translate(source)[0].text, target) for source, target in pairs], dataset.target
    )
    assert found["word_error_rate"] == edits.word_error_rate < 0.5
    assert found["symbol_error_rate"] == edits.symbol_error_rate < 0.2
    assert tuple(found) == SEQ2SEQ.schema.metrics


def test_a_sample_shows_what_becomes_of_a_source_and_the_target_where_it_differs(learned):
    state, dataset = learned
    sample = SEQ2SEQ.sample(checkpoint_of(state), dataset, seed=0)
    untrained = SEQ2SEQ.sample(checkpoint_of(state_of()), dataset, seed=0)
    for line, other, (source, target) in zip(
        sample.split("\n"), untrained.split("\n"), dataset.examples(3), strict=True
    ):
        assert target == spoken(source)
        assert line.startswith(f"{source} → ")
        assert line.endswith(target) or line.endswith(f"({target})")
        assert other.startswith(f"{source} → ") and other.endswith(f"  ({target})")


def test_without_a_validation_split_the_sample_is_of_what_it_learns_from():
    dataset = pair_texts(num_val=0)
    assert dataset.examples(1) == [dataset.texts(0)]
    assert SEQ2SEQ.sample(checkpoint_of(state_of()), dataset, seed=0)


def test_a_plan_is_made_for_the_pairs_of_the_training_split():

    plan = SEQ2SEQ.plan({"cell": "gru"}, pair_texts(), VOCABS, {}, resources=Resources("cpu"))
    assert plan.model.cell == "gru"
    assert plan.train.batch_size <= 48
    assert "5 source and 5 target symbols; gru 2+2×" in plan.why
