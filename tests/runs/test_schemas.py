"""A task is one entry: another one is stored in the same format."""

import json
import re
import struct
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest

from charrnn.config import (
    Checked,
    EncoderDecoderConfig,
    InStepConfig,
    PairsConfig,
    RuntimeConfig,
    TaggerConfig,
    TrainConfig,
    setting,
)
from charrnn.data.corpus import CorpusFacts
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.errors import CheckpointError
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.runs.migrations import FORMAT
from charrnn.runs.schemas import SCHEMAS, Schema


@dataclass(frozen=True)
class PairModel(Checked):
    encoder_size: int = setting(3, low=1, high=9)
    decoder_size: int = setting(4, low=1, high=9)
    attention: str = setting("dot", choices=("dot", "none"))


@dataclass(frozen=True)
class PairData(Checked):
    is_reversed: bool = setting(False)


def pair_weights(model, vocabs, constants):
    return {
        "encoder": (len(vocabs["source"]), model.encoder_size),
        "decoder": (len(vocabs["target"]), model.decoder_size),
        "lengths": constants["lengths"],
    }


PAIRS = Schema(
    needs="0.9",
    learned="pairs",
    symbol="symbol",
    command="charrnn translate --run",
    flag="pairs",
    model=PairModel,
    data=PairData,
    vocabs={"source": Vocab, "target": Vocab},
    corpora={"pairs": CorpusFacts},
    metrics=("error_rate", "loss"),
    constants=lambda model: ["lengths"],
    constant_problem=lambda name, array: "" if (array > 0).all() else "is not positive",
    weights=pair_weights,
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(SCHEMAS, "translate_in_test", PAIRS)


def translation() -> Checkpoint:
    header = CheckpointHeader(
        task="translate_in_test",
        model=PairModel(attention="none"),
        data=PairData(is_reversed=True),
        train=TrainConfig(steps=9),
        runtime=RuntimeConfig(threads=2),
        vocabs={"source": Vocab(tuple(b"abc")), "target": Vocab(tuple(b"xyz\n"))},
        corpora={"pairs": CorpusFacts(("pairs.tsv",), "0" * 64, 12)},
        position=Position(step=3),
        metrics={"val_error_rate": 0.25},
    )
    shapes = {"encoder": (3, 3), "decoder": (4, 4), "lengths": (2,)}
    arrays = {f"weights.{name}": np.ones(shape, np.float32) for name, shape in shapes.items()}
    return Checkpoint.of(header, arrays | {"lengths": np.array([1, 2]), "state.0": np.ones(2)})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, translation())
    return path


def test_a_task_with_two_vocabularies_and_a_model_of_its_own_is_stored(path):
    found = checkpoint.read(path)
    assert found.header == translation().header
    assert found.arrays.keys() == translation().arrays.keys()
    assert checkpoint.read_header(path) == found.header
    assert found.num_parameters == 9 + 16 + 2
    assert found.metrics[found.schema.decisive_metric] == 0.25
    data = path.read_bytes()
    stored = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]["charrnn"]
    assert json.loads(stored)["format"] == FORMAT
    assert json.loads(stored)["model"]["attention"] == "none"


def test_its_model_is_used_without_its_training_state(path):
    used = checkpoint.read(path).without_training_state()
    assert used.arrays.keys() == translation().arrays.keys() - {"state.0"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights.encoder": np.ones((3, 2), np.float32)}, "do not fit its configuration .encoder"),
        ({"lengths": np.array([1, 2, 3])}, "do not fit its configuration .lengths"),
        ({"lengths": np.array([1, -2])}, "lengths is not positive"),
        ({"ngrams.2": np.array([1])}, "the array 'ngrams.2' does not belong in a checkpoint"),
    ],
)
def test_unknown_arrays_of_a_task_are_refused(tmp_path, changes, reason):
    path, made = tmp_path / "x", translation()
    checkpoint.write(path, replace(made, arrays=made.arrays | changes))
    with pytest.raises(CheckpointError, match=reason):
        checkpoint.read(path)


def test_a_constant_that_is_missing_is_named(tmp_path):
    path, made = tmp_path / "x", translation()
    del made.arrays["lengths"]
    checkpoint.write(path, made)
    with pytest.raises(CheckpointError, match="its constants do not fit its configuration"):
        checkpoint.read(path)


def test_an_older_charrnn_says_which_version_has_the_task(path, monkeypatch):
    monkeypatch.delitem(SCHEMAS, "translate_in_test")
    with pytest.raises(CheckpointError) as error:
        checkpoint.read(path)
    assert str(error.value) == (
        f"{path} is of the task 'translate_in_test', which this charrnn does not know; it needs"
        " charrnn 0.9: pip install --upgrade charrnn"
    )


FORMAT_PAGE = (Path(__file__).parents[2] / "docs/checkpoint-format.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("schema", [*SCHEMAS.values()])
def test_the_page_of_the_format_names_every_field_of_every_task(schema):
    rows = FORMAT_PAGE[FORMAT_PAGE.index("`model`:") :]
    if schema.learned != "text":
        rows = rows[rows.index("## Pairs") :]
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (.*?) \|", rows, re.M))))
    corpora = {spec.name for kind in schema.corpora.values() for spec in fields(kind)}
    metrics = {f"val_{name}" for name in schema.metrics + schema.final_metrics}
    assert schema.model.names() | schema.data.names() | corpora | metrics <= named


SOURCE, TARGET = Vocab(tuple(b"abc")), SymbolVocab(("k", "t͡s"))


def pairs_checkpoint(data=PairsConfig(target_symbols="spaces"), target=TARGET):
    header = CheckpointHeader(
        task="seq2seq", model=EncoderDecoderConfig(hidden_size=3, embedding_size=2), data=data,
        train=TrainConfig(), runtime=RuntimeConfig(),
        vocabs={"source": SOURCE, "target": target},
        corpora={"pairs": PairFacts(("pairs.tsv",), "0" * 64, 12)}, position=Position(),
    )  # fmt: skip
    shapes = header.model.weight_shapes(len(SOURCE) + 1, len(TARGET) + 1)
    arrays = {f"weights.{name}": np.ones(shape, np.float32) for name, shape in shapes.items()}
    return Checkpoint.of(header, arrays)


def test_pairs_have_vocabularies_of_either_kind(tmp_path):
    checkpoint.write(tmp_path / "x", pairs_checkpoint())
    found = checkpoint.read(tmp_path / "x")
    assert found.header == pairs_checkpoint().header
    assert found.vocabs == {"source": SOURCE, "target": TARGET}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": PairsConfig()}, "target vocabulary and its data differ in what a symbol is"),
        (
            {"data": PairsConfig(target_symbols="spaces", is_bytes=True)},
            "its source vocabulary and",
        ),
        ({"target": SymbolVocab(("k",))}, "its weights do not fit its configuration"),
        ({"target": SymbolVocab(("k", "k"))}, "its vocabulary is not a list of distinct symbols"),
        ({"target": SymbolVocab(("k", "t s"))}, "its vocabulary is not a list of distinct symbols"),
    ],
)
def test_pairs_that_contradict_themselves_are_refused(tmp_path, changes, reason):
    checkpoint.write(tmp_path / "x", pairs_checkpoint(**changes))
    with pytest.raises(CheckpointError, match=reason):
        checkpoint.read(tmp_path / "x")


TAGGER = TaggerConfig(hidden_size=3, embedding_size=2, ngrams=2)
PAIRS_OF_LETTERS = np.array([7, np.iinfo(np.int64).max])


def tag_checkpoint(model=TAGGER, built=None, keys=PAIRS_OF_LETTERS, target=TARGET, **data):
    """The weights are those of `built`, which may be another model."""
    header = CheckpointHeader(
        task="tag", model=model, data=InStepConfig(**{"target_symbols": "spaces", **data}),
        train=TrainConfig(), runtime=RuntimeConfig(),
        vocabs={"source": SOURCE, "target": target},
        corpora={"pairs": PairFacts(("pairs.tsv",), "0" * 64, 12)}, position=Position(),
    )  # fmt: skip
    shapes = (built or model).weight_shapes(len(SOURCE) + 1, len(TARGET), 2)
    arrays = {f"weights.{name}": np.ones(shape, np.float32) for name, shape in shapes.items()}
    return Checkpoint.of(header, {**arrays, "ngrams.2": keys})


@pytest.mark.parametrize("is_causal", [False, True])
def test_a_tagger_is_stored(tmp_path, is_causal):
    made = tag_checkpoint(replace(TAGGER, is_causal=is_causal))
    checkpoint.write(tmp_path / "x", made)
    assert checkpoint.read(tmp_path / "x").header == made.header


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"built": replace(TAGGER, is_causal=True)}, "its weights do not fit its configuration"),
        (
            {"model": replace(TAGGER, is_causal=True), "built": TAGGER},
            "its weights do not fit its configuration",
        ),
        ({"target": SymbolVocab(("k",))}, "its weights do not fit its configuration"),
        ({"target_symbols": "characters"}, "target vocabulary and its data differ in what a symb"),
        ({"keys": PAIRS_OF_LETTERS[::-1].copy()}, "ngrams.2 is not a sorted list of n-grams"),
        ({"keys": PAIRS_OF_LETTERS[1:]}, "its weights do not fit its configuration"),
    ],
)
def test_a_tagger_that_contradicts_itself_is_refused(tmp_path, changes, reason):
    checkpoint.write(tmp_path / "x", tag_checkpoint(**changes))
    with pytest.raises(CheckpointError, match=reason):
        checkpoint.read(tmp_path / "x")
