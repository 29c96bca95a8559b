import dataclasses
import json

import pytest

from charrnn.cells import CELLS
from charrnn.config import (
    DataConfig,
    ModelConfig,
    PairsConfig,
    RuntimeConfig,
    SampleConfig,
    TrainConfig,
)
from charrnn.errors import UsageError


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(cell="gru", hidden_size=7, num_layers=3),
        TrainConfig(dropout=0.5, steps=12),
        TrainConfig(teachers=("a", "b"), teacher_sha256=("0" * 64, "1" * 64)),
        RuntimeConfig(device="cuda:1", threads=4),
        DataConfig(column="text", records="lines", test_fraction=0.1),
    ],
)
def test_a_configuration_survives_json(config):
    assert type(config).from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("make", "phrase"),
    [
        (
            lambda: ModelConfig(cell="elman"),
            "cell 'elman' is not known; choose one of " + ", ".join(CELLS),
        ),
        (lambda: ModelConfig(hidden_size=0), "hidden_size 0 is out of range"),
        (lambda: ModelConfig(hidden_size=2**31), "hidden_size 2147483648 is out of range"),
        (lambda: ModelConfig(hidden_size=True), "hidden_size cannot be True"),
        (lambda: TrainConfig(learning_rate=float("nan")), "learning_rate nan is out of range"),
        (lambda: TrainConfig(dropout=1.0), "dropout 1.0 is out of range"),
        (lambda: SampleConfig(temperature=-1.0), "temperature -1.0 is out of range"),
        (
            lambda: SampleConfig(final_temperature=101),
            "final_temperature 101 is out of range; it must be from 0.0 to 100.0",
        ),
        (lambda: DataConfig(max_vocab="9"), "max_vocab cannot be '9'; it must be a whole number"),
        (lambda: PairsConfig(target_column="fr"), "target_column was given without source_column"),
        (lambda: PairsConfig(test_fraction=0.9, val_fraction=0.5), "leave nothing to train on"),
        (lambda: DataConfig(errors="ignore"), "errors 'ignore' is not known; choose one of strict"),
        (lambda: SampleConfig(stop=3), "stop cannot be 3"),
        (lambda: TrainConfig(teachers=(3,)), "teachers cannot be (3,"),
    ],
)
def test_an_impossible_value_is_named_by_its_field(make, phrase):
    with pytest.raises(UsageError, match=phrase.replace("(", r"\(")):
        make()


def test_unknown_and_missing_fields_are_refused():
    values = ModelConfig().to_json()
    with pytest.raises(UsageError, match="unknown fields: surprise"):
        ModelConfig.from_json(values | {"surprise": 1})
    del values["cell"]
    with pytest.raises(UsageError, match="cell"):
        ModelConfig.from_json(values)


def test_configurations_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelConfig().hidden_size = 3
