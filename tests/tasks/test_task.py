"""The seam carries more than language models: a classifier, with independent examples, whose best
weights are those with the lowest error rate.
"""

import dataclasses
import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from charrnn.config import CPU, Checked, DataConfig, ModelConfig, TrainConfig, setting
from charrnn.data.corpus import CorpusFacts
from charrnn.data.vocab import Vocab
from charrnn.models.device import settings_restored
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.runs.root import Root
from charrnn.runs.schemas import SCHEMAS, Schema
from charrnn.tasks.registry import TASKS
from charrnn.tasks.task import Plan, SourceNames, ValidationSize
from charrnn.training.budget import Budget
from charrnn.training.callbacks.callback import Callback
from charrnn.training.handover import RemoteRun
from charrnn.training.loop import TrainingState, train
from charrnn.training.setup.request import Request, ResumeRequest
from charrnn.training.setup.resume import resume_run
from charrnn.training.setup.session import Session
from charrnn.training.setup.start import start_run
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


@dataclass(frozen=True)
class ClassifierConfig(Checked):
    has_bias: bool = setting(True)


SCHEMA = Schema(
    needs="0.6", learned="points", symbol="point", command="charrnn place",
    model=ClassifierConfig, data=DataConfig,
    vocabs={}, corpora={"points": CorpusFacts},
    metrics=("error_rate", "loss"),
    weights=lambda model, vocabs, constants: {"weight": (NUM_LABELS, 2), "bias": (NUM_LABELS,)},
)  # fmt: skip


@dataclass(frozen=True)
class PointsFile:
    """A corpus: lines of two coordinates and a label."""

    points: Points
    corpora: dict[str, CorpusFacts]
    vocabs: dict = field(default_factory=dict)

    @classmethod
    def read(cls, names):
        data = Path(names[0]).read_bytes()
        rows = np.array([line.split() for line in data.decode().splitlines()])
        points = Points(rows[:, :2].astype(np.float32), rows[:, 2].astype(np.int64))
        facts = CorpusFacts(names, hashlib.sha256(data).hexdigest(), len(rows))
        return cls(points, {"points": facts})

    def release(self):
        pass


class Classification:
    """A task with nothing to carry from batch to batch."""

    name, unit = "classify_points", "examples"
    schema = SCHEMA
    validation_size = ValidationSize("max_val_chars", "point", at_least=10, tried=(20, 50))

    def read(self, sources, config, *, vocabs, root, reporter):
        return PointsFile.read(sources.names)

    def split(self, corpus, config, *, seed):
        return corpus.points

    def summary(self, corpus, dataset):
        return f"{len(dataset.labels_N)} points"

    def show_notes(self, corpus, dataset, reporter):
        pass

    def constants(self, dataset, settings):
        return {}

    def plan(self, settings, dataset, vocabs, constants, *, resources):
        train = TrainConfig.among({"batch_size": 8, "optimizer": "adamw", **settings})
        return Plan(ClassifierConfig.among(settings), train, "as always", multiply_adds=1.0)

    def dataset(self, header, *, keep_corpus, reporter):
        return PointsFile.read(header.corpora["points"].names).points

    def build(self, model, vocabs, constants, *, seed):
        module = Classifier()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            module.weight.normal_(generator=generator)
            module.bias.zero_()
        return module

    def initialise(self, module, dataset, config):
        pass

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


@pytest.fixture
def request_of_task(tmp_path, monkeypatch):
    """A request for a run of the task above, which is registered by its two lines."""
    monkeypatch.setitem(TASKS, Classification.name, Classification())
    monkeypatch.setitem(SCHEMAS, Classification.name, SCHEMA)
    points = Points.drawn(300)
    rows = zip(points.xy_ND, points.labels_N, strict=True)
    lines = [f"{x} {y} {label}\n" for (x, y), label in rows]
    (tmp_path / "points.txt").write_text("".join(lines))
    return Request(
        SourceNames((str(tmp_path / "points.txt"),)),
        Root(tmp_path / "runs"),
        {"dropout": 0.2, "eval_every": 10, "threads": 1},
        Budget(steps=40),
        task=Classification.name,
    )


def test_another_task_is_set_up_trained_and_resumed(request_of_task):
    with settings_restored():
        whole = start_run(request_of_task, Session())
        assert len(list(whole.steps())) == 40
        half = start_run(request_of_task, Session())
        steps = half.steps()
        assert [next(steps).step for _ in range(17)][-1] == 17
        steps.close()
        resumed = resume_run(ResumeRequest(half.run), Session())
        assert [report.step for report in resumed.steps()] == list(range(18, 41))
    (first, _), (second, _) = whole.run.newest_valid(), half.run.newest_valid()
    assert (whole.run.name, half.run.name) == ("points", "points-2")
    assert first.weights_sha256() == second.weights_sha256()
    assert first.metrics == second.metrics
    assert first.metrics["val_error_rate"] < 0.5


def test_another_task_keeps_to_its_minutes(request_of_task):
    with settings_restored():
        began = time.monotonic()
        request = dataclasses.replace(request_of_task, budget=Budget(minutes=0.02))
        trainer = start_run(request, Session(began=began))
        assert len(list(trainer.steps())) == trainer.config.steps > 3
    assert time.monotonic() - began < 10


def test_tasks_are_registered_under_their_names():
    assert all(task.name == name for name, task in TASKS.items())
    assert TASKS.keys() == SCHEMAS.keys()
    assert all(task.schema is SCHEMAS[name] for name, task in TASKS.items())
    assert "language_model" in TASKS
