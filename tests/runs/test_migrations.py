"""Older formats in the words of the present one."""

import copy
import json
import struct
from pathlib import Path

import pytest

from charrnn.config import DataConfig, RuntimeConfig
from charrnn.runs import checkpoint
from charrnn.runs.migrations import FORMAT, upgraded

GOLDEN = Path(__file__).parents[1] / "golden"


def facts_of(number):
    data = (GOLDEN / f"golden-format-{number}.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    return json.loads(header["__metadata__"]["charrnn"])


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_every_format_says_what_the_present_one_does(number):
    facts = facts_of(number)
    before = copy.deepcopy(facts)
    present = upgraded(facts)
    assert facts == before, "they are not changed in place"
    assert present["format"] == FORMAT
    assert present.keys() | {"needs"} == facts_of(FORMAT).keys()
    for name in ("model", "data", "train", "runtime", "vocabs", "corpora", "position"):
        assert present[name].keys() == facts_of(FORMAT)[name].keys()


@pytest.mark.parametrize("number", range(1, FORMAT))
def test_a_header_of_an_older_format_has_every_setting(number):
    header = checkpoint.read_header(GOLDEN / f"golden-format-{number}.safetensors")
    assert (header.data, header.runtime) == (DataConfig(), RuntimeConfig())
    assert (header.position.step, header.position.ranks) == (40, 1)
    losses = {"train_loss", "val_loss", "val_loss_reset"}
    assert header.metrics.keys() == losses | ({"val_bits_per_char"} if number > 6 else set())
    assert (header.train.schedule_step, header.train.teachers) == (0, ())
    assert header.train.ngram_init == ("random" if number < 8 else "counts")
    assert (header.train.optimizer == "adamw") == (number == 1)
    assert bool(header.corpus.files_sha256) == (number >= 6)


@pytest.mark.parametrize(("points", "max_vocab"), [([97, 98], 8192), ([97, 98, -1], 3)])
def test_a_vocabulary_with_an_unknown_symbol_was_as_large_as_it_may_be(points, max_vocab):
    facts = facts_of(6)
    facts["vocab"]["code_points"] = points
    assert upgraded(facts)["data"]["max_vocab"] == max_vocab


def test_what_was_not_measured_is_left_out():
    facts = facts_of(6)
    facts["progress"]["val_loss_reset"] = None
    assert upgraded(facts)["metrics"].keys() == {"train_loss", "val_loss"}
