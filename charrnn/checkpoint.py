"""One file that holds everything a run is: atomic to write, verified when read.

The file is a safetensors file. Its metadata has one entry, `charrnn`, a JSON object with format
number, configurations, vocabulary, corpus and progress; its tensors are `weights.*`, `ngrams.*`,
`optimizer.*` and `state.*`, and last in the file `sha256`, the digest of every byte before it.
docs/checkpoint-format.md tells the whole.

Tensors go in and out as named numpy arrays: this module knows configurations and vocabulary only.
"""

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from charrnn.config import ModelConfig, TrainConfig
from charrnn.errors import CharRNNError, CheckpointError, StorageError
from charrnn.storage import write_atomically
from charrnn.vocab import Vocab

FORMAT = 3
_DIGEST_SIZE = 32
_MAX_HEADER_BYTES = 64 << 20

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class CorpusFacts:
    """What a run learns from, enough to find it again and to know it is the same."""

    names: tuple[str, ...]  # as typed
    encoding: str
    sha256: str
    num_chars: int


@dataclass(frozen=True)
class Progress:
    """How far a run has come. Losses are in nats per character, None where not measured."""

    step: int = 0
    elapsed_seconds: float = 0.0  # of training, over all sittings
    train_loss: float | None = None
    val_loss: float | None = None  # of these weights, state carried over the whole split
    val_loss_reset: float | None = None  # of these weights, state zero every 256 characters


@dataclass(frozen=True)
class Checkpoint:
    """A run at one step."""

    model: ModelConfig
    train: TrainConfig
    vocab: Vocab
    corpus: CorpusFacts
    progress: Progress
    arrays: Arrays = field(default_factory=dict, repr=False)  # empty when only the header was read
    ngram_rows: int = 0  # embeddings besides those of the characters

    def group(self, prefix: str) -> Arrays:
        """The arrays below a prefix ("weights", "optimizer", "state"), named without it."""
        start = prefix + "."
        return {
            name.removeprefix(start): array
            for name, array in self.arrays.items()
            if name.startswith(start)
        }

    def ngram_keys(self) -> tuple[npt.NDArray[np.int64], ...]:
        """The n-grams that have embeddings of their own: see ngrams.py."""
        arrays = self.group("ngrams")
        return tuple(arrays[str(length)] for length in range(2, self.model.ngrams + 1))

    def for_speaking(self) -> "Checkpoint":
        """Without what only resuming needs: a third of the memory."""
        kept = {
            name: array
            for name, array in self.arrays.items()
            if name.startswith(("weights.", "ngrams."))
        }
        return dataclasses.replace(self, arrays=kept)

    @property
    def num_parameters(self) -> int:
        """How many numbers the network learned."""
        return self.model.num_parameters(len(self.vocab), self.ngram_rows)

    def weights_sha256(self) -> str:
        """A fingerprint of the weights alone: names, shapes and values in sorted order."""
        digest = hashlib.sha256()
        for name, array in sorted(self.group("weights").items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in place whole, or leave what was there. Raises `StorageError`."""
    try:
        write_atomically(path, _pieces(checkpoint))
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror}", "the checkpoint before it is intact"
        ) from error


def _pieces(checkpoint: Checkpoint) -> tuple[memoryview, bytes]:
    """The whole file: all that the digest covers, then the digest."""
    facts = {
        "format": FORMAT,
        "model": checkpoint.model.to_json(),
        "train": checkpoint.train.to_json(),
        "vocab": checkpoint.vocab.to_json(),
        "corpus": dataclasses.asdict(checkpoint.corpus),
        "progress": dataclasses.asdict(checkpoint.progress),
    }
    # safetensors lays tensors out by falling alignment, then name: the only one of bytes comes
    # last.
    arrays = {
        name: np.require(array, requirements="C") for name, array in checkpoint.arrays.items()
    }
    assert all(array.dtype.itemsize > 1 for array in arrays.values())
    arrays["sha256"] = np.zeros(_DIGEST_SIZE, np.uint8)
    data = safetensors.numpy.save(arrays, {"charrnn": json.dumps(facts)})
    body = memoryview(data)[:-_DIGEST_SIZE]
    assert not any(data[-_DIGEST_SIZE:])
    return body, hashlib.sha256(body).digest()


def read(path: Path) -> Checkpoint:
    """Everything in a checkpoint, after checking that every byte of it is as it was written.

    Raises `CheckpointError` for a file that is missing, damaged, newer than this program, or not
    a checkpoint; nothing in it is ever run.
    """
    with _opened(path) as file:
        found = _read_header(file, path)  # first: a hostile size never gets as far as memory
        file.seek(0)  # the same open file: a trainer may put a new one in its place meanwhile
        data = file.read()
    if hashlib.sha256(memoryview(data)[:-_DIGEST_SIZE]).digest() != data[-_DIGEST_SIZE:]:
        raise _damaged(path, "its digest does not match")
    try:
        arrays = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, str(error)) from error
    arrays.pop("sha256", None)
    _require_weights(arrays, found, path)
    return dataclasses.replace(found, arrays=arrays)


def read_header(path: Path) -> Checkpoint:
    """A checkpoint's facts without its arrays and without verifying the digest: quick at any
    size.
    """
    with _opened(path) as file:
        return _read_header(file, path)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, with whatever the disk refuses turned into a `CheckpointError`."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CheckpointError(
            f"cannot read the checkpoint {path}: {error.strerror}", "see: charrnn runs"
        ) from error


def _read_header(file: BinaryIO, path: Path) -> Checkpoint:
    opening = file.read(8)
    size = int.from_bytes(opening, "little")
    if len(opening) < 8 or not 2 <= size <= _MAX_HEADER_BYTES:
        raise _damaged(path, "it does not begin like a safetensors file")
    try:
        header = json.loads(file.read(size))
        facts = json.loads(header["__metadata__"]["charrnn"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _damaged(path, "its header holds no charrnn model") from error
    found = _from_facts(facts, path)
    return dataclasses.replace(found, ngram_rows=_require_shapes(header, found, path))


def _from_facts(facts: Any, path: Path) -> Checkpoint:
    """The typed form of the metadata, every value checked."""
    try:
        if type(facts["format"]) is not int or facts["format"] < 1:
            raise ValueError(f"format {facts['format']!r}")
        if facts["format"] > FORMAT:
            raise CheckpointError(
                f"{path} was written by a newer charrnn: it has format {facts['format']}",
                f"this one knows up to {FORMAT}: update it",
            )
        if facts["format"] == 1:
            facts = _from_format_1(facts)
        if facts["format"] <= 2:
            facts = {**facts, "train": facts["train"] | {"records": "none"}}
        return Checkpoint(
            model=ModelConfig.from_json(facts["model"]),
            train=TrainConfig.from_json(facts["train"]),
            vocab=Vocab.from_json(facts["vocab"]),
            corpus=_checked_corpus(facts["corpus"]),
            progress=_checked_progress(facts["progress"]),
        )
    except CheckpointError:
        raise
    except (CharRNNError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, str(error)) from error


def _from_format_1(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What charrnn 0.1 wrote, in today's words: a plain recurrence, learned with AdamW."""
    model = {"ngrams": 1, "skip": False}
    train = {"optimizer": "adamw", "ngram_min_count": 1, "weight_dropout": 0.0}
    return {
        **facts,
        "model": facts["model"] | model,
        "train": facts["train"] | train | {"test_fraction": 0.0},
    }


def _checked_corpus(values: Any) -> CorpusFacts:
    found = CorpusFacts(**values | {"names": tuple(values["names"])})
    texts = (*found.names, found.encoding, found.sha256)
    if not found.names or not all(isinstance(text, str) for text in texts):
        raise TypeError("its corpus has no name")
    if not re.fullmatch("[0-9a-f]{64}", found.sha256) or type(found.num_chars) is not int:
        raise ValueError("its corpus has no SHA-256 or no length")
    return found


def _checked_progress(values: Any) -> Progress:
    progress = Progress(**values)
    losses = (progress.train_loss, progress.val_loss, progress.val_loss_reset)
    numbers = [progress.elapsed_seconds, *(loss for loss in losses if loss is not None)]
    if type(progress.step) is not int or progress.step < 0:
        raise ValueError(f"step {progress.step!r}")
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ValueError("a figure of its progress is not a number")
    return progress


def _require_shapes(header: Mapping[str, Any], found: Checkpoint, path: Path) -> int:
    """The declared weights are those of the configuration, and no other; before anything is
    allocated. Returns the number of embeddings besides those of the characters.
    """
    shapes = {name: tuple(entry["shape"]) for name, entry in _entries(header, path)}
    keys = {name: shape for name, shape in shapes.items() if name.startswith("ngrams.")}
    lengths = {f"ngrams.{length}" for length in range(2, found.model.ngrams + 1)}
    if keys.keys() != lengths or any(len(shape) != 1 for shape in keys.values()):
        raise _damaged(path, "its n-grams do not fit its configuration")
    ngram_rows: int = sum(shape[0] for shape in keys.values())
    expected = found.model.weight_shapes(len(found.vocab), ngram_rows)
    declared = {
        name.removeprefix("weights."): shape
        for name, shape in shapes.items()
        if name.startswith("weights.")
    }
    if declared != expected:
        name = sorted(set(declared.items()) ^ set(expected.items()))[0][0]
        raise _damaged(path, f"its weights do not fit its configuration ({name})")
    return ngram_rows


def _entries(header: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in header.items():
        if name != "__metadata__":
            shape = entry.get("shape") if isinstance(entry, dict) else None
            if not isinstance(shape, list) or not all(type(size) is int for size in shape):
                raise _damaged(path, f"the entry {name!r} is no tensor")
            yield name, entry


def _require_weights(arrays: Arrays, found: Checkpoint, path: Path) -> None:
    """Weights are float32 and finite; the keys of n-grams rise and end with the sentinel."""
    for name, keys in arrays.items():
        if name.startswith("ngrams.") and not _are_keys(keys):
            raise _damaged(path, f"{name} is not a sorted list of n-grams")
    for name, weight in arrays.items():
        if not name.startswith("weights."):
            continue
        if weight.dtype != np.float32 or not np.isfinite(weight).all():
            raise _damaged(path, f"the weight {name} is not finite float32")


def _are_keys(keys: npt.NDArray[Any]) -> bool:
    return (
        keys.dtype == np.int64
        and len(keys) > 0
        and keys[0] >= 0
        and bool((np.diff(keys) > 0).all())
        and keys[-1] == np.iinfo(np.int64).max
    )


def _damaged(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{path} is not a valid charrnn checkpoint: {reason}", "name another run or checkpoint"
    )
