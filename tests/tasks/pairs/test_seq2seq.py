"""Pairs as a task: trained exactly, measured as translated."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from charrnn.config import (
    ATTENTIONS,
    CPU,
    PRECISIONS,
    EncoderDecoderConfig,
    PairsConfig,
    RuntimeConfig,
    TrainConfig,
)  # fmt: skip
from charrnn.data.pairs.buckets import Texts
from charrnn.data.pairs.error_rates import total_edits
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import SymbolVocab, sides
from charrnn.data.vocab import Vocab
from charrnn.generation.translation.translator import Translator
from charrnn.models.dropout import Draws
from charrnn.models.seq2seq import validation
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.tasks.pairs.learned_pairs import PairTexts
from charrnn.tasks.pairs.seq2seq import SEQ2SEQ
from charrnn.training.loop import TrainingState, train

DATA = PairsConfig(target_symbols="spaces")
VOCABS = {"source": Vocab(tuple(map(ord, "abcde"))), "target": SymbolVocab(tuple("vwxyz"))}
CONFIG = TrainConfig(steps=13, batch_size=4, dropout=0.3, weight_dropout=0.2, seed=5)


def spoken(source):
    """The target of a source: other letters, backwards."""
    return " ".join("vwxyz"["abcde".index(letter)] for letter in reversed(source))


def pair_texts(num_pairs=60, *, longest=5, num_val=12):
    random = np.random.default_rng(0)
    sources = [
        "".join(random.choice(list("abcde"), random.integers(1, longest + 1)))
        for _ in range(num_pairs)
    ]
    source, target = sides(DATA, VOCABS)
    order = np.arange(num_pairs)
    numbers = {"train": order[num_val:], "val": order[:num_val], "test": order[:0]}
    encoded = (
        [source.encode(text) for text in sources],
        [target.encode(spoken(text)) for text in sources],
    )
    texts = (
        Texts(np.concatenate(ids), np.append(0, np.cumsum(list(map(len, ids))))) for ids in encoded
    )
    return PairTexts(PairDataset(*texts, numbers), source, target)


def state_of(cell="lstm", config=CONFIG, attention="dot", runtime=CPU, **sizes):
    sizes = {"hidden_size": 6, "embedding_size": 4, **sizes}
    model = EncoderDecoderConfig(cell=cell, attention=attention, **sizes)
    module = SEQ2SEQ.build(model, VOCABS, {}, seed=config.seed)
    return TrainingState.new(SEQ2SEQ, module, config, runtime=runtime)


def batches_of(config=CONFIG, share=slice(None)):
    return SEQ2SEQ.batches(pair_texts(), config, share, device="cpu")


def copied(state):
    return {name: array.copy() for name, array in state.arrays().items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def checkpoint_of(state, dataset=None):
    header = CheckpointHeader(
        task="seq2seq", model=state.module.config, data=DATA, train=CONFIG, runtime=CPU,
        vocabs=VOCABS, corpora={"pairs": PairFacts(("pairs.tsv",), "0" * 64, 60)},
        position=Position(),
    )  # fmt: skip
    return Checkpoint.of(header, SEQ2SEQ.arrays(state.module))


@pytest.mark.parametrize("optimizer", ["soap", pytest.param("adamw", marks=pytest.mark.slow)])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_resumed_run_equals_an_uninterrupted_one(cell, attention, optimizer):
    """At every step: all arrays and all losses are equal to the bit."""
    config = dataclasses.replace(CONFIG, optimizer=optimizer)
    whole, batches = state_of(cell, config, attention), batches_of(config)
    saved, losses = [copied(whole)], []
    for report in train(whole, batches, config):
        losses.append(float(report.loss))
        saved.append(copied(whole))
    assert len(set(losses)) == config.steps
    for split, arrays in enumerate(saved):
        resumed = state_of(cell, dataclasses.replace(config, seed=99), attention)
        resumed.restore(arrays, step=split)
        assert [float(report.loss) for report in train(resumed, batches, config)] == losses[split:]
        same(resumed.arrays(), saved[-1])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_resumed_run_equals_an_uninterrupted_one_on_a_gpu(cell, attention, precision):
    from charrnn.models import device

    device.prepare("cuda", 1, precision=precision)
    runtime = RuntimeConfig(device="cuda", precision=precision)
    batches = SEQ2SEQ.batches(pair_texts(), CONFIG, device="cuda")
    whole, first, second = (state_of(cell, CONFIG, attention, runtime=runtime) for _ in range(3))
    list(train(whole, batches, CONFIG))
    steps = train(first, batches, CONFIG)
    for _ in range(9):
        next(steps)
    second.restore(first.arrays(), step=9)
    list(train(second, batches, CONFIG))
    same(second.arrays(), whole.arrays())
    assert SEQ2SEQ.metrics(whole.module, pair_texts(), "val").keys() == set(SEQ2SEQ.schema.metrics)


def test_validating_sampling_and_saving_between_steps_change_nothing(cell):
    undisturbed, disturbed, dataset = state_of(cell), state_of(cell), pair_texts()
    for _ in train(undisturbed, batches_of(), CONFIG):
        pass
    for report in train(disturbed, batches_of(), CONFIG):
        torch.rand(report.step)
        SEQ2SEQ.metrics(disturbed.module, dataset, "val")
        SEQ2SEQ.sample(checkpoint_of(disturbed), dataset, seed=report.step)
    same(undisturbed.arrays(), disturbed.arrays())


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


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_processes_that_share_a_batch_have_the_gradient_of_one(cell, attention):
    """With dropout: what is drawn is drawn for the whole batch, and then cut."""
    gradients = []
    for shares in ([slice(0, 4)], [slice(0, 2), slice(2, 4)]):
        state = state_of(cell, attention=attention)
        for share in shares:
            batch = batches_of(share=share).batch(7)
            total, count, _ = SEQ2SEQ.loss(state.module, batch, None, Draws(CONFIG, 7, share))
            (total / count).backward()
        gradients.append([weight.grad for weight in state.module.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


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


def test_a_batch_counts_pairs():
    batches = batches_of(dataclasses.replace(CONFIG, batch_size=10))
    assert (batches.steps_per_epoch, batches.units_per_step) == (5, 9.6)


def test_a_plan_is_made_for_the_pairs_of_the_training_split():
    from charrnn.tasks.task import Resources

    plan = SEQ2SEQ.plan({"cell": "gru"}, pair_texts(), VOCABS, {}, resources=Resources("cpu"))
    assert plan.model.cell == "gru"
    assert plan.train.batch_size <= 48
    assert "5 source and 5 target symbols; gru 2+2×" in plan.why
