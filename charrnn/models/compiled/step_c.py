"""The network by step.c, which is compiled when charrnn is installed: one stream, or many side by
side. Faster than numpy, and equal to it but for rounding. Where there is no compiler there is no
library, and numpy does it (`step_numpy.py`).

Shapes: B streams, T characters, V vocabulary, X = gates × H + V (see step_numpy.py), D inputs, K
characters before the current one.
"""

import ctypes
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charrnn.cells import FloatArray
from charrnn.config import ModelConfig
from charrnn.data.vocab import IntArray
from charrnn.models.reference import State, initial_state
from charrnn.models.step_numpy import KEPT_BYTES, NumpyBackend, NumpyStepper

if TYPE_CHECKING:
    from charrnn.models.step_backend import Batch

CELLS = ("rnn", "gru", "lstm", "cifg")  # in the order of step.c
# Wider matrices come from beyond the caches of a core, where BLAS reads them faster.
WIDEST = 320
BLOCK, GROUP = 64, 48  # as in step.c
Ids = npt.NDArray[np.int64]
Floats64 = npt.NDArray[np.float64]


class Network(ctypes.Structure):
    """What `network` is in step.c, field for field."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in (
            "cell", "hidden", "num_layers", "vocab", "num_lengths", "embedding_size",
            "num_gate_rows", "num_rows",
        )),
        *((name, ctypes.c_void_p) for name in (
            "weight_hh", "weight_ih", "bias_ih", "bias_hh", "head", "from_input", "embedding",
            "first_row", "ngram_keys", "num_keys", "kept_at", "kept", "num_kept",
        )),
        ("num_kept_at_most", ctypes.c_int64),
    )  # fmt: skip


class _Streams(ctypes.Structure):
    """What `streams` is in step.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in (
            "h", "c", "before", "logits", "products", "gates",
            "ids", "temperatures", "uniforms",
        )),
        *((name, ctypes.c_int64) for name in ("num", "num_steps", "unknown_id")),
    )  # fmt: skip


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled step.c, or None where it was not compiled.

    It is called without the interpreter's lock: streams may run in several threads.
    """
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(f"_step{suffix}")
        if path.exists():
            try:
                loaded = ctypes.CDLL(str(path))
            except OSError:
                return None
            return loaded if hasattr(loaded, "run_streams") else None  # else of an older step.c
    return None


def is_available(config: ModelConfig) -> bool:
    """Whether step.c was compiled, knows the cell, and is faster than numpy at this width."""
    return config.hidden_size <= WIDEST and config.cell in CELLS and library() is not None


class CBackend(NumpyBackend):
    """The weights, laid out for step.c."""

    def stepper(self, start: State | None = None) -> NumpyStepper:
        """Return a stream in the state `start`; one that has read nothing if None."""
        return CStepper(self, initial_state(self.config, 1) if start is None else start)

    def batch(self, start: State, num_streams: int) -> "Batch":
        """Return so many streams, all in the state `start` of one stream, or each in its own."""
        return CBatch(self, start, num_streams)

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
        num_gate_rows, self.num_logits = map(_filled_up, (num_gates, len(backend.head_VH)))
        num_rows = num_gate_rows + self.num_logits

        def both_ends(matrix_XD: FloatArray) -> FloatArray:
            return np.concatenate([_blocks(matrix_XD[:num_gates]), _blocks(matrix_XD[num_gates:])])

        num_embeddings = len(backend.embedding_RD)
        num_kept = min(max(1, KEPT_BYTES // (4 * num_rows)), num_embeddings)
        keys, parts_XD = backend.ngram_keys, np.split(backend.from_input_XD, config.ngrams, 1)
        self.network = Network(
            CELLS.index(config.cell), config.hidden_size, config.num_layers, len(backend.head_VH),
            config.ngrams, config.embedding_size, num_gate_rows, num_rows,
            weight_hh=self._each(_blocks(layer.weight_hh_GH) for layer in layers),
            weight_ih=self._each(_blocks(layer.weight_ih_GD) for layer in layers),
            bias_ih=self._each([
                both_ends(backend.bias_X1), *(_blocks(layer.bias_ih_G1) for layer in layers[1:])
            ]),
            bias_hh=self._each(_blocks(layer.bias_hh_G1) for layer in layers),
            head=self._place(_blocks(backend.head_VH)),
            from_input=self._each(map(both_ends, parts_XD)),
            embedding=self._place(np.ascontiguousarray(backend.embedding_RD)),
            first_row=self._place(np.roll(np.cumsum([0, *map(len, keys)], dtype=np.int64), 1)),
            ngram_keys=self._each(map(np.ascontiguousarray, keys)),
            num_keys=self._place(np.array([*map(len, keys), 0], np.int64)),
            kept_at=self._place(np.full(num_embeddings, -1, np.int32)),
            kept=self._place(np.zeros((num_kept, num_rows), np.float32)),
            num_kept=self._place(np.zeros(1, np.int64)), num_kept_at_most=num_kept,
        )  # fmt: skip

    def _place(self, array: npt.NDArray[Any]) -> int:
        """Keep an array, and return its address."""
        self._arrays.append(array)
        return array.ctypes.data

    def _each(self, arrays: Iterable[npt.NDArray[Any]]) -> int:
        """Keep arrays, and return the address of a list of their addresses."""
        return self._place(np.array([*map(self._place, arrays), 0], np.uintp))


def _filled_up(num_rows: int) -> int:
    return -(-num_rows // BLOCK) * BLOCK


def _blocks(matrix: FloatArray) -> FloatArray:
    """Return a matrix in blocks of rows, each stored column by column, as rows of a new one."""
    num_rows, num_columns = matrix.shape
    filled = np.zeros((_filled_up(num_rows), num_columns), np.float32)
    filled[:num_rows] = matrix
    blocks = filled.reshape(-1, BLOCK, num_columns).transpose(0, 2, 1)
    return np.ascontiguousarray(blocks).reshape(len(filled), num_columns)


class _SideBySide:
    """Streams whose states are rows of arrays, which step.c changes in place."""

    def __init__(
        self, weights: LaidOut, states: Iterable[Sequence[FloatArray]], before_BK: Ids
    ) -> None:
        """`states` are the arrays of each layer."""
        network, num_streams = weights.network, len(before_BK)
        states_at = [[part.ctypes.data for part in layer] for layer in states]
        room = [network.num_rows, network.num_gate_rows]
        self._network = network
        self._logits_BV = np.zeros((num_streams, weights.num_logits), np.float32)
        self._arrays: tuple[npt.NDArray[Any], ...] = (  # in the order of `_Streams`
            *(np.array([layer[k] for layer in states_at], np.uintp) for k in (0, -1)),
            before_BK,
            self._logits_BV,
            *(np.empty((min(num_streams, GROUP), size), np.float32) for size in room),
        )
        places = [array.ctypes.data for array in self._arrays]
        self._streams = _Streams(*places, num=num_streams)

    def step(self, ids_B: IntArray) -> FloatArray:
        """Read a character on each stream; return logits_VB for the next ones."""
        self._run(np.array(ids_B, np.int64, ndmin=2))
        return self._logits_VB()

    def draw(
        self, logits_VB: FloatArray, temperatures: npt.ArrayLike, uniforms_TB: Floats64,
        *, unknown_id: int | None = None,
    ) -> tuple[Ids, FloatArray]:  # fmt: skip
        """Draw characters on each stream, each from the logits that the one before leads to, and
        read them; return ids_TB, and logits_VB for the next ones.

        A character is what `sampler.choose` picks by a uniform number; `unknown_id` is never drawn.
        """
        self._logits_BV[:, : len(logits_VB)] = logits_VB.T
        ids_TB, temperatures_TB = np.empty(uniforms_TB.shape, np.int64), np.empty(uniforms_TB.shape)
        temperatures_TB[...] = temperatures
        unknown = -1 if unknown_id is None else unknown_id
        self._run(ids_TB, temperatures_TB, np.ascontiguousarray(uniforms_TB), unknown_id=unknown)
        return ids_TB, self._logits_VB()

    def _run(self, ids_TB: Ids, *drawn_by: Floats64, unknown_id: int = -1) -> None:
        """Read characters, or draw them by temperatures and uniform numbers and read them."""
        at = [array.ctypes.data for array in drawn_by] or [0, 0]  # 0 is NULL
        streams, loaded = self._streams, library()
        streams.ids, (streams.temperatures, streams.uniforms) = ids_TB.ctypes.data, at
        streams.num_steps, streams.unknown_id = len(ids_TB), unknown_id
        assert loaded is not None
        loaded.run_streams(ctypes.byref(self._network), ctypes.byref(streams))

    def _logits_VB(self) -> FloatArray:
        return self._logits_BV[:, : self._network.vocab].T.copy()


class CStepper(NumpyStepper):
    """One stream. A `step_backend.Stepper`; a long text is read by numpy."""

    def __init__(self, backend: CBackend, start: State) -> None:
        self._before_1K = np.empty((1, backend.config.ngrams - 1), np.int64)
        super().__init__(backend, start)
        states = [layer.state for layer in self._layers]  # a single column is a row
        self._stream = _SideBySide(backend.laid_out, states, self._before_1K)

    @property
    def _before(self) -> tuple[int, ...]:
        return tuple(self._before_1K[0].tolist())

    @_before.setter
    def _before(self, ids: tuple[int, ...]) -> None:
        self._before_1K[0] = ids

    def step(self, i: int) -> FloatArray:
        """Read one character; return logits_V for the next one."""
        return self._stream.step(np.array([i]))[:, 0]

    def draw(
        self, logits_V: FloatArray, temperatures: npt.ArrayLike, uniforms_T: Floats64,
        *, unknown_id: int | None = None,
    ) -> tuple[Ids, FloatArray]:  # fmt: skip
        """Draw characters, as many as there are uniform numbers, and read them; return their ids,
        and logits_V for the next one.
        """
        ids_T1, logits_V1 = self._stream.draw(
            logits_V[:, None],
            np.reshape(temperatures, (-1, 1)),
            uniforms_T[:, None],
            unknown_id=unknown_id,
        )
        return ids_T1[:, 0], logits_V1[:, 0]


class CBatch(_SideBySide):
    """Many streams side by side. A `step_backend.Batch`."""

    def __init__(self, backend: CBackend, start: State, num_streams: int) -> None:
        def of_each(part_BH: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.broadcast_to(part_BH, (num_streams, part_BH.shape[1]))

        self._weights = backend.laid_out
        self._start = [tuple(map(of_each, layer)) for layer in start.layers]
        self._before_start_BK = of_each(start.before_KB.T)
        self._begin(self._start, self._before_start_BK)

    def _begin(self, layers: Sequence[Sequence[FloatArray]], before_BK: Ids) -> None:
        self._layers = [[np.array(part, np.float32, order="C") for part in k] for k in layers]
        self._before_BK = np.array(before_BK, np.int64, order="C")
        super().__init__(self._weights, self._layers, self._before_BK)

    def restart(self, streams: Sequence[int]) -> None:
        """Put some streams back into the state that the batch began with."""
        for layer, start in zip(self._layers, self._start, strict=True):
            for part_BH, start_BH in zip(layer, start, strict=True):
                part_BH[streams] = start_BH[streams]
        self._before_BK[streams] = self._before_start_BK[streams]

    def keep(self, streams: Sequence[int]) -> None:
        """Drop all other streams."""
        self._start = [tuple(part_BH[streams] for part_BH in layer) for layer in self._start]
        self._before_start_BK = self._before_start_BK[streams]
        kept = [[part_BH[streams] for part_BH in layer] for layer in self._layers]
        self._begin(kept, self._before_BK[streams])

    def state(self) -> State:
        """Return a copy of the state of all streams: (B, H) arrays, as in the reference."""
        layers = tuple(tuple(part.copy() for part in layer) for layer in self._layers)
        return State(layers, self._before_BK.T.copy())
