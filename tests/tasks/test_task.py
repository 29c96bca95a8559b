"""The seam carries more than language models: a classifier, with independent examples, whose best
weights are those with the lowest error rate.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from charrnn.config import CPU, DataConfig, ModelConfig, TrainConfig
from charrnn.data.corpus import CorpusFacts
from charrnn.data.vocab import Vocab
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.runs.schemas import SCHEMAS, Schema
from charrnn.tasks.registry import TASKS
from charrnn.training.callbacks.callback import Callback
from charrnn.training.handover import RemoteRun
from charrnn.training.loop import TrainingState, train
from charrnn.training.trainer import Trainer

CONFIG = TrainConfig(steps=40, batch_size=8, dropout=0.2, eval_every=10, optimizer="adamw")
NUM_LABELS = 3


class Classifier(nn.Linear):
    """Points of a plane to labels."""

    def __init__(self):
        super().__init__(2, NUM_LABELS)

    def named_weights(self):
        return dict(self.named_parameters())

    @torch.no_grad()
    def load(self, arrays):
        for name, weight in self.named_weights().items():
            weight.copy_(torch.from_numpy(arrays[name]))


@dataclass
class Points:
    """Points, those of each label around a place of their own."""

    xy_ND: np.ndarray
    labels_N: np.ndarray

    @classmethod
    def drawn(cls, num, seed=0):
        random = np.random.default_rng(seed)
        labels = random.integers(NUM_LABELS, size=num)
        places = np.array([[0, 3], [3, 0], [-3, -3]])
        return cls((places[labels] + random.normal(size=(num, 2))).astype(np.float32), labels)

    def size(self, split):
        return 50 if split == "val" else len(self.labels_N) - 50

    def beginning(self, split, size):
        return self


class Shuffled:
    """Batches of points: a function of (seed, step)."""

    def __init__(self, points, config, share):
        self._points, self._config, self._share = points, config, share
        self.units_per_step = config.batch_size
        self.steps_per_epoch = points.size("train") / config.batch_size

    def batch(self, step):
        random = np.random.default_rng([self._config.seed, step])
        rows = random.integers(self._points.size("train"), size=self._config.batch_size)
        arrays = self._points.xy_ND, self._points.labels_N
        return tuple(torch.from_numpy(array[rows[self._share]]) for array in arrays)


SCHEMA = Schema(
    needs="0.6", model=ModelConfig, data=DataConfig, vocabs={}, corpora={},
    metrics=("error_rate", "loss"), weights=lambda model, vocabs, constants: {},
)  # fmt: skip


class Classification:
    """A task with nothing to carry from batch to batch."""

    name, unit = "classify_points", "examples"
    schema = SCHEMA

    def batches(self, dataset, config, share=slice(None), *, device):
        return Shuffled(dataset, config, share)

    def initial_state(self, module, batch_size):
        return None

    def state_tensors(self, carried):
        return {}

    def loss(self, module, batch, carried, draws):
        xy_BD, labels_B = batch
        logits_BC = module(draws.lane_dropout()(xy_BD))
        loss = functional.cross_entropy(logits_BC, labels_B, reduction="sum")
        return loss, draws.config.batch_size, None

    def arrays(self, module):
        weights = module.named_weights().items()
        return {f"weights.{name}": weight.detach().numpy().copy() for name, weight in weights}

    def loss_metrics(self, loss):
        return {"loss": loss}

    @torch.no_grad()
    def metrics(self, module, dataset, split):
        logits = module(torch.from_numpy(dataset.xy_ND[-50:]))
        labels = torch.from_numpy(dataset.labels_N[-50:])
        error_rate = float((logits.argmax(1) != labels).float().mean())
        return {"error_rate": error_rate, "loss": float(functional.cross_entropy(logits, labels))}

    def final_metrics(self, module, dataset, split):
        return {}


@pytest.fixture
def new_state():
    def made(config=CONFIG):
        torch.manual_seed(0)
        return TrainingState.new(Classification(), Classifier(), config)

    return made


def test_another_task_resumes_exactly(new_state):
    batches = Shuffled(Points.drawn(300), CONFIG, slice(None))
    whole, first, second = new_state(), new_state(), new_state()
    losses = [float(report.loss) for report in train(whole, batches, CONFIG)]
    assert losses[-1] < 0.7 * losses[0]
    steps = train(first, batches, CONFIG)
    before = [float(next(steps).loss) for _ in range(17)]
    second.restore(first.arrays(), step=17)
    assert before + [float(report.loss) for report in train(second, batches, CONFIG)] == losses
    expected = whole.arrays()
    assert second.arrays().keys() == expected.keys()
    assert all(second.arrays()[name].tobytes() == expected[name].tobytes() for name in expected)


class Lines(Callback):
    def __init__(self):
        self.lines = []

    def on_record(self, trainer, line):
        self.lines.append(line)


def test_the_first_metric_decides_what_the_best_is(new_state, tmp_path):
    facts = CorpusFacts(("points",), "0" * 64, 300)
    vocab = Vocab((97, 98))
    header = CheckpointHeader(
        task="classify_points",
        model=ModelConfig(),
        data=DataConfig(),
        train=CONFIG,
        runtime=CPU,
        vocabs={"text": vocab},
        corpora={"text": facts},
        position=Position(),
    )
    start = Checkpoint.of(header, {})
    recorded = Lines()
    run, state = RemoteRun(tmp_path), new_state()
    trainer = Trainer(run, state, Points.drawn(300), start, callbacks=[recorded])
    assert [report.step for report in trainer.steps()] == list(range(1, 41))
    validated = [line for line in recorded.lines if "val_error_rate" in line]
    assert [line["step"] for line in validated] == [10, 20, 30, 40]
    assert trainer.best == min(line["val_error_rate"] for line in validated) < 0.5
    assert recorded.lines[0].keys() >= {"loss", "examples_per_second"}
    assert dataclasses.replace(start, train=trainer.config) == start


def test_tasks_are_registered_under_their_names():
    assert all(task.name == name for name, task in TASKS.items())
    assert TASKS.keys() == SCHEMAS.keys()
    assert all(task.schema is SCHEMAS[name] for name, task in TASKS.items())
    assert "language_model" in TASKS
