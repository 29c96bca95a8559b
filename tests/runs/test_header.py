"""The header of a checkpoint as JSON."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from test_checkpoint import small

from charrnn.runs.header import CheckpointHeader


def through_json(header):
    return CheckpointHeader.from_json(json.loads(json.dumps(header.to_json())), Path("x"))


def test_a_header_survives_json():
    assert through_json(small().header) == small().header


def test_settings_are_stored_each_with_its_kind():
    stored = small().to_json()
    assert stored["task"] == "language_model"
    assert stored["data"]["max_vocab"] == 8192
    kinds = [stored[kind].keys() for kind in ("model", "data", "train", "runtime")]
    assert sum(map(len, kinds)) == len(set().union(*kinds))


def test_metrics_of_any_name_are_stored_if_they_are_finite():
    metrics = {"val_error_rate": np.float32(0.5), "val_bleu": math.nan, "val_chrf": math.inf}
    header = dataclasses.replace(small().header, metrics=metrics)
    assert through_json(header).metrics == {"val_error_rate": 0.5}


@pytest.mark.parametrize("missing", sorted(small().to_json().keys() - {"needs"}))
def test_every_field_is_required(missing):
    values = small().to_json()
    del values[missing]
    with pytest.raises(KeyError, match=missing):
        CheckpointHeader.from_json(values, Path("x"))
