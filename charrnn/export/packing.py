"""Arrays as text, for a page that has to bring its weights along: base64 of float32, of float16, or
of int8 with a scale for each row.

Shapes: R rows, C columns.
"""

import base64
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import FloatArray
from charrnn.errors import SettingError
from charrnn.models import ngrams
from charrnn.models.ngrams import Keys

WEIGHTS = ("int8", "float16", "float32")
_LARGEST_INT8 = 127


def can_hold(arrays: Iterable[FloatArray], weights: str) -> bool:
    """Whether the numbers of some arrays can be written like that: float16 ends at 65,504."""
    largest = np.float32(np.finfo(np.float16).max)
    return weights != "float16" or all(np.abs(array).max() <= largest for array in arrays)


def packed(array: FloatArray, weights: str) -> dict[str, Any]:
    """Return an array as JSON holds it. Vectors, which are short, keep their 32 bits.

    Raises `SettingError` for numbers that are too large for float16.
    """
    if not can_hold([array], weights):
        raise SettingError(
            f"weights {weights!r} cannot hold {np.abs(array).max():g}, a number of this run",
            "choose float32",
            "weights",
        )
    facts = {"shape": list(array.shape), "format": weights}
    if weights == "int8" and array.ndim == 2:
        whole, scales_R = _whole_numbers(array)
        return {**facts, "data": _base64(whole), "scales": _base64(scales_R)}
    if weights == "float16" and array.ndim == 2:
        return {**facts, "data": _base64(array.astype(np.float16))}
    return {**facts, "format": "float32", "data": _base64(array)}


def rounded(array: FloatArray, weights: str) -> FloatArray:
    """Return what is read back of a packed array, to the bit."""
    if weights == "int8" and array.ndim == 2:
        whole, scales_R = _whole_numbers(array)
        return whole * scales_R[:, None]
    if weights == "float16" and array.ndim == 2:
        return array.astype(np.float16).astype(np.float32)
    return array


def packed_ngrams(keys: Keys) -> dict[str, Any]:
    """Return the keys of n-grams (see models/ngrams.py), a row and an id for each, by length."""
    return {f"ngrams.{length}": _packed_keys(each[:-1]) for length, each in enumerate(keys, 2)}


def _packed_keys(keys: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the keys of n-grams of one length, without the one that ends them."""
    both = dict(zip(("rows", "ids"), ngrams.parts(keys), strict=True))
    return {"size": len(keys) + 1, **{name: _unsigned(numbers) for name, numbers in both.items()}}


def _unsigned(numbers: npt.NDArray[np.int64]) -> dict[str, str]:
    """Return whole numbers in the smallest type that holds them."""
    dtype = np.min_scalar_type(int(numbers.max(initial=0)))
    return {"dtype": dtype.name, "data": _base64(numbers.astype(dtype))}


def _whole_numbers(array_RC: FloatArray) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """Return whole numbers from -127 to 127, and the scale of each row."""
    scales_R = np.abs(array_RC).max(1) / np.float32(_LARGEST_INT8)
    divisors_R1 = np.where(scales_R > 0, scales_R, 1)[:, None]
    return np.rint(array_RC / divisors_R1).astype(np.int8), scales_R


def _base64(array: npt.NDArray[Any]) -> str:
    """Return the bytes of an array, each number with its lowest byte first."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode("ascii")
