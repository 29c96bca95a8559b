"""Pairs in step as a task: measured as translated."""

import dataclasses
import math

import numpy as np
import pytest
from small_tasks import CONFIG, IN_STEP

from charrnn.config import TaggerConfig, TrainConfig
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs import buckets
from charrnn.generation.translation.in_step import Tagger
from charrnn.models.dropout import Draws
from charrnn.tasks.in_step.tagging import TAG
from charrnn.tasks.task import Resources
from charrnn.training.loop import TrainingState, train

tagged, state_of, checkpoint_of = IN_STEP.examples, IN_STEP.state_of, IN_STEP.checkpoint_of
batches_of, VOCABS = IN_STEP.batches_of, IN_STEP.vocabs


def test_the_loss_is_that_of_every_pair_by_itself(cell):
    state, dataset = state_of(cell), tagged(9, num_val=0)
    config = dataclasses.replace(CONFIG, batch_size=16, dropout=0.0, weight_dropout=0.0)
    batch = TAG.batches(dataset, config, device="cpu").batch(0)
    num_symbols = len(dataset.pairs.sources.ids)
    assert (batch.choices_SB != NOT_SCORED).sum() == num_symbols
    total, count, carried = TAG.loss(state.module, batch, None, Draws(config, 0))
    assert (count, carried) == (num_symbols, None)
    pairs = [dataset.texts(number) for number in range(9)]
    alone = Tagger.of((checkpoint_of(state),)).losses(*zip(*pairs, strict=True))
    assert total.item() == pytest.approx(sum(loss.nats for loss in alone), rel=1e-5)


@pytest.mark.parametrize(("most_examples", "most_numbers"), [(1, 1 << 24), (5, 1 << 24), (99, 200)])
def test_pairs_are_measured_in_batches_of_any_size(monkeypatch, most_examples, most_numbers):
    state, dataset = state_of(), tagged()
    whole = TAG.metrics(state.module, dataset, "val")
    monkeypatch.setattr(buckets, "MAX_EXAMPLES", most_examples)
    monkeypatch.setattr(buckets, "MAX_NUMBERS", most_numbers)
    assert TAG.metrics(state.module, dataset, "val") == pytest.approx(whole, rel=1e-5)


@pytest.fixture(scope="module", params=[False, True], ids=["both ways", "causal"])
def learned(request):
    """A network that has learned the capitals, as far as it can see them."""
    config = TrainConfig(steps=150, batch_size=16, learning_rate=2e-2, seed=1, ngram_min_count=5)
    dataset = tagged(400, num_val=60)
    model = TaggerConfig(hidden_size=12, embedding_size=4, ngrams=1, is_causal=request.param)
    module = TAG.build(model, VOCABS, {}, seed=1)
    state = TrainingState.new(TAG, module, config)
    batches = TAG.batches(dataset, config, device="cpu")
    losses = [float(report.loss) for report in train(state, batches, config)]
    assert losses[0] == pytest.approx(math.log(7), abs=0.1)
    return state, dataset


def test_a_causal_tagger_cannot_know_that_a_word_ends(learned):
    state, dataset = learned
    error_rate = TAG.metrics(state.module, dataset, "val")["symbol_error_rate"]
    if state.module.config.is_causal:
        assert 0.15 < error_rate < 0.5
    else:
        assert error_rate < 0.05


def test_the_metrics_are_those_of_what_it_makes(learned):
    state, dataset = learned
    found = TAG.metrics(state.module, dataset, "val")
    tagger = Tagger.of((checkpoint_of(state),))
    pairs = [dataset.texts(number) for number in dataset.pairs.numbers["val"]]
    made = [tagger.translate(source)[0].text for source, _ in pairs]
    both = list(zip("".join(made), "".join(target for _, target in pairs), strict=True))
    wrong = np.mean([one != other for one, other in both])
    words = [
        (one != other)
        for text, (_, target) in zip(made, pairs, strict=True)
        for one, other in zip(text.split(), target.split(), strict=True)
    ]
    losses = list(tagger.losses(*zip(*pairs, strict=True)))
    assert found["symbol_error_rate"] == pytest.approx(wrong)
    assert found["word_error_rate"] == pytest.approx(np.mean(words), abs=0.02)  # edits may be fewer
    assert found["loss"] == pytest.approx(sum(loss.nats for loss in losses) / len(both), rel=1e-4)
    assert tuple(found) == TAG.schema.metrics
    assert TAG.schema.decisive_metric == "val_symbol_error_rate"


def test_a_sample_shows_what_is_made_and_the_target_where_it_differs(learned):
    state, dataset = learned
    sample = TAG.sample(checkpoint_of(state), dataset, seed=0)
    for line, (source, target) in zip(sample.split("\n"), dataset.examples(3), strict=True):
        assert line == f"{source} → {target}" or line.endswith(f"  ({target})")


def test_a_batch_counts_its_symbols():
    batches = batches_of(dataclasses.replace(CONFIG, batch_size=10))
    sources = tagged().pairs.sources
    assert sum(batches.batch(step).num_symbols for step in range(5)) == sum(
        sources.lengths(np.arange(12, 60))
    )


def test_a_plan_is_made_for_the_pairs_of_the_training_split():
    plan = TAG.plan({"cell": "gru"}, tagged(), VOCABS, {}, resources=Resources("cpu"))
    assert plan.model.cell == "gru"
    assert plan.train.batch_size <= 48
    assert plan.why.startswith("4 source and 7 target symbols; gru 1×128 (")
