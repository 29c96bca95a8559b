import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from conftest import random_weights

from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.data.corpus import CorpusFacts
from charrnn.data.vocab import Vocab
from charrnn.errors import CheckpointError
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position

GOLDEN = Path(__file__).parents[1] / "golden"


def small(cell="lstm", step=3) -> Checkpoint:
    model = ModelConfig(cell=cell, hidden_size=4, embedding_size=3)
    weights, gathered = random_weights(model, 5)
    arrays = {f"weights.{name}": array for name, array in weights.items()}
    arrays |= {f"ngrams.{k}": keys for k, keys in enumerate(gathered.ngram_keys, start=2)}
    arrays |= {"state.0.0": np.ones((2, 4), np.float32), "optimizer.x.step": np.array(3.0)}
    header = CheckpointHeader(
        task="language_model",
        model=model,
        data=DataConfig(encoding="latin-1", errors="skip", max_val_chars=9),
        train=TrainConfig(steps=9),
        runtime=RuntimeConfig(threads=3),
        vocabs={"text": Vocab(tuple(map(ord, "\nabcé")))},
        corpora={"text": CorpusFacts(("poems.txt",), "0" * 64, 1234)},
        position=Position(step, 1.5, ranks=2),
        metrics={"train_loss": 2.25, "val_loss": 2.5},
    )
    return Checkpoint.of(header, arrays)


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, small())
    return path


def test_a_checkpoint_survives_the_disk(tmp_path, cell):
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, small(cell))
    found = checkpoint.read(path)
    assert found.header == small(cell).header
    assert found.arrays.keys() == small(cell).arrays.keys()
    for name, array in small(cell).arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        np.testing.assert_array_equal(found.arrays[name], array)
    assert found.weights_sha256() == small(cell).weights_sha256()


def test_a_checkpoint_survives_the_way_to_another_process():
    found = checkpoint.from_bytes(checkpoint.to_bytes(small()))
    assert found.header == small().header
    assert {name: array.tobytes() for name, array in found.arrays.items()} == {
        name: array.tobytes() for name, array in small().arrays.items()
    }


def test_any_safetensors_tool_can_open_it(written):
    tensors = safetensors.numpy.load_file(written)
    assert tensors["weights.embedding"].shape == small().shapes["weights.embedding"]
    data = written.read_bytes()
    assert tensors["sha256"].tobytes() == hashlib.sha256(data[:-32]).digest() == data[-32:]


def test_the_header_alone_tells_the_facts(written):
    found, made = checkpoint.read_header(written), small()
    assert found == made.header
    rows = sum(len(keys) for keys in made.group("ngrams").values())
    assert found.num_parameters == made.model.num_parameters(len(made.vocab), rows)


def test_weights_sha256_is_of_the_weights_alone():
    original, trained = small(), small(step=4)
    assert original.weights_sha256() == trained.weights_sha256()
    trained.arrays["weights.embedding"][0, 0] += 1e-3
    assert original.weights_sha256() != trained.weights_sha256()


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(CheckpointError, match="No such file"):
        checkpoint.read(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda keys: keys[::-1].copy(), "is not a sorted list of n-grams"),
        (lambda keys: keys - 1, "is not a sorted list of n-grams"),
        (lambda keys: keys.astype(np.float64), "is not a sorted list of n-grams"),
        (lambda keys: keys[1:], "its weights do not fit its configuration"),
    ],
)
def test_invalid_ngrams_are_refused(tmp_path, spoil, reason):
    made = small()
    arrays = made.arrays | {"ngrams.3": spoil(made.arrays["ngrams.3"])}
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, dataclasses.replace(made, arrays=arrays))
    with pytest.raises(CheckpointError, match=reason):
        checkpoint.read(path)


def test_ngrams_must_be_those_of_the_configuration(tmp_path):
    made = small()
    del made.arrays["ngrams.4"]
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, made)
    with pytest.raises(
        CheckpointError, match="its constants do not fit its configuration .ngrams.4."
    ):
        checkpoint.read(path)
