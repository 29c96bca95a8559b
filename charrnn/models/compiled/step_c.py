"""One stream of a language model by step.c, which is compiled when charrnn is installed: faster
than numpy for narrow networks, and equal to it but for rounding. Where there is no compiler
there is no library, and numpy does it (`step_numpy.py`).

Shapes: V vocabulary, T characters, X = gates × H + V (see step_numpy.py), D inputs, K characters
before the current one.
"""

import ctypes
from collections.abc import Iterable
from functools import cache, cached_property
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import FloatArray
from charrnn.config import ModelConfig
from charrnn.models.reference import State, initial_state
from charrnn.models.step_numpy import KEPT_BYTES, NumpyBackend, NumpyStepper

CELLS = ("rnn", "gru", "lstm", "cifg")  # in the order of step.c
# Wider matrices come from beyond the caches of a core, where BLAS reads them faster.
WIDEST = 320
_BLOCK = 64
Floats64 = npt.NDArray[np.float64]


class Network(ctypes.Structure):
    """What `network` is in step.c, field for field."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in (
            "cell", "hidden", "num_layers", "vocab", "num_lengths", "embedding_size",
            "num_gate_rows", "num_rows", "num_kept_at_most",
        )),
        *((name, ctypes.c_void_p) for name in (
            "weight_hh", "weight_ih", "bias_ih", "bias_hh", "head", "from_input", "bias_input",
            "embedding", "ngram_keys", "num_keys", "kept_at", "kept", "num_kept",
        )),
    )  # fmt: skip


class _Stream(ctypes.Structure):
    """What `stream` is in step.c."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("h", "c", "before", "products", "gates"))


class _Draws(ctypes.Structure):
    """What `draws` is in step.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in (
            "logits", "temperatures", "uniforms", "ids", "reached"
        )),
        ("num", ctypes.c_int64), ("unknown_id", ctypes.c_int64),
    )  # fmt: skip


@cache
def library() -> ctypes.PyDLL | None:
    """Return the compiled step.c, or None where it was not compiled."""
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(f"_step{suffix}")
        if path.exists():
            try:
                return ctypes.PyDLL(str(path))
            except OSError:
                return None
    return None


def is_available(config: ModelConfig) -> bool:
    """Whether step.c was compiled, knows the cell, and is faster than numpy at this width."""
    return config.hidden_size <= WIDEST and config.cell in CELLS and library() is not None


class CBackend(NumpyBackend):
    """The weights, laid out for step.c; many streams side by side are numpy's."""

    def stepper(self, start: State | None = None) -> "CStepper":
        """Return a stream in the state `start`; one that has read nothing if None."""
        return CStepper(self, initial_state(self.config, 1) if start is None else start)

    @cached_property
    def laid_out(self) -> "LaidOut":
        """The weights as step.c wants them."""
        return LaidOut(self)


class LaidOut:
    """The weights of a backend in blocks of rows, and the `Network` that points to them."""

    def __init__(self, backend: NumpyBackend) -> None:
        self._arrays: list[npt.NDArray[Any]] = []  # what the network points to
        config, layers = backend.config, backend.layers
        num_gates = len(layers[0].weight_hh_GH)
        self.num_gate_rows = _filled_up(num_gates)
        self.num_logits = _filled_up(len(backend.head_VH))
        num_rows = self.num_gate_rows + self.num_logits

        def both_ends(matrix_XD: FloatArray) -> FloatArray:
            return np.concatenate([_blocks(matrix_XD[:num_gates]), _blocks(matrix_XD[num_gates:])])

        num_embeddings = len(backend.embedding_RD)
        num_kept = min(max(1, KEPT_BYTES // (4 * num_rows)), num_embeddings)
        keys, parts_XD = backend.ngram_keys, np.split(backend.from_input_XD, config.ngrams, 1)
        self.network = Network(
            CELLS.index(config.cell), config.hidden_size, config.num_layers, len(backend.head_VH),
            config.ngrams, config.embedding_size, self.num_gate_rows, num_rows, num_kept,
            weight_hh=self._each(_blocks(layer.weight_hh_GH) for layer in layers),
            weight_ih=self._each(_blocks(layer.weight_ih_GD) for layer in layers),
            bias_ih=self._each(_blocks(layer.bias_ih_G1) for layer in layers),
            bias_hh=self._each(_blocks(layer.bias_hh_G1) for layer in layers),
            head=self._place(_blocks(backend.head_VH)),
            from_input=self._each(map(both_ends, parts_XD)),
            bias_input=self._place(both_ends(backend.bias_X1)),
            embedding=self._place(np.ascontiguousarray(backend.embedding_RD)),
            ngram_keys=self._each(map(np.ascontiguousarray, keys)),
            num_keys=self._place(np.array([*map(len, keys), 0], np.int64)),
            kept_at=self._place(np.full(num_embeddings, -1, np.int32)),
            kept=self._place(np.empty((num_kept, num_rows), np.float32)),
            num_kept=self._place(np.zeros(1, np.int32)),
        )  # fmt: skip

    def _place(self, array: npt.NDArray[Any]) -> int:
        """Keep an array, and return its address."""
        self._arrays.append(array)
        return array.ctypes.data

    def _each(self, arrays: Iterable[npt.NDArray[Any]]) -> int:
        """Keep arrays, and return the address of a list of their addresses."""
        return self._place(np.array([*map(self._place, arrays), 0], np.uintp))


def _filled_up(num_rows: int) -> int:
    return -(-num_rows // _BLOCK) * _BLOCK


def _blocks(matrix: FloatArray) -> FloatArray:
    """Return a matrix in blocks of rows, each stored column by column, as rows of a new one."""
    num_rows, num_columns = matrix.shape
    filled = np.zeros((_filled_up(num_rows), num_columns), np.float32)
    filled[:num_rows] = matrix
    blocks = filled.reshape(-1, _BLOCK, num_columns).transpose(0, 2, 1)
    return np.ascontiguousarray(blocks).reshape(len(filled), num_columns)


class CStepper(NumpyStepper):
    """One stream. A `step_backend.Stepper`; a long text is read by numpy."""

    def __init__(self, backend: CBackend, start: State) -> None:
        self._before_K = np.empty(backend.config.ngrams - 1, np.int64)
        super().__init__(backend, start)
        weights = backend.laid_out
        self._network, self._num_logits = weights.network, weights.num_logits
        states = [[part.ctypes.data for part in layer.state] for layer in self._layers]
        self._h, self._c = (np.array([parts[k] for parts in states], np.uintp) for k in (0, -1))
        self._products = np.empty(weights.network.num_rows, np.float32)
        self._gates = np.empty(weights.num_gate_rows, np.float32)
        arrays = self._h, self._c, self._before_K, self._products, self._gates
        self._stream = _Stream(*(array.ctypes.data for array in arrays))

    @property
    def _before(self) -> tuple[int, ...]:
        return tuple(self._before_K.tolist())

    @_before.setter
    def _before(self, ids: tuple[int, ...]) -> None:
        self._before_K[:] = ids

    def step(self, i: int) -> FloatArray:
        """Read one character; return logits_V for the next one."""
        logits_V = np.empty(self._num_logits, np.float32)
        _call("take_step", self._network, self._stream, ctypes.c_int64(i), logits_V)
        return logits_V[: self._network.vocab]

    def draw(
        self, logits_V: FloatArray, temperatures_T: Floats64, uniforms_T: Floats64,
        *, unknown_id: int = -1,
    ) -> tuple[npt.NDArray[np.int64], FloatArray]:  # fmt: skip
        """Draw characters, each from the logits that the one before leads to, and read them; return
        their ids, and logits_V for the next one.

        A character is what `sampler.choose` picks by a uniform number; `unknown_id` is never drawn.
        """
        num_chars, vocab_size = len(uniforms_T), len(logits_V)
        ids_T, reached_V = np.empty(num_chars, np.int64), np.empty(vocab_size)
        new_logits_V = np.zeros(self._num_logits, np.float32)
        new_logits_V[:vocab_size] = logits_V
        arrays = new_logits_V, temperatures_T, uniforms_T, ids_T, reached_V
        draws = _Draws(*(array.ctypes.data for array in arrays), num_chars, unknown_id)
        _call("draw_characters", self._network, self._stream, draws)
        return ids_T, new_logits_V[:vocab_size]


def _call(function: str, *arguments: Any) -> None:
    """Call a function of the library with structures and arrays by their addresses.

    The interpreter's lock is held: streams in several threads share what is kept of embeddings.
    """
    loaded = library()
    assert loaded is not None
    getattr(loaded, function)(*map(_passed, arguments))


def _passed(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        assert argument.flags.c_contiguous
        return ctypes.c_void_p(argument.ctypes.data)
    return ctypes.byref(argument) if isinstance(argument, ctypes.Structure) else argument
