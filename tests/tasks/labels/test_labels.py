"""Texts with labels as a task: trained exactly, measured as classified."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch

from charrnn.config import (
    CPU,
    PRECISIONS,
    ClassifierConfig,
    LabelsConfig,
    RuntimeConfig,
    TrainConfig,
)
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.buckets import Texts
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import SymbolVocab, sides
from charrnn.data.vocab import Vocab
from charrnn.generation.classification import Classifier
from charrnn.models.dropout import Draws
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.tasks.labels import labels
from charrnn.tasks.labels.labels import CLASSIFY
from charrnn.tasks.pairs.learned_pairs import PairTexts
from charrnn.tasks.task import Resources
from charrnn.training.loop import TrainingState, train

DATA = LabelsConfig()
LABELS = ("first in the alphabet", "later")
VOCABS = {
    "source": Vocab(tuple(map(ord, "abcde"))), "target": SymbolVocab(LABELS, are_whole=True)
}  # fmt: skip
CONFIG = TrainConfig(
    steps=11, batch_size=4, dropout=0.3, weight_dropout=0.2, ngram_min_count=2, seed=5
)
MODEL = {"hidden_size": 6, "embedding_size": 4, "ngrams": 3}


def label_of(text):
    """What is to be learned: a text with two letters in their order has one label."""
    return LABELS[0] if any(a < b for a, b in itertools.pairwise(text)) else LABELS[1]


def labelled(num_texts=60, *, longest=5, num_val=12):
    random = np.random.default_rng(0)
    texts = [
        "".join(random.choice(list("abcde"), random.integers(1, longest + 1)))
        for _ in range(num_texts)
    ]
    source, target = sides(DATA, VOCABS)
    order = np.arange(num_texts)
    numbers = {"train": order[num_val:], "val": order[:num_val], "test": order[:0]}
    encoded = (
        [source.encode(text) for text in texts],
        [target.encode(label_of(text)) for text in texts],
    )
    both = (
        Texts(np.concatenate(ids), np.append(0, np.cumsum(list(map(len, ids))))) for ids in encoded
    )
    return PairTexts(PairDataset(*both, numbers), source, target)


CONSTANTS = CLASSIFY.constants(labelled(), MODEL | CONFIG.to_json())


def state_of(cell="lstm", config=CONFIG, runtime=CPU, **sizes):
    model = ClassifierConfig(cell=cell, **MODEL | sizes)
    constants = CLASSIFY.constants(labelled(), model.to_json() | config.to_json())
    module = CLASSIFY.build(model, VOCABS, constants, seed=config.seed)
    return TrainingState.new(CLASSIFY, module, config, runtime=runtime)


def batches_of(config=CONFIG, share=slice(None)):
    return CLASSIFY.batches(labelled(), config, share, device="cpu")


def copied(state):
    return {name: array.copy() for name, array in state.arrays().items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def checkpoint_of(state):
    header = CheckpointHeader(
        task="classify", model=state.module.config, data=DATA, train=CONFIG, runtime=CPU,
        vocabs=VOCABS, corpora={"pairs": PairFacts(("pairs.tsv",), "0" * 64, 60)},
        position=Position(),
    )  # fmt: skip
    return Checkpoint.of(header, CLASSIFY.arrays(state.module))


@pytest.mark.parametrize("optimizer", ["soap", pytest.param("adamw", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sizes", [{}, {"ngrams": 1, "skip": False, "encoder_layers": 2}], ids=str)
def test_a_resumed_run_equals_an_uninterrupted_one(cell, sizes, optimizer):
    """At every step: all arrays and all losses are equal to the bit."""
    config = dataclasses.replace(CONFIG, optimizer=optimizer)
    whole, batches = state_of(cell, config, **sizes), batches_of(config)
    saved, losses = [copied(whole)], []
    for report in train(whole, batches, config):
        losses.append(float(report.loss))
        saved.append(copied(whole))
    assert len(set(losses)) == config.steps
    for split, arrays in enumerate(saved):
        resumed = state_of(cell, dataclasses.replace(config, seed=99), **sizes)
        resumed.restore(arrays, step=split)
        assert [float(report.loss) for report in train(resumed, batches, config)] == losses[split:]
        same(resumed.arrays(), saved[-1])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_resumed_run_equals_an_uninterrupted_one_on_a_gpu(cell, precision):
    from charrnn.models import device

    device.prepare("cuda", 1, precision=precision)
    runtime = RuntimeConfig(device="cuda", precision=precision)
    batches = CLASSIFY.batches(labelled(), CONFIG, device="cuda")
    whole, first, second = (state_of(cell, runtime=runtime) for _ in range(3))
    list(train(whole, batches, CONFIG))
    steps = train(first, batches, CONFIG)
    for _ in range(7):
        next(steps)
    second.restore(first.arrays(), step=7)
    list(train(second, batches, CONFIG))
    same(second.arrays(), whole.arrays())


def test_validating_sampling_and_saving_between_steps_change_nothing(cell):
    undisturbed, disturbed, dataset = state_of(cell), state_of(cell), labelled()
    for _ in train(undisturbed, batches_of(), CONFIG):
        pass
    for report in train(disturbed, batches_of(), CONFIG):
        torch.rand(report.step)
        CLASSIFY.metrics(disturbed.module, dataset, "val")
        CLASSIFY.sample(checkpoint_of(disturbed), dataset, seed=report.step)
    same(undisturbed.arrays(), disturbed.arrays())


def test_the_loss_is_that_of_every_text_by_itself(cell):
    state, dataset = state_of(cell), labelled(9, num_val=0)
    config = dataclasses.replace(CONFIG, batch_size=16, dropout=0.0, weight_dropout=0.0)
    batch = CLASSIFY.batches(dataset, config, device="cpu").batch(0)
    assert (batch.labels_B == NOT_SCORED).sum() == 7
    total, count, carried = CLASSIFY.loss(state.module, batch, None, Draws(config, 0))
    assert (count, carried) == (9, None)
    every = dict(zip(LABELS, range(2), strict=True))
    alone = [
        float(
            labels.log_probabilities(state.module, dataset.pairs.sources, np.array([number]))[
                0, every[dataset.texts(number)[1]]
            ]
        )
        for number in range(9)
    ]
    assert total.item() == pytest.approx(-sum(alone), rel=1e-5)


def test_processes_that_share_a_batch_have_the_gradient_of_one(cell):
    """With dropout: what is drawn is drawn for the whole batch, and then cut."""
    gradients = []
    for shares in ([slice(0, 4)], [slice(0, 2), slice(2, 4)]):
        state = state_of(cell)
        for share in shares:
            batch = batches_of(share=share).batch(7)
            total, count, _ = CLASSIFY.loss(state.module, batch, None, Draws(CONFIG, 7, share))
            (total / count).backward()
        gradients.append([weight.grad.to_dense() for weight in state.module.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("most_examples", "most_numbers"), [(1, 1 << 24), (5, 1 << 24), (99, 200)])
def test_texts_are_measured_in_batches_of_any_size(monkeypatch, most_examples, most_numbers):
    state, dataset = state_of(), labelled()
    numbers = dataset.pairs.numbers["val"]
    whole = labels.log_probabilities(state.module, dataset.pairs.sources, numbers)
    monkeypatch.setattr(labels, "MAX_EXAMPLES", most_examples)
    monkeypatch.setattr(labels, "MAX_NUMBERS", most_numbers)
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


def test_a_batch_counts_texts():
    batches = batches_of(dataclasses.replace(CONFIG, batch_size=10))
    assert (batches.steps_per_epoch, batches.units_per_step) == (5, 9.6)


def test_a_plan_is_made_for_the_texts_of_the_training_split():
    plan = CLASSIFY.plan({"cell": "gru"}, labelled(), VOCABS, CONSTANTS, resources=Resources("cpu"))
    assert plan.model.cell == "gru"
    assert plan.train.batch_size <= 48
    assert plan.why.startswith("gru 1×64 (")
