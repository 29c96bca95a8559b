"""Named arrays and one JSON object in a file that knows when a byte of it has changed.

The file is a safetensors file. Its metadata has one entry, `charrnn`, a JSON object in a string;
last of its tensors is `sha256`, the digest of every byte before it. docs/checkpoint-format.md tells
the layout. Whatever a file holds, reading it runs nothing, and takes no more memory than the file
itself and a bounded header.

What the arrays and the object mean, checkpoint.py knows. Every complaint is a ValueError.
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


class Place(NamedTuple):
    """Where an array lies: from byte `first` to before byte `end` of the file."""

    dtype: np.dtype[Any]
    shape: Shape
    first: int
    end: int


@dataclass(frozen=True)
class FileHeader:
    """What the opening of a file says of it."""

    facts: Any  # the JSON object, unchecked
    places: Mapping[str, Place]  # of every array but the digest, checked
    size: int  # bytes of the whole file

    @property
    def shapes(self) -> dict[str, Shape]:
        """Every array's shape."""
        return {name: place.shape for name, place in self.places.items()}


def packed(facts: Mapping[str, Any], arrays: Arrays) -> tuple[memoryview, bytes]:
    """The whole file: all that the digest covers, then the digest.

    Raises ValueError where the facts are too long for any reader.
    """
    # safetensors lays tensors out by falling alignment, then name: the only one of bytes comes
    # last.
    whole = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    assert all(array.dtype.itemsize > 1 for array in whole.values())
    whole["sha256"] = np.zeros(_DIGEST_SIZE, np.uint8)
    text = json.dumps(facts, separators=(",", ":"))
    data = safetensors.numpy.save(whole, {_ENTRY: text})
    if int.from_bytes(data[:8], "little") > _MAX_HEADER_BYTES:
        raise ValueError("its facts take more than 2 MiB")
    body = memoryview(data)[:-_DIGEST_SIZE]
    assert not any(data[-_DIGEST_SIZE:])
    return body, hashlib.sha256(body).digest()


def read_header(file: BinaryIO) -> FileHeader:
    """What a file says of itself, read from its start; nothing is allocated for its arrays."""
    opening = file.read(8)
    num_bytes = int.from_bytes(opening, "little")
    if len(opening) < 8 or not 2 <= num_bytes <= _MAX_HEADER_BYTES:
        raise ValueError("it does not begin like a safetensors file")
    try:
        header = _json(file.read(num_bytes).decode())
        facts = _json(header.pop("__metadata__")[_ENTRY])
        places = dict(_places(header, 8 + num_bytes))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error) if isinstance(error, _MisplacedError) else "it holds no charrnn model"
        raise ValueError(f"of its header, {reason}") from error
    digest = places.pop("sha256", None)
    size = max((place.end for place in places.values()), default=8 + num_bytes) + _DIGEST_SIZE
    if digest is None or digest[1:] != ((_DIGEST_SIZE,), size - _DIGEST_SIZE, size):
        raise ValueError("it has no digest at its end")
    return FileHeader(facts, places, size)


def read_arrays(file: BinaryIO, header: FileHeader) -> Arrays:
    """The arrays of the file that this is the header of, once every byte has proved to be as it
    was written. They share one buffer, as large as the file.
    """
    if file.seek(0, os.SEEK_END) != header.size:
        raise ValueError("it is shorter or longer than it says")
    file.seek(0)
    try:
        data = bytearray(header.size)
    except MemoryError as error:
        raise ValueError("it takes more memory than there is") from error
    if file.readinto(data) != header.size:  # type: ignore[attr-defined]
        raise ValueError("it cannot be read to its end")
    if hashlib.sha256(memoryview(data)[:-_DIGEST_SIZE]).digest() != data[-_DIGEST_SIZE:]:
        raise ValueError("its digest does not match")
    return {name: _array(data, place) for name, place in header.places.items()}


def _array(data: bytearray, place: Place) -> npt.NDArray[Any]:
    count = (place.end - place.first) // place.dtype.itemsize
    return np.frombuffer(data, place.dtype, count, place.first).reshape(place.shape)


class _MisplacedError(ValueError):
    """An array of which the header says what cannot be."""


def _places(header: Mapping[str, Any], start: int) -> Iterator[tuple[str, Place]]:
    """Every array's place, in their order in the file; they lie side by side from byte `start`."""
    found = sorted(
        ((name, _place(name, entry, start)) for name, entry in header.items()), key=_ends
    )
    for name, place in found:
        if place.first != start:
            raise _MisplacedError(f"the array {name!r} lies where it cannot")
        start = place.end
        yield name, place


def _ends(named: tuple[str, Place]) -> tuple[int, int]:
    return named[1].first, named[1].end


def _place(name: str, entry: Any, start: int) -> Place:
    try:
        dtype = np.dtype(_TYPES[entry["dtype"]])
        shape, (first, end) = entry["shape"], entry["data_offsets"]
        fits = all(type(size) is int and size >= 0 for size in [*shape, first, end])
        fits = fits and len(shape) <= 8 and end - first == math.prod(shape) * dtype.itemsize
        if not fits or (start + first) % dtype.itemsize:
            raise ValueError
    except (ValueError, LookupError, TypeError) as error:
        raise _MisplacedError(f"the entry {name!r} is no array") from error
    return Place(dtype, tuple(shape), start + first, start + end)


def _json(text: str) -> Any:
    """JSON in which no name stands twice: every reader sees the same."""
    return json.loads(text, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found
