"""Named arrays and a JSON object in a file that shows when a byte of it has changed.

It is a safetensors file. Its metadata has one entry, `charrnn`, a JSON object in a string; the last
tensor, `sha256`, is the digest of every byte before it. docs/checkpoint-format.md has the layout.
Reading a file runs nothing that is in it, and takes no more memory than the file itself and a
bounded header.

The checks are our own, for those of safetensors come too late and allow too much: they take the
whole file in memory and copy it, before any size could be compared with a configuration, and accept
a name that occurs twice.

Every problem is a ValueError. checkpoint.py knows what the arrays and the object mean.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import safetensors.numpy

Arrays = dict[str, npt.NDArray[Any]]
Shape = tuple[int, ...]

_ENTRY = "charrnn"
_DIGEST_SIZE = 32
_MAX_HEADER_BYTES = 2 << 20  # JSON of this size takes less than 64 MB, whatever it says
_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "|u1"}


class Location(NamedTuple):
    """Where an array is: from byte `first` up to but not including byte `end` of the file."""

    dtype: np.dtype[Any]
    shape: Shape
    first: int
    end: int


@dataclass(frozen=True)
class FileHeader:
    """What the beginning of a file says about it."""

    facts: Any  # the JSON object, not checked
    locations: Mapping[str, Location]  # of every array but the digest; checked
    size: int  # of the whole file, in bytes

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every array."""
        return {name: location.shape for name, location in self.locations.items()}


def serialized(facts: Mapping[str, Any], arrays: Arrays) -> tuple[memoryview, bytes]:
    """Return the whole file: all that the digest covers, then the digest.

    Raises ValueError if the facts are too long for any reader.
    """
    # safetensors sorts tensors by falling alignment, then by name: the only one of bytes is last
    whole = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    assert all(array.dtype.itemsize > 1 for array in whole.values())
    whole["sha256"] = np.zeros(_DIGEST_SIZE, np.uint8)
    text = json.dumps(facts, separators=(",", ":"))
    data = safetensors.numpy.save(whole, {_ENTRY: text})
    if int.from_bytes(data[:8], "little") > _MAX_HEADER_BYTES:
        raise ValueError("its header is larger than 2 MiB")
    body = memoryview(data)[:-_DIGEST_SIZE]
    assert not any(data[-_DIGEST_SIZE:])
    return body, hashlib.sha256(body).digest()


def read_header(file: BinaryIO) -> FileHeader:
    """Read and check the header of a file; nothing is allocated for its arrays."""
    start = file.read(8)
    num_bytes = int.from_bytes(start, "little")
    if len(start) < 8 or not 2 <= num_bytes <= _MAX_HEADER_BYTES:
        raise ValueError("it is not a safetensors file")
    try:
        header = _json(file.read(num_bytes).decode())
        facts = _json(header.pop("__metadata__")[_ENTRY])
        locations = dict(_locations(header, 8 + num_bytes))
    except _InvalidArrayError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("its header describes no charrnn model") from error
    digest = locations.pop("sha256", None)
    ends = [location.end for location in locations.values()]
    size = max(ends, default=8 + num_bytes) + _DIGEST_SIZE
    if digest is None or digest[1:] != ((_DIGEST_SIZE,), size - _DIGEST_SIZE, size):
        raise ValueError("it has no digest at its end")
    return FileHeader(facts, locations, size)


def read_arrays(file: BinaryIO, header: FileHeader) -> Arrays:
    """Read the arrays of the file with this header, after checking that no byte has changed. They
    share one buffer, as large as the file.
    """
    if file.seek(0, os.SEEK_END) != header.size:
        raise ValueError("its size is not the one that its header declares")
    file.seek(0)
    try:
        data = bytearray(header.size)
    except MemoryError as error:
        raise ValueError("it needs more memory than there is") from error
    if file.readinto(data) != header.size:  # type: ignore[attr-defined]
        raise ValueError("it cannot be read to its end")
    if hashlib.sha256(memoryview(data)[:-_DIGEST_SIZE]).digest() != data[-_DIGEST_SIZE:]:
        raise ValueError("its digest does not match")
    return {name: _array(data, location) for name, location in header.locations.items()}


def _array(data: bytearray, location: Location) -> npt.NDArray[Any]:
    dtype, shape, first, end = location
    return np.frombuffer(data, dtype, (end - first) // dtype.itemsize, first).reshape(shape)


class _InvalidArrayError(ValueError):
    """The header describes an array that cannot be."""


def _locations(header: Mapping[str, Any], start: int) -> Iterator[tuple[str, Location]]:
    """Yield the location of every array, in file order; they must follow each other without gap or
    overlap from byte `start` on.
    """
    locations = {name: _location(name, entry, start) for name, entry in header.items()}
    for name in sorted(locations, key=lambda name: locations[name][2:]):
        location = locations[name]
        if location.first != start:
            raise _InvalidArrayError(f"the array {name!r} overlaps another or leaves a gap")
        start = location.end
        yield name, location


def _location(name: str, entry: Any, start: int) -> Location:
    try:
        dtype = np.dtype(_TYPES[entry["dtype"]])
        shape, (first, end) = entry["shape"], entry["data_offsets"]
        fits = all(type(size) is int and size >= 0 for size in [*shape, first, end])
        fits = fits and len(shape) <= 8 and end - first == math.prod(shape) * dtype.itemsize
        if not fits or (start + first) % dtype.itemsize:
            raise ValueError
    except (ValueError, LookupError, TypeError) as error:
        raise _InvalidArrayError(
            f"the entry {name!r} of its header is not a valid array"
        ) from error
    return Location(dtype, tuple(shape), start + first, start + end)


def _json(text: str) -> Any:
    """Parse JSON in which no name occurs twice, so that every reader sees the same."""
    return json.loads(text, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name occurs twice")
    return values
