"""The written-out network (reference.py) laid out for speed, in numpy: one stream, or many side by
side. Tests hold it to the reference for every cell. What differs:

- Streams are columns. A gate is a block of rows then, contiguous for one stream as for many, and a
  step is matrix @ state: a GEMV for one stream, a GEMM for many, by the same lines.
- One tanh serves all gates, since σ(x) = ½ tanh(½ x) + ½: the rows of the sigmoid gates come first
  and are halved beforehand. Each cell's own step of this kind is `CellSpec.advance`.
- What a step reads depends on the last N characters alone, and so do its products with the first
  layer's matrix and the head's. Those of the contexts met last are kept, for all single streams;
  in a batch many share a GEMM.
- A long text is read in chunks: the products with all inputs of a layer are one GEMM.

Shapes: B streams, T time, D what the first layer reads, H hidden, G = gates × H, V vocabulary,
X = G + V, K characters before the current one.
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache, partial
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from charrnn._text import ProgressCallback, ignore_progress
from charrnn.cells import Advance, CellSpec, Columns, FloatArray, Layer, Step, cell_spec
from charrnn.config import ModelConfig
from charrnn.data.vocab import IntArray
from charrnn.models import ngrams
from charrnn.models.reference import State, Weights, initial_state

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

    from charrnn.models.step_backend import Batch

_HALF = np.float32(0.5)
KEPT_BYTES = 20 << 20  # of products, for the contexts met last by any stream
CHUNK_CHARS = 256  # characters of a long text that are read at once


@cache
def blas() -> "ThreadpoolController":
    """Return what limits the threads of BLAS."""
    from threadpoolctl import ThreadpoolController  # a short text need not wait for it

    return ThreadpoolController()


class NumpyBackend:
    """The weights, laid out: made once, shared by all streams. A `step_backend.StepBackend`."""

    is_parallel = True

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config, self.cell = config, cell_spec(config.cell)
        self.ngram_keys = weights.ngram_keys
        self.rows_of = ngrams.Rows(weights.ngram_keys)
        self.embedding_RD = weights.embedding_RD
        self.layers = [laid_out(self.cell, layer) for layer in weights.layers]
        self.head_VH = np.asfortranarray(weights.head_VH[:, : config.hidden_size])
        # What is read meets the first layer's matrix and, past the recurrence, the head's.
        past_VD = weights.head_VH[:, config.hidden_size :]
        if not config.skip:
            past_VD = np.zeros((len(past_VD), config.input_size), np.float32)
        self.from_input_XD = np.asfortranarray(np.vstack([self.layers[0].weight_ih_GD, past_VD]))
        self.bias_X1 = np.vstack([self.layers[0].bias_ih_G1, weights.head_bias_V[:, None]])
        self._kept: OrderedDict[tuple[int, ...], FloatArray] = OrderedDict()
        self._num_kept = max(1, KEPT_BYTES // self.bias_X1.nbytes)
        self._keeping = Lock()

    def stepper(self, start: State | None = None) -> "NumpyStepper":
        """Return a stream in the state `start`; one that has read nothing if None."""
        return NumpyStepper(self, initial_state(self.config, 1) if start is None else start)

    def batch(self, start: State, num_streams: int) -> "Batch":
        """Return so many streams, all in the state `start` of one stream, or each in its own."""
        return NumpyBatch(self, start, num_streams)

    def products(self, rows_BN: IntArray) -> FloatArray:
        """Return the products of the embeddings in some rows with the first layer's matrix and with
        the head's, (X, B).
        """
        read_BD = self.embedding_RD[rows_BN].reshape(len(rows_BN), self.config.input_size)
        products_XB: FloatArray = np.dot(self.from_input_XD, read_BD.T)
        products_XB += self.bias_X1
        return products_XB

    def products_after(self, context: tuple[int, ...]) -> FloatArray:
        """Return the products after the characters of a context, (X, 1), to be read alone. Streams
        in several threads share those that are kept.
        """
        with self._keeping:
            kept_X1 = self._kept.get(context)
            if kept_X1 is not None:
                self._kept.move_to_end(context)
                return kept_X1
        products_X1 = self.products(np.array([self.rows_of(context)]))
        with self._keeping:
            if len(self._kept) >= self._num_kept:
                self._kept.popitem(last=False)  # the one met longest ago
            self._kept[context] = products_X1
        return products_X1


class ColumnLayer(NamedTuple):
    """A layer's weights as a `Recurrence` wants them."""

    weight_ih_GD: FloatArray
    weight_hh_GH: FloatArray
    bias_ih_G1: FloatArray
    bias_hh_G1: FloatArray  # zero, unless the cell has separate biases


def laid_out(cell: CellSpec, layer: Layer) -> ColumnLayer:
    """Return a layer as `advance` wants it: the rows of the sigmoid gates first, and halved."""

    def arranged(weight: FloatArray) -> FloatArray:
        if cell.advance is None:
            return weight
        others = [gate for gate in cell.gates if gate not in cell.sigmoid_gates]
        blocks = dict(zip(cell.gates, np.split(weight, len(cell.gates)), strict=True))
        sigmoid = [blocks[gate] * _HALF for gate in cell.sigmoid_gates]
        return np.concatenate(sigmoid + [blocks[gate] for gate in others])

    weight_ih, weight_hh, bias_ih, bias_hh = map(arranged, layer)
    if cell.advance is not None and not cell.has_separate_biases:
        bias_ih, bias_hh = bias_ih + bias_hh, np.zeros_like(bias_hh)
    return ColumnLayer(
        np.asfortranarray(weight_ih),
        np.asfortranarray(weight_hh),
        bias_ih[:, None],
        bias_hh[:, None],
    )


class Recurrence(Columns):
    """One layer's state and the room for its next step; each stream is a column."""

    def __init__(self, cell: CellSpec, layer: ColumnLayer, state: Sequence[FloatArray]) -> None:
        H, B = state[0].shape
        self.state = [np.array(part_HB, np.float32, order="C") for part_HB in state]
        self.h_HB = self.state[0]
        self.weight_hh_GH, self.bias_hh_G1 = layer.weight_hh_GH, layer.bias_hh_G1
        self.gates_GB = np.empty((len(self.weight_hh_GH), B), np.float32)
        self.gates = [self.gates_GB[g : g + H] for g in range(0, len(self.gates_GB), H)]
        self.sigmoid_GB = self.gates_GB[: len(cell.sigmoid_gates) * H]
        self.advance = partial(cell.advance or _written_out(cell.step), self)

    def compute_gates(self, from_input_GB: FloatArray) -> None:
        """Compute tanh of the sum of the products with input and state, and σ for some gates."""
        gates, sigmoid = self.gates_GB, self.sigmoid_GB
        np.dot(self.weight_hh_GH, self.h_HB, gates)
        gates += from_input_GB
        np.tanh(gates, gates)
        sigmoid *= _HALF
        sigmoid += _HALF


def _written_out(step: Step) -> Advance:
    """Make the step of a cell that has no fast one from its equations."""

    def advance(columns: Columns, from_input_GB: FloatArray) -> None:
        # The input was multiplied with weight_ih already, and bias_ih was added.
        zeros_G = np.zeros(len(from_input_GB), np.float32)
        layer = Layer(
            _identity(len(zeros_G)), columns.weight_hh_GH, zeros_G, columns.bias_hh_G1[:, 0]
        )
        state = tuple(part_HB.T.copy() for part_HB in columns.state)
        new_state = step(layer, from_input_GB.T, state, np)
        for part_HB, new_BH in zip(columns.state, new_state, strict=True):
            part_HB[...] = new_BH.T

    return advance


@cache
def _identity(size: int) -> FloatArray:
    return np.eye(size, dtype=np.float32)


class _Streams:
    """The states of some streams, and what takes their next step."""

    def __init__(self, backend: NumpyBackend, states: Sequence[Sequence[FloatArray]]) -> None:
        self._backend = backend
        self._layers = [
            Recurrence(backend.cell, layer, state)
            for layer, state in zip(backend.layers, states, strict=True)
        ]
        self._num_gate_rows = len(backend.layers[0].weight_hh_GH)

    def _advance(self, products_XB: FloatArray) -> FloatArray:
        """Return logits_VB, given the products with what was read."""
        backend, layers = self._backend, self._layers
        layers[0].advance(products_XB[: self._num_gate_rows])
        for k, (below, layer) in enumerate(pairwise(layers), start=1):
            from_below_GB = np.dot(backend.layers[k].weight_ih_GD, below.h_HB)
            from_below_GB += backend.layers[k].bias_ih_G1
            layer.advance(from_below_GB)
        logits_VB: FloatArray = np.dot(backend.head_VH, layers[-1].h_HB)
        logits_VB += products_XB[self._num_gate_rows :]
        return logits_VB


class NumpyStepper(_Streams):
    """One stream. A `step_backend.Stepper`."""

    def __init__(self, backend: NumpyBackend, start: State) -> None:
        super().__init__(backend, [[part.T for part in layer] for layer in start.layers])
        self._before: tuple[int, ...] = tuple(start.before_KB[:, 0].tolist())

    def step(self, i: int) -> FloatArray:
        """Read one character; return logits_V for the next one."""
        context = (*self._before, i)
        self._before = context[1:]
        return self._advance(self._backend.products_after(context))[:, 0]

    def read(self, ids_T: IntArray, progress: ProgressCallback = ignore_progress) -> FloatArray:
        """Read a text of at least one character; return logits_V for what follows it.

        It is read in chunks, so one of any length takes the same memory; `progress` is called after
        each.
        """
        for t in range(0, len(ids_T), CHUNK_CHARS):
            h_HT, products_XT = self._through_layers(ids_T[t : t + CHUNK_CHARS])
            progress(min(t + CHUNK_CHARS, len(ids_T)), len(ids_T))
        return self._logits_VT(h_HT, products_XT)[:, -1]

    def read_all(self, ids_T: IntArray) -> FloatArray:
        """Read a text, layer by layer; return logits_VT for what follows each of its characters."""
        return self._logits_VT(*self._through_layers(ids_T))

    def _logits_VT(self, h_HT: FloatArray, products_XT: FloatArray) -> FloatArray:
        """Return the logits after each character, given the last layer's h and the products with
        what was read.
        """
        logits_VT: FloatArray = np.dot(self._backend.head_VH, h_HT)
        logits_VT += products_XT[self._num_gate_rows :]
        return logits_VT

    def _through_layers(self, ids_T: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the last layer's h after each character, (H, T), and the products with what was
        read.

        A long text is read with one thread of BLAS: a step is too small for more, and beside busy
        programs each product would wait for the slowest thread.
        """
        one_thread = (
            blas().limit(limits=1, user_api="blas") if len(ids_T) >= CHUNK_CHARS else nullcontext()
        )
        with one_thread:
            return self._layer_by_layer(ids_T)

    def _layer_by_layer(self, ids_T: IntArray) -> tuple[FloatArray, FloatArray]:
        ids_T = np.asarray(ids_T, np.int64)
        backend, G = self._backend, self._num_gate_rows
        before_K1 = np.array(self._before, np.int64)[:, None]
        rows_TN = ngrams.rows(backend.ngram_keys, ids_T[:, None], before_K1)[:, 0]
        self._before = tuple(ngrams.after(ids_T[:, None], before_K1)[:, 0].tolist())
        products_XT = np.asfortranarray(backend.products(rows_TN))  # it is read by columns
        from_below_GT, h_HT = products_XT[:G], np.empty(0, np.float32)
        for k, layer in enumerate(self._layers):
            if k > 0:
                weights = backend.layers[k]
                from_below_GT = np.dot(weights.weight_ih_GD, h_HT) + weights.bias_ih_G1
                from_below_GT = np.asfortranarray(from_below_GT)
            h_HT = np.empty((backend.config.hidden_size, len(ids_T)), np.float32, order="F")
            for t in range(len(ids_T)):
                layer.advance(from_below_GT[:, t : t + 1])
                h_HT[:, t : t + 1] = layer.h_HB
        return h_HT, products_XT

    def state(self) -> State:
        """Return a copy of the state: (1, H) arrays, as in the reference."""
        layers = tuple(tuple(part.T.copy() for part in layer.state) for layer in self._layers)
        return State(layers, np.array(self._before, np.int64)[:, None])


class NumpyBatch(_Streams):
    """Many streams side by side. A `step_backend.Batch`."""

    def __init__(self, backend: NumpyBackend, start: State, num_streams: int) -> None:
        def of_each(columns: FloatArray) -> FloatArray:
            return np.broadcast_to(columns, (len(columns), num_streams))

        self._start = [[of_each(part.T) for part in layer] for layer in start.layers]
        super().__init__(backend, self._start)
        self._before_start_KB = of_each(start.before_KB)
        self._before_KB = self._before_start_KB.copy()

    def step(self, ids_B: IntArray) -> FloatArray:
        """Read a character on each stream; return logits_VB for the next ones."""
        rows_BN = ngrams.rows(self._backend.ngram_keys, ids_B[None], self._before_KB)[0]
        self._before_KB = ngrams.after(ids_B[None], self._before_KB)
        return self._advance(self._backend.products(rows_BN))

    def restart(self, streams: Sequence[int]) -> None:
        """Put some streams back into the state that the batch began with."""
        for layer, start in zip(self._layers, self._start, strict=True):
            for part_HB, start_HB in zip(layer.state, start, strict=True):
                part_HB[:, streams] = start_HB[:, streams]
        self._before_KB[:, streams] = self._before_start_KB[:, streams]

    def keep(self, streams: Sequence[int]) -> None:
        """Drop all other streams."""
        states = [[part[:, streams] for part in layer.state] for layer in self._layers]
        super().__init__(self._backend, states)
        self._before_KB = self._before_KB[:, streams]
        self._start = [[part_HB[:, streams] for part_HB in layer] for layer in self._start]
        self._before_start_KB = self._before_start_KB[:, streams]

    def state(self) -> State:
        """Return a copy of the state of all streams: (B, H) arrays, as in the reference."""
        layers = tuple(tuple(part.T.copy() for part in layer.state) for layer in self._layers)
        return State(layers, self._before_KB.copy())
