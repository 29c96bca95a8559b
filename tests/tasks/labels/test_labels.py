"""Texts with labels as a task: measured as classified."""

import dataclasses
import math

import numpy as np
import pytest
from small_tasks import CONFIG, IN_ORDER, LABELS

from charrnn.config import ClassifierConfig, TrainConfig
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs import buckets
from charrnn.generation.classification import Classifier
from charrnn.models.dropout import Draws
from charrnn.tasks.labels import labels
from charrnn.tasks.labels.labels import CLASSIFY
from charrnn.tasks.task import Resources
from charrnn.training.loop import TrainingState, train

labelled, state_of, checkpoint_of = LABELS.examples, LABELS.state_of, LABELS.checkpoint_of
VOCABS, CONSTANTS = LABELS.vocabs, LABELS.constants(LABELS.model(**LABELS.sizes))


def test_the_loss_is_that_of_every_text_by_itself(cell):
    state, dataset = state_of(cell), labelled(9, num_val=0)
    config = dataclasses.replace(CONFIG, batch_size=16, dropout=0.0, weight_dropout=0.0)
    batch = CLASSIFY.batches(dataset, config, device="cpu").batch(0)
    assert (batch.labels_B == NOT_SCORED).sum() == 7
    total, count, carried = CLASSIFY.loss(state.module, batch, None, Draws(config, 0))
    assert (count, carried) == (9, None)
    every = dict(zip(IN_ORDER, range(2), strict=True))
    alone = [
        float(
            labels.log_probabilities(state.module, dataset.pairs.sources, np.array([number]))[
                0, every[dataset.texts(number)[1]]
            ]
        )
        for number in range(9)
    ]
    assert total.item() == pytest.approx(-sum(alone), rel=1e-5)


@pytest.mark.parametrize(("most_examples", "most_numbers"), [(1, 1 << 24), (5, 1 << 24), (99, 200)])
def test_texts_are_measured_in_batches_of_any_size(monkeypatch, most_examples, most_numbers):
    state, dataset = state_of(), labelled()
    numbers = dataset.pairs.numbers["val"]
    whole = labels.log_probabilities(state.module, dataset.pairs.sources, numbers)
    monkeypatch.setattr(buckets, "MAX_EXAMPLES", most_examples)
    monkeypatch.setattr(buckets, "MAX_NUMBERS", most_numbers)
    parts = labels.log_probabilities(state.module, dataset.pairs.sources, numbers)
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    np.testing.assert_allclose(np.exp(whole).sum(1), 1, rtol=1e-6)


@pytest.fixture(scope="module")
def learned():
    """A network that has learned the labels of most texts."""
    config = TrainConfig(steps=250, batch_size=16, learning_rate=2e-2, seed=1, ngram_min_count=5)
    dataset = labelled(400, longest=4, num_val=60)
    model = ClassifierConfig(hidden_size=12, embedding_size=4, ngrams=1)
    module = CLASSIFY.build(model, VOCABS, {}, seed=1)
    state = TrainingState.new(CLASSIFY, module, config)
    batches = CLASSIFY.batches(dataset, config, device="cpu")
    losses = [float(report.loss) for report in train(state, batches, config)]
    assert losses[0] == pytest.approx(math.log(2), abs=0.1)
    assert losses[-1] < 0.2
    return state, dataset


def test_the_metrics_are_those_of_what_it_decides(learned):
    state, dataset = learned
    found = CLASSIFY.metrics(state.module, dataset, "val")
    classifier = Classifier.of((checkpoint_of(state),))
    pairs = [dataset.texts(number) for number in dataset.pairs.numbers["val"]]
    decided = [next(iter(classifier.classify(text))) for text, _ in pairs]
    wrong = np.mean([one != label for one, (_, label) in zip(decided, pairs, strict=True)])
    assert found["error_rate"] == pytest.approx(wrong)
    assert found["error_rate"] < 0.1 < 0.9 < found["macro_f1"]
    assert tuple(found) == CLASSIFY.schema.metrics
    assert CLASSIFY.schema.in_words({"val_error_rate": 0.1, "val_macro_f1": 0.855}) == (
        "validation accuracy 90.0 %, macro F1 85.5 %"
    )


def test_a_sample_shows_what_is_decided_and_the_label_where_it_differs(learned):
    state, dataset = learned
    sample = CLASSIFY.sample(checkpoint_of(state), dataset, seed=0)
    untrained = CLASSIFY.sample(checkpoint_of(state_of()), dataset, seed=0)
    for line, other, (text, label) in zip(
        sample.split("\n"), untrained.split("\n"), dataset.examples(3), strict=True
    ):
        assert line.startswith(f"{text} → {label} (")
        assert other.startswith(f"{text} → {label} (") or other.endswith(f"; it is {label}")


def test_a_plan_is_made_for_the_texts_of_the_training_split():
    plan = CLASSIFY.plan({"cell": "gru"}, labelled(), VOCABS, CONSTANTS, resources=Resources("cpu"))
    assert plan.model.cell == "gru"
    assert plan.train.batch_size <= 48
    assert plan.why.startswith("gru 1×64 (")
