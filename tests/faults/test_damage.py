"""Damaged, forged and old checkpoints: refused in one line or migrated, and never executed."""

import dataclasses
import hashlib
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import make_golden
import numpy as np
import pytest
import safetensors.numpy
from conftest import ROOT, TRAIN, limits_memory, run_of, same_files, signal_at
from drawn import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from matrix import crash_points, row
from test_checkpoint import small

from charrnn.errors import CheckpointError
from charrnn.generation.model import Model
from charrnn.runs import checkpoint, safetensors_file
from charrnn.runs.migrations import FORMAT

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "last.safetensors"
    checkpoint.write(path, small())
    return path


@row(8)
@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_flipped_bits_in_the_header_and_elsewhere_are_noticed(stride):
    """`stride` 5 flips one or two bits of every byte of the header, 1 flips all of them."""
    data = bytearray(checkpoint.to_bytes(small()))
    end = 8 * end_of_header(data)
    rest = np.random.default_rng(0).integers(end, 8 * len(data), 500).tolist()
    digest = range(8 * (len(data) - 32), 8 * len(data))
    for place in [*range(0, end, stride), *rest, *digest]:
        data[place // 8] ^= 1 << place % 8
        with pytest.raises(CheckpointError):
            read_bytes(data)
        data[place // 8] ^= 1 << place % 8
        crash_points[8] += 1
    read_bytes(data)


def read_bytes(data):
    """Read a checkpoint from memory, which is quick."""
    try:
        return checkpoint.from_bytes(bytes(data))
    except ValueError as error:  # as `read` does, which names the file
        raise CheckpointError(str(error), "") from error


@row(7)
def test_truncation_anywhere_is_noticed(written):
    """At every byte of the header, then every 4 KiB; and at both ends of every array."""
    made = small()
    made.arrays["optimizer.more"] = np.zeros(50_000, np.float32)
    checkpoint.write(written, made)
    data = written.read_bytes()
    header_bytes = 8 + struct.unpack("<Q", data[:8])[0]
    with written.open("rb") as file:
        locations = safetensors_file.read_header(file).locations.values()
    ends = {array.first for array in locations} | {array.end - 1 for array in locations}
    for size in {*range(header_bytes), *range(header_bytes, len(data), 4096), *ends, len(data) - 1}:
        with pytest.raises(CheckpointError):
            read_bytes(data[:size])
        crash_points[7] += 1
    for longer in (data + b"x", data + data):
        with pytest.raises(CheckpointError, match="not the one that its header declares"):
            read_bytes(longer)
    read_bytes(data)


def sealed(tensors, facts) -> bytes:
    """Return a file with any contents and a correct digest, as an attacker could make it."""
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


@row(10)
@row(12)
@pytest.mark.parametrize(
    ("where", "value", "phrase"),
    [
        (("format",), 10, "written by a newer charrnn: it has format 10, this one knows up to 9"),
        (("format",), "x", "format 'x'"),
        (("format",), 0, "format 0"),
        (("task",), "paint", "is of the task 'paint', which this charrnn does not know; it needs"),
        (("task",), [], "not a valid charrnn checkpoint"),
        (("corpora", "text", "names"), [1], "its corpus has no name"),
        (("corpora", "text", "sha256"), "../" * 21 + "x", "its corpus has no SHA-256"),
        (("corpora",), {}, "its corpora are not text"),
        (("data", "encoding"), None, "encoding cannot be None"),
        (("data", "is_bytes"), True, "differ in whether they are bytes"),
        (("model", "hidden_size"), 2**31, "hidden_size 2147483648 is out of range"),
        (("model", "hidden_size"), 5000, "its weights do not fit its configuration"),
        (("model", "cell"), "gru", "its weights do not fit its configuration"),
        (("model", "num_layers"), 2, "its weights do not fit its configuration"),
        (("model", "surprise"), 2, "unknown fields: surprise"),
        (("vocabs", "text", "code_points"), [1, 1, 2, 3, 4], "not a list of distinct characters"),
        (("vocabs", "text", "code_points"), [[]] * 5, "not a list of distinct characters"),
        (("vocabs",), None, "not a valid charrnn checkpoint"),
        (("vocabs", "other"), {}, "its vocabularies are not text"),
        (("position", "step"), -1, "its step cannot be -1"),
        (("position", "rollbacks"), "x", "its rollbacks cannot be 'x'"),
        (("position", "ranks"), 0, "its ranks cannot be 0"),
        (("position", "elapsed_seconds"), 10**400, "not a finite number"),
        (("metrics", "val_loss"), "low", "not a finite number"),
        (("train", "batch_size"), 10**9, "batch_size 1000000000 is out of range"),
        (("train", "ngram_init"), "zeros", "ngram_init"),
        (("train", "teachers"), [3], "teachers cannot be"),
    ],
)
def test_forged_facts_are_refused_at_once(written, where, value, phrase):
    facts = facts_of(written)
    change(facts, where, value)
    written.write_bytes(sealed(small().arrays, facts))
    began = time.process_time()
    with pytest.raises(CheckpointError, match=phrase):
        checkpoint.read(written)
    assert time.process_time() - began < 1


@row(9)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(written, bad):
    arrays = small().arrays
    arrays["weights.head.bias"][1] = bad
    written.write_bytes(sealed(arrays, facts_of(written)))
    with pytest.raises(CheckpointError, match=r"head\.bias is not finite"):
        checkpoint.read(written)


@row(9)
@pytest.mark.parametrize("name", sorted(n for n in small().arrays if n.startswith("weights.")))
@pytest.mark.parametrize("bad", [2e9, -3e38])
def test_weights_with_overflowing_outputs_are_refused(written, name, bad):
    """Such weights are finite, but the logits would not be."""
    arrays = small().arrays
    arrays[name].flat[0] = bad
    written.write_bytes(sealed(arrays, facts_of(written)))
    with pytest.raises(CheckpointError, match=f"{name} holds a number beyond 1e\\+09"):
        checkpoint.read(written)


@row(9)
@pytest.mark.parametrize("temperature", [1e-30, 0.8, 100])
def test_a_model_with_the_largest_allowed_weights_generates(tmp_path, cell, temperature):
    found, random = small(cell), np.random.default_rng(0)
    for name, array in found.arrays.items():
        if name.startswith("weights."):
            array[...] = random.choice([-1, 1], array.shape) * checkpoint.MAX_WEIGHT
    checkpoint.write(tmp_path / "large", found)
    model = Model.of(checkpoint.read(tmp_path / "large").without_training_state())
    assert len(model.generate(length=50, seed=1, temperature=temperature)) == 50
    assert np.isfinite(model.score("abc").nats_per_char)


@row(9)
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


@row(9)
@row(11)
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
def test_a_file_that_is_not_a_checkpoint_is_refused_and_never_run(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="is not a valid charrnn checkpoint"):
        checkpoint.read(path)
    assert not (tmp_path / "unpickled").exists()


ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "I64", "U8", "F64", "BF16", "", 3]),
        "shape": st.lists(st.integers(-1, 9) | st.just(2**63) | st.just(2**31), max_size=3),
        "data_offsets": st.lists(st.integers(-1, 200) | st.just(2**64), max_size=3),
    }
)
NAMES = st.sampled_from(
    [
        "weights.embedding",
        "weights.head.bias",
        "ngrams.2",
        "optimizer.x",
        "state.0.0",
        "sha256",
        "y",
    ]
)


@row(9)
@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, ENTRY | st.none() | st.integers()), st.binary(max_size=300))
def test_no_random_header_passes_the_reader(entries, payload):
    """Entries overlap, are out of range, huge, negative, odd, missing or unknown."""
    facts = header_of_small()["__metadata__"]["charrnn"]
    header = json.dumps({"__metadata__": {"charrnn": facts}, **entries}).encode()
    body = struct.pack("<Q", len(header)) + header + payload
    began = time.process_time()
    with pytest.raises(CheckpointError):
        read_bytes(body + hashlib.sha256(body).digest())
    assert time.process_time() - began < 1
    crash_points[9] += 1


def header_of_small():
    data = checkpoint.to_bytes(small())
    return json.loads(data[8 : end_of_header(data)])


def end_of_header(data):
    return 8 + struct.unpack("<Q", data[:8])[0]


@row(9)
@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.replace('"sha256"', '"state.0.0"', 1),  # a name that stands twice
        lambda header: header.replace('"dtype":"F32"', '"dtype":"F32","dtype":"F32"', 1),
        lambda header: header.replace("weights.head.bias", "voices.head.bias", 1),
        lambda header: header.replace('"F64"', '"F16"', 1),
        lambda header: header.replace("[0,", "[8,", 1),
    ],
)
def test_a_header_with_one_small_mistake_is_refused(change):
    data = checkpoint.to_bytes(small())
    end = end_of_header(data)
    header = data[8:end].decode()
    changed = change(header)
    assert changed != header
    changed = changed.encode()
    changed += b" " * (-len(changed) % 8)  # or it would be refused for where its arrays lie
    with pytest.raises(CheckpointError):
        read_bytes(forged(changed, data[end:-32]))


def forged(header, payload):
    """Return a file with a correct header length and a correct digest."""
    body = struct.pack("<Q", len(header)) + header + payload
    return body + hashlib.sha256(body).digest()


@row(9)
def test_two_arrays_at_one_offset_are_refused():
    """Everything else is correct: the shapes fit the configuration, the size fits the header."""
    data = checkpoint.to_bytes(small())
    header, payload = header_of_small(), data[end_of_header(data) : -32]
    read_bytes(forged(padded(header), payload))
    places = {name: entry for name, entry in header.items() if name.startswith("weights.")}
    (one, other), *_ = (
        (a, b) for a in places for b in places
        if a < b and places[a]["shape"] == places[b]["shape"]
    )  # fmt: skip
    places[one]["data_offsets"] = places[other]["data_offsets"]
    with pytest.raises(CheckpointError, match="overlaps another or leaves a gap"):
        read_bytes(forged(padded(header), payload))


def padded(header):
    text = json.dumps(header).encode()
    return text + b" " * (-len(text) % 8)


@row(9)
def test_a_header_in_another_encoding_is_refused():
    """Other readers accept only UTF-8, but Python's json also accepts UTF-16 and UTF-32."""
    data = checkpoint.to_bytes(small())
    header = json.dumps(header_of_small()).encode("utf-16")
    with pytest.raises(CheckpointError, match="describes no charrnn model"):
        read_bytes(forged(header, data[end_of_header(data) : -32]))


BOMBS = {
    "lists": lambda size: b"[" + b"[]," * (size // 3) + b"[]]",
    "deep": lambda size: b"[" * size,
    "objects": lambda size: b'{"a":[' + b"{}," * (size // 3) + b"{}]}",
    "texts": lambda size: b"[" + b'"a1",' * (size // 5) + b"1]",
    "numbers": lambda size: b"[" + b"999," * (size // 4) + b"1]",
    "a long number": lambda size: b"9" * size,
    "nothing": lambda size: b" " * size,
}
READ = """
import resource, sys, time
from pathlib import Path
from charrnn.errors import CheckpointError
from charrnn.runs import checkpoint
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
path = Path(sys.argv[1])
on_disk = path.stat().st_blocks * 512
resource.setrlimit(resource.RLIMIT_AS, (size + on_disk + (64 << 20),) * 2)
began = time.process_time()
try:
    checkpoint.read(path)
except CheckpointError as error:
    print(f"{time.process_time() - began:.3f} {error}")
"""


@row(9)
@limits_memory
@pytest.mark.parametrize(
    ("bomb", "size"), [*((bomb, 2 << 20) for bomb in BOMBS), ("objects", 100 << 20)]
)
def test_a_header_that_expands_when_parsed_costs_little_time_and_memory(tmp_path, bomb, size):
    """At most one second, and at most 64 MB besides the file: the kernel allows no more.

    A header above the size limit is not parsed at all, so one example of that is enough.
    """
    path = tmp_path / "bomb"
    header = BOMBS[bomb](size - 16)[:size]
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True)
    seconds, _, output = done.stdout.partition(" ")
    assert "is not a valid charrnn checkpoint" in output, done.stderr
    assert float(seconds) < 1
    crash_points[9] += 1


@row(10)
@limits_memory
def test_huge_sizes_are_refused_before_memory_is_allocated(tmp_path):
    """A sparse file of 40 GB, with a header that fits its size."""
    path = tmp_path / "bomb"
    header = header_of_small()
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name[0] != "_")
    huge = {"dtype": "F32", "shape": [10**10], "data_offsets": [0, 4 * 10**10]}
    del header["sha256"]
    for name, entry in header.items():
        if name != "__metadata__":
            entry["data_offsets"] = [4 * 10**10 + place for place in entry["data_offsets"]]
    last = 4 * 10**10 + end
    digest = {"dtype": "U8", "shape": [32], "data_offsets": [last - 32, last]}
    whole = json.dumps({**header, "optimizer.huge": huge, "sha256": digest}).encode()
    whole += b" " * (-len(whole) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(whole)) + whole)
        file.truncate(8 + len(whole) + last)
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True)
    assert "it needs more memory than there is" in done.stdout, done.stderr


@row(24)
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_pipe_or_folder_as_checkpoint_does_not_hang_the_reader(tmp_path, kind):
    path = tmp_path / "last.safetensors"
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    with pytest.raises(CheckpointError, match="it is not a regular file"):
        checkpoint.read(path)


@row(9)
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


FORMATS = range(1, FORMAT + 1)
# SHA-256 of the golden weights; formats 2 to 5 have the weights of one trajectory
WEIGHTS = {
    1: "42c515f575fc34fd0b8c6634e7eab25f4a387c111dea0df36f86ee292e60ed7a",
    **dict.fromkeys(
        range(2, 6), "225b5703baf367681eab8fb29b8b565e58733b1227efec20525c13b75689389b"
    ),
    6: "cf19827f34ecbe9a2a87f988f722606ba300789a1d1a743e26cb923833ba0562",
    7: "4b8167896d3cd327df4f2be25263f526a799bc6e8e125686ce376c84ffa94fcc",
    8: "a7363e5c8844145cb8291c9648e6d63fd02bc6f093531ecf546e92f363e758a5",
    9: "1e2fadaf178c7a34b3a14809d2b64dbbf857b541b57c373ddf14d05946ce5568",
}


@row(12)
@pytest.mark.parametrize("number", FORMATS)
def test_the_golden_checkpoint_of_each_format_still_loads(number):
    """Each was made by the release that introduced its format; it loads and samples as then."""
    from charrnn import load

    golden = GOLDEN / f"golden-format-{number}.safetensors"
    assert golden.stat().st_size < 100_000
    found = checkpoint.read(golden)
    assert found.position.step == 40
    assert found.weights_sha256() == WEIGHTS[number]
    others = {1: "tal  tethee r nasnnd", **dict.fromkeys((8, 9), "wheel returns and th")}
    output = others.get(number, "the wheel returns; t")
    assert load(golden).generate(length=20, seed=1) == output


@row(12)
@pytest.mark.parametrize("number", FORMATS)
def test_a_run_of_each_format_resumes_with_its_settings(charrnn, tmp_path, number):
    run = run_of(tmp_path, "wheel")
    run.folder.mkdir(parents=True)
    run.last.write_bytes((GOLDEN / f"golden-format-{number}.safetensors").read_bytes())
    before = checkpoint.read(run.last)
    make_golden.GOLDEN[""].write()
    assert charrnn("resume", "wheel", "--steps", 60).code == 0
    found = checkpoint.read(run.last)
    assert found.position.step == 60
    assert (found.model, found.vocab, found.corpus) == (before.model, before.vocab, before.corpus)
    assert found.train == dataclasses.replace(before.train, steps=60)
    is_plain = (found.model.ngrams, found.model.skip, found.train.optimizer) == (1, False, "adamw")
    assert is_plain == (number == 1)


ANSWERS = {  # of the other tasks: what a golden checkpoint makes
    "pairs": lambda translator: translator.translate("wheel")[0].text,
    "labels": lambda classifier: classifier.classify("wheel"),
    "given": lambda translator: translator.translate("True", temperature=1, seed=1)[0].text,
    "in-step": lambda tagger: tagger.translate("wheel turn")[0].text,
    "captions": lambda captioner: captioner.caption(drawn("red", "below", 1))[0].text,
}
_CAPTIONS = ("e8ad549dc883408e3deea3cd4de57a31da0ad95b25fb232221c68fc8dcbfbb9a", "rreeeeeoo")
OTHER_TASKS = {  # and what it holds, since the format that has the task
    ("pairs", 7): ("648fc4315b8466acfacc0f2319e0159f8fabb945a3102d221bc8b1df62df7c90", "eeec"),
    ("pairs", 8): ("ec4dc6adf35ec53a30dd3f805f1d1da02be2c4476b1899eeabf55cecf26f7bd6", "eeec"),
    ("labels", 7): (
        "df848288268530d3da9c4bea4d8b260763c9254d70e9639d1d6980f99521ba49",
        pytest.approx({"True": 0.87222, "False": 0.12778}, abs=1e-4),
    ),
    ("labels", 8): (
        "98fba78a72d95a3221486378a69af8513443f5371040aa7fd3121e8937ba4e2e",
        pytest.approx({"True": 0.99647, "False": 0.00353}, abs=1e-4),
    ),
    ("given", 7): ("35579ac9d7eedcc6b39b1ef2a0a45ce33613692a842542cb3d4c88be39bcea1f", "wwcet"),
    ("given", 8): ("524f60282badb84213cab606970d2975de7d0fb852053e93269bdb1aa2299436", "wwcet"),
    ("in-step", 7): (
        "9aa74aa9ec63896cec952c1ebe8aaa537dcb6ebe874fc1acdf1d4b63f1a3e6af", "wheeL euru"
    ),
    ("in-step", 8): (
        "076d9dce4fc0895ce1f32c1d5fab087c0f64530204001641f841c386026816cb", "wheeL eurN"
    ),
    ("captions", 7): _CAPTIONS,
    ("captions", 8): _CAPTIONS,
}  # fmt: skip


@row(12)
@pytest.mark.parametrize("number", range(7, FORMAT + 1))
@pytest.mark.parametrize("kind", ANSWERS)
def test_the_golden_checkpoint_of_each_task_still_loads_and_resumes(
    charrnn, tmp_path, kind, number
):
    from charrnn import load

    sha256, expected = OTHER_TASKS[kind, min(number, 8)]  # 9 has the same weights
    golden = GOLDEN / f"golden-format-{number}-{kind}.safetensors"
    assert golden.stat().st_size < 100_000
    before = checkpoint.read(golden)
    assert before.weights_sha256() == sha256
    assert ANSWERS[kind](load(golden)) == expected
    run, made_of = run_of(tmp_path, "wheel"), make_golden.GOLDEN[f"-{kind}"]
    run.folder.mkdir(parents=True)
    run.last.write_bytes(golden.read_bytes())
    made_of.write()
    assert charrnn("resume", "wheel", "--steps", 60).code == 0
    found = checkpoint.read(run.last)
    assert found.position.step == 60
    assert (found.model, found.vocabs, found.data) == (before.model, before.vocabs, before.data)


@row(7)
def test_the_best_checkpoint_replaces_a_damaged_last_one():
    run = ROOT.create("a", default="x")
    checkpoint.write(run.last, small(step=9))
    checkpoint.write(run.best, small(step=5))
    assert run.newest_valid()[0].position.step == 9
    run.last.write_bytes(run.last.read_bytes()[:-1])
    found, skipped = run.newest_valid()
    assert found.position.step == 5
    assert "last.safetensors is not a valid charrnn checkpoint" in skipped[0].message
    run.best.unlink()
    with pytest.raises(CheckpointError, match=r"last\.safetensors is not a valid"):
        run.newest_valid()


@row(7)
def test_a_run_with_a_damaged_last_checkpoint_resumes_from_the_previous_one(
    charrnn, whole, tmp_path
):
    """The lost step is made again, and the metrics contain no step twice."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 29, signal.SIGTERM)
        charrnn(*TRAIN, "--save-every", 0)
    run = run_of(tmp_path)
    data = run.last.read_bytes()
    run.last.write_bytes(data[:-1])
    resumed = charrnn("resume", "a")
    assert resumed.code == 0
    assert "last.safetensors is not a valid charrnn checkpoint" in resumed.err
    assert "continuing from step 29 instead" in resumed.err
    assert run.last.with_suffix(".damaged").read_bytes() == data[:-1]
    same_files(run, whole)
