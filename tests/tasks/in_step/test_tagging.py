"""Pairs in step as a task: trained exactly, measured as translated."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from charrnn.config import CPU, PRECISIONS, InStepConfig, RuntimeConfig, TaggerConfig, TrainConfig
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.buckets import Texts
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import sides
from charrnn.data.vocab import Vocab
from charrnn.generation.translation.in_step import Tagger
from charrnn.models.dropout import Draws
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.tasks.in_step import tagging
from charrnn.tasks.in_step.tagging import TAG
from charrnn.tasks.pairs.learned_pairs import PairTexts
from charrnn.tasks.task import Resources
from charrnn.training.loop import TrainingState, train

DATA = InStepConfig()
VOCABS = {"source": Vocab(tuple(map(ord, " abc"))), "target": Vocab(tuple(map(ord, " abcABC")))}
CONFIG = TrainConfig(
    steps=11, batch_size=4, dropout=0.3, weight_dropout=0.2, ngram_min_count=2, seed=5
)
MODEL = {"hidden_size": 6, "embedding_size": 4, "ngrams": 3}


def target_of(text):
    """What is to be learned: the last letter of a word is a capital."""
    words = text.split(" ")
    return " ".join(word[:-1] + word[-1:].upper() for word in words)


def tagged(num_texts=60, *, longest=7, num_val=12):
    random = np.random.default_rng(0)
    texts = [
        "".join(random.choice(list("abc "), random.integers(1, longest + 1)))
        for _ in range(num_texts)
    ]
    source, target = sides(DATA, VOCABS)
    order = np.arange(num_texts)
    numbers = {"train": order[num_val:], "val": order[:num_val], "test": order[:0]}
    encoded = (
        [source.encode(text) for text in texts],
        [target.encode(target_of(text)) for text in texts],
    )
    both = (
        Texts(np.concatenate(ids), np.append(0, np.cumsum(list(map(len, ids))))) for ids in encoded
    )
    return PairTexts(PairDataset(*both, numbers), source, target)


CONSTANTS = TAG.constants(tagged(), MODEL | CONFIG.to_json())


def state_of(cell="lstm", config=CONFIG, runtime=CPU, **sizes):
    model = TaggerConfig(cell=cell, **MODEL | sizes)
    constants = TAG.constants(tagged(), model.to_json() | config.to_json())
    module = TAG.build(model, VOCABS, constants, seed=config.seed)
    return TrainingState.new(TAG, module, config, runtime=runtime)


def batches_of(config=CONFIG, share=slice(None)):
    return TAG.batches(tagged(), config, share, device="cpu")


def copied(state):
    return {name: array.copy() for name, array in state.arrays().items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def checkpoint_of(state):
    header = CheckpointHeader(
        task="tag", model=state.module.config, data=DATA, train=CONFIG, runtime=CPU,
        vocabs=VOCABS, corpora={"pairs": PairFacts(("pairs.tsv",), "0" * 64, 60)},
        position=Position(),
    )  # fmt: skip
    return Checkpoint.of(header, TAG.arrays(state.module))


@pytest.mark.parametrize("optimizer", ["soap", pytest.param("adamw", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "sizes", [{}, {"ngrams": 1, "skip": False, "encoder_layers": 2, "is_causal": True}], ids=str
)
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
    batches = TAG.batches(tagged(), CONFIG, device="cuda")
    whole, first, second = (state_of(cell, runtime=runtime) for _ in range(3))
    list(train(whole, batches, CONFIG))
    steps = train(first, batches, CONFIG)
    for _ in range(7):
        next(steps)
    second.restore(first.arrays(), step=7)
    list(train(second, batches, CONFIG))
    same(second.arrays(), whole.arrays())


def test_validating_sampling_and_saving_between_steps_change_nothing(cell):
    undisturbed, disturbed, dataset = state_of(cell), state_of(cell), tagged()
    for _ in train(undisturbed, batches_of(), CONFIG):
        pass
    for report in train(disturbed, batches_of(), CONFIG):
        torch.rand(report.step)
        TAG.metrics(disturbed.module, dataset, "val")
        TAG.sample(checkpoint_of(disturbed), dataset, seed=report.step)
    same(undisturbed.arrays(), disturbed.arrays())


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


def test_processes_that_share_a_batch_have_the_gradient_of_one(cell):
    """With dropout: what is drawn is drawn for the whole batch, and then cut."""
    gradients = []
    for shares in ([slice(0, 4)], [slice(0, 1), slice(1, 4)]):
        state = state_of(cell)
        for share in shares:
            batch = batches_of(share=share).batch(7)
            total, count, _ = TAG.loss(state.module, batch, None, Draws(CONFIG, 7, share))
            (total / count).backward()
        gradients.append([weight.grad.to_dense() for weight in state.module.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("most_examples", "most_numbers"), [(1, 1 << 24), (5, 1 << 24), (99, 200)])
def test_pairs_are_measured_in_batches_of_any_size(monkeypatch, most_examples, most_numbers):
    state, dataset = state_of(), tagged()
    whole = TAG.metrics(state.module, dataset, "val")
    monkeypatch.setattr(tagging, "MAX_EXAMPLES", most_examples)
    monkeypatch.setattr(tagging, "MAX_NUMBERS", most_numbers)
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


def test_a_batch_counts_pairs_and_their_symbols():
    batches = batches_of(dataclasses.replace(CONFIG, batch_size=10))
    assert (batches.steps_per_epoch, batches.units_per_step) == (5, 9.6)
    sources = tagged().pairs.sources
    assert sum(batches.batch(step).num_symbols for step in range(5)) == sum(
        sources.lengths(np.arange(12, 60))
    )


def test_a_plan_is_made_for_the_pairs_of_the_training_split():
    plan = TAG.plan({"cell": "gru"}, tagged(), VOCABS, CONSTANTS, resources=Resources("cpu"))
    assert plan.model.cell == "gru"
    assert plan.train.batch_size <= 48
    assert plan.why.startswith("4 source and 7 target symbols; gru 1×128 (")
