"""Checkpoints: files that hold all that a run is, atomic to write and verified when read.

Here is what their arrays mean: `weights.*`, the constants of the task, and what only resuming
needs, `optimizer.*`, `state.*` and `recent_losses`. header.py has all the rest, safetensors_file.py
the bytes. docs/checkpoint-format.md describes the whole file.
"""

import dataclasses
import hashlib
import io
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from charrnn._atomic import write_atomically
from charrnn.errors import CharRNNError, CheckpointError, UsageError, storage_errors
from charrnn.runs import safetensors_file
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.safetensors_file import Arrays, FileHeader, Shape

SUFFIX = ".safetensors"  # of a file
MAX_WEIGHT = 1e9  # a network that has learned anything has none beyond some hundreds
_WEIGHTS = "weights."
_TRAINING_STATE = ("optimizer.", "state.", "recent_losses")  # what only resuming needs


@dataclass(frozen=True, kw_only=True, repr=False)
class Checkpoint(CheckpointHeader):
    """A run at one step."""

    arrays: Arrays

    @classmethod
    def of(cls, header: CheckpointHeader, arrays: Arrays) -> "Checkpoint":
        """Return the checkpoint with this header and these arrays."""
        shapes = {name: array.shape for name, array in arrays.items()}
        return cls(**_fields(header) | {"shapes": shapes}, arrays=arrays)

    @property
    def header(self) -> CheckpointHeader:
        """All but the arrays."""
        return CheckpointHeader(**_fields(self))

    def group(self, prefix: str) -> Arrays:
        """Return the arrays below a prefix ("weights", "optimizer", "state"), named without it."""
        start = prefix + "."
        return {
            name.removeprefix(start): array
            for name, array in self.arrays.items()
            if name.startswith(start)
        }

    def without_training_state(self) -> "Checkpoint":
        """Return a copy that has the model alone: a third of the memory."""
        kept = {
            name: array.copy()  # not a part of the whole file
            for name, array in self.arrays.items()
            if not name.startswith(_TRAINING_STATE)
        }
        return Checkpoint.of(self, kept)

    def weights_sha256(self) -> str:
        """Return a digest of the weights alone: names, shapes and values in sorted order."""
        digest = hashlib.sha256()
        for name, array in sorted(self.group("weights").items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def _fields(header: CheckpointHeader) -> dict[str, Any]:
    specs = dataclasses.fields(CheckpointHeader)
    return {spec.name: getattr(header, spec.name) for spec in specs}


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole, or leave what is there as it is. Raises `StorageError`."""
    intact = "the checkpoint before it is intact"
    with storage_errors(
        f"cannot write {path}", intact, if_forbidden=f"make the folder writable; {intact}"
    ):
        write_atomically(path, _body_and_digest(checkpoint))


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """Return the file that `write` would write, for a process that has another disk."""
    return b"".join(_body_and_digest(checkpoint))


def _body_and_digest(checkpoint: Checkpoint) -> tuple[memoryview, bytes]:
    try:
        return safetensors_file.serialized(checkpoint.to_json(), checkpoint.arrays)
    except ValueError as error:
        raise UsageError(
            f"a checkpoint cannot be written: {error}",
            "name a folder rather than each file, or choose a smaller vocabulary",
        ) from error


def read(path: Path) -> Checkpoint:
    """Read a checkpoint, after checking that every byte of it is as it was written.

    Raises `CheckpointError` for a file that is missing, damaged, newer than this program, or not
    a checkpoint; nothing in it is ever run.
    """
    with _opened(path) as file:
        return dataclasses.replace(_read(file, path), path=path)


def read_header(path: Path) -> CheckpointHeader:
    """Read all but the arrays, without verifying the digest: quick at any size.

    Raises `CheckpointError`, as `read` does.
    """
    with _opened(path) as file:
        return dataclasses.replace(_read_header(file, path)[0], path=path)


def from_bytes(data: bytes) -> Checkpoint:
    """Return the checkpoint of which these are `to_bytes`."""
    return _read(io.BytesIO(data), Path("what came from the first process"))


def _read(file: BinaryIO, path: Path) -> Checkpoint:
    header, file_header = _read_header(file, path)  # checks sizes before memory is taken
    arrays = safetensors_file.read_arrays(file, file_header)  # of the file that was opened
    _require_values(arrays, header)
    return Checkpoint.of(header, arrays)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file; turn OSError and ValueError into `CheckpointError`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it is not a regular file")  # to open a pipe would wait for a writer
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CheckpointError(
            f"cannot read the checkpoint {path}: {error.strerror}", "see: charrnn runs"
        ) from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _read_header(file: BinaryIO, path: Path) -> tuple[CheckpointHeader, FileHeader]:
    """Read and check the header; nothing is allocated for the arrays that it declares."""
    file_header = safetensors_file.read_header(file)
    try:
        header = CheckpointHeader.from_json(file_header.facts, path)
    except CheckpointError:
        raise
    except (CharRNNError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, str(error)) from error
    _require_shapes(file_header.shapes, header)
    return dataclasses.replace(header, shapes=file_header.shapes), file_header


def _require_shapes(shapes: Mapping[str, Shape], header: CheckpointHeader) -> None:
    """Require the arrays that the task has with that configuration, and no others."""
    schema, constants = header.schema, {}
    for name in schema.constants(header.model):
        if name not in shapes:
            raise ValueError(f"its constants do not fit its configuration ({name})")
        constants[name] = shapes[name]
    for name in shapes:
        if name not in constants and not name.startswith((_WEIGHTS, *_TRAINING_STATE)):
            raise ValueError(f"the array {name!r} does not belong in a checkpoint")
    expected = schema.weights(header.model, header.vocabs, constants)
    declared = {
        name.removeprefix(_WEIGHTS): shape
        for name, shape in shapes.items()
        if name.startswith(_WEIGHTS)
    }
    if declared != expected:
        name = sorted(set(declared.items()) ^ set(expected.items()))[0][0]
        raise ValueError(f"its weights do not fit its configuration ({name})")


def _require_values(arrays: Arrays, header: CheckpointHeader) -> None:
    """Require weights of float32, numbers that are valid, and the constants of the task."""
    schema = header.schema
    constants = schema.constants(header.model)
    for name, array in arrays.items():
        reason = schema.constant_problem(name, array) if name in constants else ""
        if name.startswith(_WEIGHTS) and array.dtype != np.float32:
            reason = "is not float32"
        if reason := reason or array_problem(name, array):
            raise ValueError(f"{name} {reason}")


def array_problem(name: str, array: npt.NDArray[Any]) -> str:
    """Return why an array is not valid (non-finite or too large), or an empty string.

    Weights of at most `MAX_WEIGHT` give finite logits: no product of two of them and no sum over a
    layer comes near 10³⁸, where float32 ends.
    """
    if not np.isfinite(array).all():
        return "is not finite"
    if name.startswith(_WEIGHTS) and max(array.max(), -array.min()) > MAX_WEIGHT:
        return f"holds a number beyond {MAX_WEIGHT:g}"
    return ""


def _damaged(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{path} is not a valid charrnn checkpoint: {reason}", "name another run or checkpoint"
    )
