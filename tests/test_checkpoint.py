import dataclasses
import hashlib
import json
import os
import pickle
import stat
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from conftest import random_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn import checkpoint
from charrnn.checkpoint import Checkpoint, CorpusFacts, Progress
from charrnn.config import ModelConfig, TrainConfig
from charrnn.errors import CheckpointError, StorageError
from charrnn.vocab import Vocab

GOLDEN = Path(__file__).parent / "data"


def small(cell="lstm", step=3) -> Checkpoint:
    model = ModelConfig(cell=cell, hidden_size=4, embedding_size=3)
    weights, gathered = random_weights(model, 5)
    arrays = {f"weights.{name}": array for name, array in weights.items()}
    arrays |= {f"ngrams.{k}": keys for k, keys in enumerate(gathered.ngram_keys, start=2)}
    arrays |= {"state.0.0": np.ones((2, 4), np.float32), "optimizer.x.step": np.array(3.0)}
    return Checkpoint(
        model=model,
        train=TrainConfig(steps=9),
        vocab=Vocab(tuple(map(ord, "\nabcé"))),
        corpus=CorpusFacts(("poems.txt",), "utf-8", "0" * 64, 1234),
        progress=Progress(step, 1.5, 2.25, 2.5, None),
        arrays=arrays,
        ngram_rows=sum(map(len, gathered.ngram_keys)),
    )


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, small())
    return path


def test_a_checkpoint_survives_the_disk(tmp_path, cell):
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, small(cell))
    found = checkpoint.read(path)
    assert dataclasses.replace(found, arrays={}) == dataclasses.replace(small(cell), arrays={})
    assert found.arrays.keys() == small(cell).arrays.keys()
    for name, array in small(cell).arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        np.testing.assert_array_equal(found.arrays[name], array)
    assert found.weights_sha256() == small(cell).weights_sha256()


def test_any_safetensors_tool_can_open_it(written):
    tensors = safetensors.numpy.load_file(written)
    assert tensors["weights.embedding"].shape == (small().ngram_rows + 5, 3)
    data = written.read_bytes()
    assert tensors["sha256"].tobytes() == hashlib.sha256(data[:-32]).digest() == data[-32:]


def test_the_header_alone_tells_the_facts(written):
    found = checkpoint.read_header(written)
    assert found.progress == small().progress
    assert found.arrays == {}


def test_weights_sha256_is_of_the_weights_alone():
    original, trained = small(), small(step=4)
    assert original.weights_sha256() == trained.weights_sha256()
    trained.arrays["weights.embedding"][0, 0] += 1e-3
    assert original.weights_sha256() != trained.weights_sha256()


def test_every_flipped_bit_of_the_header_and_many_of_the_rest_are_noticed(written):
    data = bytearray(written.read_bytes())
    header_bytes = 8 + struct.unpack("<Q", data[:8])[0]
    random = np.random.default_rng(0)
    places = [*range(header_bytes), *random.integers(header_bytes, len(data), 300).tolist()]
    for place in places:
        bit = 1 << int(random.integers(8))
        data[place] ^= bit
        written.write_bytes(data)
        with pytest.raises(CheckpointError):
            checkpoint.read(written)
        data[place] ^= bit
    written.write_bytes(data)
    checkpoint.read(written)


def test_truncation_anywhere_is_noticed(written):
    data = written.read_bytes()
    for size in {*range(0, len(data), 37), len(data) - 1, 7, 8, 9}:
        written.write_bytes(data[:size])
        with pytest.raises(CheckpointError):
            checkpoint.read(written)


def sealed(tensors, facts) -> bytes:
    """A file with a digest that fits whatever is in it, as a stranger could make one."""
    metadata = None if facts is None else {"charrnn": json.dumps(facts)}
    body = safetensors.numpy.save({**tensors, "sha256": np.zeros(32, np.uint8)}, metadata)[:-32]
    return body + hashlib.sha256(body).digest()


def facts_of(path) -> dict:
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    return json.loads(header["__metadata__"]["charrnn"])


def change(facts, where, value):
    *parents, name = where
    for parent in parents:
        facts = facts[parent]
    facts[name] = value


@pytest.mark.parametrize(
    ("where", "value", "phrase"),
    [
        (("format",), 4, "was written by a newer charrnn: it has format 4"),
        (("format",), "x", "format 'x'"),
        (("format",), 0, "format 0"),
        (("corpus", "names"), [1], "its corpus has no name"),
        (("corpus", "encoding"), None, "its corpus has no name"),
        (("corpus", "sha256"), "../" * 21 + "x", "its corpus has no SHA-256"),
        (("model", "hidden_size"), 2**31, "--hidden-size 2147483648 is out of range"),
        (("model", "hidden_size"), 5000, "its weights do not fit its configuration"),
        (("model", "cell"), "gru", "its weights do not fit its configuration"),
        (("model", "num_layers"), 2, "its weights do not fit its configuration"),
        (("model", "surprise"), 2, "unknown fields: surprise"),
        (("vocab", "code_points"), [1, 1, 2, 3, 4], "not a list of distinct characters"),
        (("vocab", "code_points"), [[]] * 5, "not a list of distinct characters"),
        (("vocab",), None, "not a valid charrnn checkpoint"),
        (("progress", "step"), -1, "step -1"),
        (("progress", "val_loss"), "low", "not a number"),
        (("corpus",), {}, "not a valid charrnn checkpoint"),
        (("train", "batch_size"), 10**9, "--batch-size 1000000000 is out of range"),
    ],
)
def test_a_strangers_facts_are_checked_before_anything_is_allocated(written, where, value, phrase):
    facts = facts_of(written)
    change(facts, where, value)
    written.write_bytes(sealed(small().arrays, facts))
    began = time.monotonic()
    with pytest.raises(CheckpointError, match=phrase):
        checkpoint.read(written)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(written, bad):
    arrays = small().arrays
    arrays["weights.head.bias"][1] = bad
    written.write_bytes(sealed(arrays, facts_of(written)))
    with pytest.raises(CheckpointError, match=r"head\.bias is not finite float32"):
        checkpoint.read(written)


def test_missing_and_extra_weights_are_refused(written):
    facts = facts_of(written)
    arrays = small().arrays
    extra = {**arrays, "weights.more": np.zeros(3, np.float32)}
    missing = {name: array for name, array in arrays.items() if name != "weights.embedding"}
    for tensors in (extra, missing):
        written.write_bytes(sealed(tensors, facts))
        with pytest.raises(CheckpointError, match="do not fit"):
            checkpoint.read(written)


class Canary:
    def __reduce__(self):
        return (os.mkdir, ("unpickled",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        pickle.dumps(Canary()),
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100 << 20) + b"{" * 1000,
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 60_000) + b"[" * 60_000,
        sealed({}, None),
        sealed({}, {}),
        sealed({}, []),
    ],
)
def test_what_is_no_checkpoint_is_refused_and_never_run(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="is not a valid charrnn checkpoint"):
        checkpoint.read(path)
    assert not (tmp_path / "unpickled").exists()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_rubbish_never_crashes_the_reader(tmp_path_factory, rubbish, place):
    path = tmp_path_factory.mktemp("rubbish") / "x.safetensors"
    checkpoint.write(path, small())
    data = path.read_bytes()
    path.write_bytes(data[:place] + rubbish + data[place + len(rubbish) :])
    if path.read_bytes() != data:
        with pytest.raises(CheckpointError):
            checkpoint.read(path)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(CheckpointError, match="No such file"):
        checkpoint.read(tmp_path / "none.safetensors")


def test_a_disk_that_refuses_leaves_the_old_checkpoint(written, monkeypatch):
    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    before = written.read_bytes()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match="No space left on device; the checkpoint before it"):
        checkpoint.write(written, small(step=4))
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir()] == ["last.safetensors"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_file_has_the_mode_that_the_umask_says(tmp_path, mask):
    before = os.umask(mask)
    try:
        checkpoint.write(tmp_path / "a", small())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize(
    ("number", "sha256", "text"),
    [
        (
            1,
            "42c515f575fc34fd0b8c6634e7eab25f4a387c111dea0df36f86ee292e60ed7a",
            "tal  tethee r nasnnd",
        ),
        (
            2,
            "225b5703baf367681eab8fb29b8b565e58733b1227efec20525c13b75689389b",
            "the wheel returns; t",
        ),
        (
            3,
            "225b5703baf367681eab8fb29b8b565e58733b1227efec20525c13b75689389b",
            "the wheel returns; t",
        ),
    ],
)
def test_the_golden_checkpoint_of_each_format_still_loads(number, sha256, text):
    """Each made by the release that brought its format; it must load for ever, and say the same."""
    from charrnn import load

    golden = GOLDEN / f"golden-format-{number}.safetensors"
    assert golden.stat().st_size < 100_000
    found = checkpoint.read(golden)
    assert found.progress.step == 40
    assert found.weights_sha256() == sha256
    assert load(golden).generate(length=20, seed=1) == text


def test_a_run_of_format_1_goes_on_as_the_plain_recurrence_it_was(charrnn, tmp_path):
    text = "the wheel turns and the wheel returns; " * 40  # as tests/data/make_golden.py has it
    (tmp_path / "wheel.txt").write_text(text)
    (tmp_path / "checkpoints/wheel").mkdir(parents=True)
    old = (GOLDEN / "golden-format-1.safetensors").read_bytes()
    (tmp_path / "checkpoints/wheel/last.safetensors").write_bytes(old)
    assert charrnn("resume", "wheel", "--steps", 60).code == 0
    found = checkpoint.read(tmp_path / "checkpoints/wheel/last.safetensors")
    assert (found.progress.step, found.model.ngrams, found.model.skip) == (60, 1, False)
    assert found.train.optimizer == "adamw"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda keys: keys[::-1].copy(), "is not a sorted list of n-grams"),
        (lambda keys: keys - 1, "is not a sorted list of n-grams"),
        (lambda keys: keys.astype(np.float64), "is not a sorted list of n-grams"),
        (lambda keys: keys[1:], "its weights do not fit its configuration"),
    ],
)
def test_ngrams_that_cannot_be_are_refused(tmp_path, spoil, reason):
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
    with pytest.raises(CheckpointError, match="its n-grams do not fit its configuration"):
        checkpoint.read(path)
