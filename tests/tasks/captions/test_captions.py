"""Captions as a task: trained exactly, measured as they are written."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from drawn import COLOURS, PLACES, drawn

from charrnn.config import (
    CPU,
    PRECISIONS,
    CaptionerConfig,
    CaptionsConfig,
    RuntimeConfig,
    TrainConfig,
)
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.buckets import Texts
from charrnn.data.pairs.error_rates import total_edits
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.pictures.encoded_pictures import Pictures
from charrnn.data.pairs.symbols import PATHS, sides
from charrnn.data.vocab import Vocab
from charrnn.generation.translation.captioner import Captioner
from charrnn.models.dropout import Draws
from charrnn.models.seq2seq import validation
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.tasks.captions.captions import CAPTIONS
from charrnn.tasks.pairs.learned_pairs import PairTexts
from charrnn.tasks.task import Resources
from charrnn.training.loop import TrainingState, train

DATA = CaptionsConfig(images="pictures", image_size=8)
KINDS = [(colour, place) for colour in COLOURS for place in PLACES]
LETTERS = sorted({ord(letter) for kind in KINDS for letter in " ".join(kind)})
VOCABS = {"source": PATHS, "target": Vocab(tuple(LETTERS))}
CONFIG = TrainConfig(steps=9, batch_size=4, dropout=0.3, weight_dropout=0.2, seed=5)
MODEL = {"hidden_size": 6, "embedding_size": 4, "encoder_layers": 2}


def texts(every):
    return Texts(np.concatenate(every), np.append(0, np.cumsum(list(map(len, every)))))


def captions(num=40, *, num_val=8):
    """Pictures of a spot, and where it is."""
    kinds = [KINDS[k % len(KINDS)] for k in range(num)]
    source, target = sides(DATA, VOCABS)
    pixels = np.stack([drawn(*kind, k) for k, kind in enumerate(kinds)])
    paths = texts([source.encode(f"{k}.png") for k in range(num)])
    order = np.arange(num)
    numbers = {"train": order[num_val:], "val": order[:num_val], "test": order[:0]}
    pictures = Pictures(paths, pixels, order)
    pairs = PairDataset(pictures, texts([target.encode(" ".join(each)) for each in kinds]), numbers)
    return PairTexts(pairs, source, target)


def state_of(cell="lstm", config=CONFIG, runtime=CPU, **sizes):
    model = CaptionerConfig(cell=cell, **MODEL | sizes)
    module = CAPTIONS.build(model, VOCABS, {}, seed=config.seed)
    return TrainingState.new(CAPTIONS, module, config, runtime=runtime)


def batches_of(config=CONFIG, share=slice(None)):
    return CAPTIONS.batches(captions(), config, share, device="cpu")


def copied(state):
    return {name: array.copy() for name, array in state.arrays().items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def checkpoint_of(state):
    header = CheckpointHeader(
        task="caption", model=state.module.config, data=DATA, train=CONFIG, runtime=CPU,
        vocabs=VOCABS, corpora={"pairs": PairFacts(("a.tsv",), "0" * 64, 40, longest_target=10)},
        position=Position(),
    )  # fmt: skip
    return Checkpoint.of(header, CAPTIONS.arrays(state.module))


@pytest.mark.parametrize("optimizer", ["soap", pytest.param("adamw", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sizes", [{}, {"encoder_layers": 1, "decoder_layers": 1}], ids=str)
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
    batches = CAPTIONS.batches(captions(), CONFIG, device="cuda")
    whole, first, second = (state_of(cell, runtime=runtime) for _ in range(3))
    list(train(whole, batches, CONFIG))
    steps = train(first, batches, CONFIG)
    for _ in range(6):
        next(steps)
    second.restore(first.arrays(), step=6)
    list(train(second, batches, CONFIG))
    same(second.arrays(), whole.arrays())


def test_validating_sampling_and_saving_between_steps_change_nothing(cell):
    undisturbed, disturbed, dataset = state_of(cell), state_of(cell), captions()
    for _ in train(undisturbed, batches_of(), CONFIG):
        pass
    for report in train(disturbed, batches_of(), CONFIG):
        torch.rand(report.step)
        CAPTIONS.metrics(disturbed.module, dataset, "val")
        CAPTIONS.sample(checkpoint_of(disturbed), dataset, seed=report.step)
    same(undisturbed.arrays(), disturbed.arrays())


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


def test_processes_that_share_a_batch_have_the_gradient_of_one(cell):
    """With dropout: what is drawn is drawn for the whole batch, and then cut."""
    gradients = []
    for shares in ([slice(0, 4)], [slice(0, 2), slice(2, 4)]):
        state = state_of(cell)
        for share in shares:
            batch = batches_of(share=share).batch(7)
            total, count, _ = CAPTIONS.loss(state.module, batch, None, Draws(CONFIG, 7, share))
            (total / count).backward()
        gradients.append([weight.grad for weight in state.module.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


@pytest.fixture(scope="module")
def learned():
    """A network that has learned what a spot is called."""
    config = TrainConfig(steps=220, batch_size=16, learning_rate=1e-2, seed=1)
    dataset = captions(160, num_val=24)
    model = CaptionerConfig(hidden_size=24, embedding_size=8, encoder_layers=2, decoder_layers=1)
    state = TrainingState.new(CAPTIONS, CAPTIONS.build(model, VOCABS, {}, seed=1), config)
    batches = CAPTIONS.batches(dataset, config, device="cpu")
    losses = [float(report.loss) for report in train(state, batches, config)]
    assert losses[0] == pytest.approx(math.log(len(LETTERS) + 1), abs=0.2)
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
    plan = CAPTIONS.plan({"cell": "gru"}, captions(), VOCABS, {}, resources=Resources("cpu"))
    assert (plan.model.cell, plan.train.batch_size) == ("gru", 32)
    assert "32 captions on cpu" in plan.why and "a grid of 1 × 1 cells" in plan.why
