"""One file that holds everything a run is: atomic to write, verified when read.

safetensors_file.py has the bytes: named arrays, a JSON object, a digest. Here is what they mean:
format number, configurations, vocabulary, corpus and progress in the object; `weights.*`,
`ngrams.*`, `optimizer.*` and `state.*` among the arrays. docs/checkpoint-format.md has it all.

Tensors go in and out as named numpy arrays: this module knows configurations and vocabulary only.
"""

import dataclasses
import hashlib
import io
import math
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from charrnn._atomic import write_atomically
from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.data.corpus import CorpusFacts, CorpusReference
from charrnn.data.vocab import Vocab
from charrnn.errors import (
    CharRNNError,
    CheckpointError,
    NewerError,
    UsageError,
    storage_errors,
)
from charrnn.runs import safetensors_file
from charrnn.runs.safetensors_file import Arrays, Header, Shape

FORMAT = 6
NEEDS = "0.5"  # the first charrnn that reads this format
MAX_WEIGHT = 1e9  # a network that has learned anything has none beyond some hundreds
_NO_CORRECTION = {"schedule_step": 0, "schedule_done": 0.0}  # of the schedule
# Up to format 6 settings of the data and of the machine are kept among those of training, and some
# of the data in the corpus.
_DATA_IN_TRAIN = ("records", "val_fraction", "test_fraction", "max_val_chars")
_RUNTIME_IN_TRAIN = ("device", "precision", "threads")
_DATA_IN_CORPUS = ("encoding", "errors", "column")
_METRICS_IN_PROGRESS = ("train_loss", "val_loss", "val_loss_reset")
_KNOWN = ("weights.", "ngrams.", "optimizer.", "state.", "recent_losses")


@dataclass(frozen=True)
class Position:
    """How far a run has come."""

    step: int = 0
    elapsed_seconds: float = 0.0  # of training, since the run began
    rollbacks: int = 0  # returns to an earlier checkpoint after divergence, at half the rate each
    ranks: int = 1  # processes that make the next step together


@dataclass(frozen=True, kw_only=True, repr=False)
class CheckpointHeader:
    """A run at one step, without its arrays: quick to read at any size.

    The types of the configurations, vocabularies and corpora are those of the task; `Any` stands
    for them.
    """

    task: str  # its name in the registry
    model: Any  # ModelConfig, of a language model
    data: Any  # DataConfig, of one text
    train: TrainConfig
    runtime: RuntimeConfig
    vocabs: Mapping[str, Any]  # by what they spell: "text", …
    corpora: Mapping[str, Any]
    position: Position
    metrics: Mapping[str, float] = field(default_factory=dict)  # of these weights: "val_loss", …
    shapes: Mapping[str, Shape] = field(default_factory=dict, compare=False)  # of the arrays
    path: Path | None = field(default=None, compare=False)  # of the file that it was read from

    def __repr__(self) -> str:
        steps = f"step {self.position.step:,} of {self.train.steps:,}"
        return f"{type(self).__name__}({self.model}, {steps})"

    @property
    def vocab(self) -> Vocab:
        """The vocabulary of a task that has one text."""
        vocab: Vocab = self.vocabs["text"]
        return vocab

    @property
    def corpus(self) -> CorpusFacts:
        """The corpus of a task that has one text."""
        corpus: CorpusFacts = self.corpora["text"]
        return corpus

    @property
    def corpus_reference(self) -> CorpusReference:
        """What it takes to read the run's corpus again."""
        return CorpusReference(self.corpus, self.vocab, self.data, self.train.seed, self.path)

    @property
    def num_parameters(self) -> int:
        """How many numbers the network learned."""
        shapes = self.shapes.items()
        return sum(math.prod(shape) for name, shape in shapes if name.startswith("weights."))

    def with_arrays(self, arrays: Arrays) -> "Checkpoint":
        """Return the checkpoint that has these arrays."""
        shapes = {name: array.shape for name, array in arrays.items()}
        return Checkpoint(**_header_fields(self) | {"shapes": shapes}, arrays=arrays)


@dataclass(frozen=True, kw_only=True, repr=False)
class Checkpoint(CheckpointHeader):
    """A run at one step."""

    arrays: Arrays

    @property
    def header(self) -> CheckpointHeader:
        """All but the arrays."""
        return CheckpointHeader(**_header_fields(self))

    def group(self, prefix: str) -> Arrays:
        """Return the arrays below a prefix ("weights", "optimizer", "state"), named without it."""
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

    def without_training_state(self) -> "Checkpoint":
        """Return a copy that has the model alone: a third of the memory."""
        kept = {
            name: array.copy()  # not a part of the whole file
            for name, array in self.arrays.items()
            if name.startswith(("weights.", "ngrams."))
        }
        return self.with_arrays(kept)

    def weights_sha256(self) -> str:
        """Return a digest of the weights alone: names, shapes and values in sorted order."""
        digest = hashlib.sha256()
        for name, array in sorted(self.group("weights").items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def _header_fields(header: CheckpointHeader) -> dict[str, Any]:
    fields = dataclasses.fields(CheckpointHeader)
    return {spec.name: getattr(header, spec.name) for spec in fields}


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in place whole, or leave what was there. Raises `StorageError`."""
    intact = "the checkpoint before it is intact"
    with storage_errors(
        f"cannot write {path}", intact, if_forbidden=f"make the folder writable; {intact}"
    ):
        write_atomically(path, _pieces(checkpoint))


def _pieces(checkpoint: Checkpoint) -> tuple[memoryview, bytes]:
    data = checkpoint.data.to_json()
    facts = {
        "format": FORMAT,
        "needs": NEEDS,
        "model": checkpoint.model.to_json(),
        "train": checkpoint.train.to_json()
        | checkpoint.runtime.to_json()
        | {name: data[name] for name in _DATA_IN_TRAIN},
        "vocab": checkpoint.vocab.to_json(),
        "corpus": dataclasses.asdict(checkpoint.corpus)
        | {name: data[name] for name in _DATA_IN_CORPUS},
        "progress": dataclasses.asdict(checkpoint.position)
        | {name: checkpoint.metrics.get(name) for name in _METRICS_IN_PROGRESS},
    }
    try:
        return safetensors_file.packed(facts, checkpoint.arrays)
    except ValueError as error:
        raise UsageError(
            f"a checkpoint cannot be written: {error}",
            "name a folder rather than each file, or lower --max-vocab",
        ) from error


def read(path: Path) -> Checkpoint:
    """Everything in a checkpoint, after checking that every byte of it is as it was written.

    Raises `CheckpointError` for a file that is missing, damaged, newer than this program, or not
    a checkpoint; nothing in it is ever run.
    """
    with _opened(path) as file:
        return dataclasses.replace(_read(file, path), path=path)


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """The file that `write` would write, for a process that shares no disk with this one."""
    return b"".join(_pieces(checkpoint))


def from_bytes(data: bytes) -> Checkpoint:
    """The inverse of `to_bytes`."""
    return _read(io.BytesIO(data), Path("what came from the first process"))


def _read(file: BinaryIO, path: Path) -> Checkpoint:
    header, layout = _read_facts(file, path)  # first: no hostile size gets as far as memory
    arrays = safetensors_file.read_arrays(file, layout)  # of the same open file
    _require_values(arrays)
    return header.with_arrays(arrays)


def read_header(path: Path) -> CheckpointHeader:
    """Read all but the arrays, without verifying the digest: quick at any size.

    Raises `CheckpointError`, as `read` does.
    """
    with _opened(path) as file:
        return dataclasses.replace(_read_facts(file, path)[0], path=path)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, with whatever the disk refuses or the file lacks turned into a
    `CheckpointError`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it is no file")  # to open a pipe would wait for a writer
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CheckpointError(
            f"cannot read the checkpoint {path}: {error.strerror}", "see: charrnn runs"
        ) from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _read_facts(file: BinaryIO, path: Path) -> tuple[CheckpointHeader, Header]:
    layout = safetensors_file.read_header(file)
    header = _from_facts(layout.facts, path)
    _require_shapes(layout.shapes, header)
    return dataclasses.replace(header, shapes=layout.shapes), layout


def _from_facts(facts: Any, path: Path) -> CheckpointHeader:
    """The typed form of the metadata, every value checked."""
    try:
        if type(facts["format"]) is not int or facts["format"] < 1:
            raise ValueError(f"format {facts['format']!r}")
        if facts["format"] > FORMAT:
            needs = str(facts.get("needs", "a newer one"))[:20]
            raise NewerError(
                f"{path} was written by a newer charrnn: it has format {facts['format']}, this one"
                f" knows up to {FORMAT}",
                f"it needs charrnn {needs}: pip install --upgrade charrnn",
            )
        if facts["format"] == 1:
            facts = _from_format_1(facts)
        if facts["format"] <= 2:
            facts = {**facts, "train": facts["train"] | {"records": "none"}}
        if facts["format"] <= 4:
            facts = {**facts, "train": facts["train"] | {"precision": "float32"}}
        if facts["format"] <= 5:
            facts = {**facts, "train": facts["train"] | _NO_CORRECTION}
        train, corpus, vocab = facts["train"], facts["corpus"], Vocab.from_json(facts["vocab"])
        data = {name: train[name] for name in _DATA_IN_TRAIN}
        data |= {name: corpus[name] for name in _DATA_IN_CORPUS if name in corpus}
        progress = facts["progress"]
        return CheckpointHeader(
            task="language_model",
            model=ModelConfig.from_json(facts["model"]),
            data=DataConfig(**data, is_bytes=vocab.is_bytes),
            train=TrainConfig.from_json(_without(train, _DATA_IN_TRAIN + _RUNTIME_IN_TRAIN)),
            runtime=RuntimeConfig(**{name: train[name] for name in _RUNTIME_IN_TRAIN}),
            vocabs={"text": vocab},
            corpora={"text": _checked_corpus(_without(corpus, _DATA_IN_CORPUS))},
            position=_checked_position(_without(progress, _METRICS_IN_PROGRESS)),
            metrics=_checked_metrics({name: progress.get(name) for name in _METRICS_IN_PROGRESS}),
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


def _without(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _checked_corpus(values: Any) -> CorpusFacts:
    names = {name: tuple(values.get(name, ())) for name in ("names", "val_names")}
    found = CorpusFacts(**values | names)
    texts = (*found.names, *found.val_names, found.sha256, found.files_sha256)
    if not found.names or not all(isinstance(text, str) for text in texts):
        raise TypeError("its corpus has no name")
    if not re.fullmatch("[0-9a-f]{64}", found.sha256) or type(found.num_chars) is not int:
        raise ValueError("its corpus has no SHA-256 or no length")
    return found


def _checked_position(values: Any) -> Position:
    position = Position(**values)
    for count, least in ((position.step, 0), (position.rollbacks, 0), (position.ranks, 1)):
        if type(count) is not int or count < least:
            raise ValueError(f"a count of its position is {count!r}")
    _require_finite(position.elapsed_seconds)
    return position


def _checked_metrics(values: Any) -> dict[str, float]:
    measured = {name: number for name, number in values.items() if number is not None}
    for number in measured.values():
        _require_finite(number)
    return measured


def _require_finite(number: Any) -> None:
    if type(number) not in (int, float) or not math.isfinite(number):
        raise ValueError("a time or a metric is not a finite number")


def _require_shapes(shapes: Mapping[str, Shape], found: CheckpointHeader) -> None:
    """Require the declared weights to be those of the configuration, and no other; this comes
    before anything is allocated.
    """
    for name in shapes:
        if not name.startswith(_KNOWN):
            raise ValueError(f"the array {name!r} is none of a checkpoint's")
    keys = {name: shape for name, shape in shapes.items() if name.startswith("ngrams.")}
    lengths = {f"ngrams.{length}" for length in range(2, found.model.ngrams + 1)}
    if keys.keys() != lengths or any(len(shape) != 1 for shape in keys.values()):
        raise ValueError("its n-grams do not fit its configuration")
    ngram_rows: int = sum(shape[0] for shape in keys.values())
    expected = found.model.weight_shapes(len(found.vocab), ngram_rows)
    declared = {
        name.removeprefix("weights."): shape
        for name, shape in shapes.items()
        if name.startswith("weights.")
    }
    if declared != expected:
        name = sorted(set(declared.items()) ^ set(expected.items()))[0][0]
        raise ValueError(f"its weights do not fit its configuration ({name})")


def _require_values(arrays: Arrays) -> None:
    """Weights are float32, all is finite and no weight absurd; the keys of n-grams rise and end
    with the sentinel.
    """
    for name, array in arrays.items():
        if name.startswith("ngrams.") and not _are_keys(array):
            raise ValueError(f"{name} is not a sorted list of n-grams")
        if name.startswith("weights.") and array.dtype != np.float32:
            raise ValueError(f"{name} is not float32")
        if reason := what_is_wrong_with(name, array):
            raise ValueError(f"{name} {reason}")


def what_is_wrong_with(name: str, array: npt.NDArray[Any]) -> str:
    """Return why an array is invalid (non-finite or too large), or an empty string.

    Weights of at most `MAX_WEIGHT` give finite logits: no product of two of them and no sum over a
    layer comes near 10³⁸, where float32 ends.
    """
    if not np.isfinite(array).all():
        return "is not finite"
    if name.startswith("weights.") and max(array.max(), -array.min()) > MAX_WEIGHT:
        return f"holds a number beyond {MAX_WEIGHT:g}"
    return ""


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
